//! Images: finding them by tag or digest, and taking them in.

use api::ecr::{Image, ImageFailure, ImageFailureCode, ImageIdentifier};
use store::ecr::{ImageRow, RepositoryAddress, RepositoryRow};
use types::Fault;

use super::{
    manifest::{Manifest, is_digest},
    settings::Settings,
};
use crate::Cx;

/// Why an image is not taken in.
pub(super) enum NotTaken {
    /// The tag is on another image and must stay there.
    TagStays {
        tag: String,
    },
    /// Images that a list names are not there.
    MissingImages(Vec<String>),
    Fault(Fault),
}

impl From<Fault> for NotTaken {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The image that an identifier means, or why there is none.
pub(super) async fn find(
    cx: &mut Cx,
    repository: &RepositoryAddress,
    id: &ImageIdentifier,
) -> Result<Result<ImageRow, ImageFailure>, Fault> {
    use ImageFailureCode as Code;
    let failed = |code, reason: &str| {
        Ok(Err(ImageFailure {
            image_id: Some(id.clone()),
            failure_code: Some(code),
            failure_reason: Some(reason.to_owned()),
        }))
    };
    let digest = match (&id.image_digest, &id.image_tag) {
        (None, None) => {
            return failed(
                Code::MissingDigestAndTag,
                "Invalid request parameters: both tag and digest cannot be null",
            );
        }
        (Some(digest), _) if !is_digest(digest) => {
            return failed(
                Code::InvalidImageDigest,
                "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            );
        }
        (Some(digest), None) => digest.clone(),
        (digest, Some(tag)) => match cx.db.ecr_tag(repository, tag).await? {
            None => return failed(Code::ImageNotFound, "Requested image not found"),
            Some(found) if digest.as_ref().is_some_and(|digest| *digest != found) => {
                return failed(
                    Code::ImageTagDoesNotMatchDigest,
                    "Requested image tag does not match the requested digest",
                );
            }
            Some(found) => found,
        },
    };
    match cx.db.ecr_image(repository, &digest).await? {
        Some(image) => Ok(Ok(image)),
        None => failed(Code::ImageNotFound, "Requested image not found"),
    }
}

/// Saves an image under its tag, if it has one. Its layers are there already.
pub(super) async fn take(
    cx: &mut Cx,
    repository: &RepositoryRow,
    manifest: &Manifest,
    text: &str,
    tag: Option<&str>,
) -> Result<(), NotTaken> {
    let address = &repository.address;
    if let Some(tag) = tag {
        let known = cx.db.ecr_tag(address, tag).await?;
        let moves = known.is_some_and(|known| known != manifest.digest);
        if moves && !Settings::read(&repository.settings)?.may_move(tag) {
            let tag = tag.to_owned();
            return Err(NotTaken::TagStays { tag });
        }
    }
    let mut missing = Vec::new();
    for image in &manifest.images {
        if cx.db.ecr_image(address, image).await?.is_none() {
            missing.push(image.clone());
        }
    }
    if !missing.is_empty() {
        return Err(NotTaken::MissingImages(missing));
    }
    let row = ImageRow {
        digest: manifest.digest.clone(),
        media_type: manifest.media_type.clone(),
        artifact_type: manifest.artifact_type.clone(),
        manifest: text.to_owned(),
        size: manifest.size,
        pushed: cx.now(),
    };
    cx.db
        .insert_ecr_image(address, &row, &manifest.layers)
        .await?;
    if let Some(tag) = tag {
        cx.db.put_ecr_tag(address, tag, &manifest.digest).await?;
    }
    Ok(())
}

/// How answers show an image with its manifest.
pub(super) fn shown(repository: &RepositoryAddress, row: ImageRow, tag: Option<String>) -> Image {
    Image {
        registry_id: Some(repository.account.to_string()),
        repository_name: Some(repository.name.clone()),
        image_id: Some(ImageIdentifier {
            image_digest: Some(row.digest),
            image_tag: tag,
        }),
        image_manifest: Some(row.manifest),
        image_manifest_media_type: Some(row.media_type),
    }
}

/// The text for a tag that must stay where it is.
pub(super) fn tag_stays(repository: &RepositoryAddress, tag: &str) -> String {
    format!(
        "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
        repository.name
    )
}

/// The text for images that a list names and that are not there.
pub(super) fn missing_images(repository: &RepositoryAddress, missing: &[String]) -> String {
    format!(
        "Images with digests '{}' required for pushing image into repository with name '{}' in the registry with id '{}' do not exist",
        missing.join(", "),
        repository.name,
        repository.account
    )
}
