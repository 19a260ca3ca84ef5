//! `ecr:PutImage`

use api::{
    Modeled,
    ecr::{
        Error,
        put_image::{Input, Output, PutImage},
    },
};
use store::ecr::RepositoryAddress;

use super::{
    images::{self, NotTaken},
    manifest::{Manifest, is_tag},
    repository,
};
use crate::{Cx, Operation};

impl Operation for PutImage {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let row = repository::locate(cx, Self::ACTION, &address).await?;
        let text = input.image_manifest;
        let given = input.image_manifest_media_type.as_deref();
        let manifest = Manifest::parse(&text, given).ok_or_else(|| {
            invalid(
                "imageManifest",
                "Invalid JSON syntax or unsupported media type",
            )
        })?;
        if input
            .image_digest
            .is_some_and(|digest| digest != manifest.digest)
        {
            return Err(Error::ImageDigestDoesNotMatch(
                "The imageDigest parameter does not match the digest of the image manifest."
                    .to_owned(),
            ));
        }
        let tag = input.image_tag.as_deref();
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(invalid(
                "imageTag",
                "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'",
            ));
        }
        refuse_known(cx, &address, &manifest, tag).await?;
        refuse_unknown_layers(cx, &address, &manifest).await?;
        match images::take(cx, &row, &manifest, &text, tag).await {
            Ok(()) => {}
            Err(NotTaken::TagStays { tag }) => {
                let text = images::tag_stays(&address, &tag);
                return Err(Error::ImageTagAlreadyExists(text));
            }
            Err(NotTaken::MissingImages(missing)) => {
                let text = images::missing_images(&address, &missing);
                return Err(Error::ReferencedImagesNotFound(text));
            }
            Err(NotTaken::Fault(fault)) => return Err(fault.into()),
        }
        let image = cx.db.ecr_image(&address, &manifest.digest).await?;
        Ok(Output {
            image: image.map(|row| images::shown(&address, row, input.image_tag)),
        })
    }
}

fn invalid(member: &str, why: &str) -> Error {
    Error::InvalidParameter(format!(
        "Invalid parameter at '{member}' failed to satisfy constraint: '{why}'"
    ))
}

/// AWS: the same image under the same tag is an error, not a repetition.
async fn refuse_known(
    cx: &mut Cx,
    address: &RepositoryAddress,
    manifest: &Manifest,
    tag: Option<&str>,
) -> Result<(), Error> {
    let digest = &manifest.digest;
    let (known, what) = if let Some(tag) = tag {
        let known = cx.db.ecr_tag(address, tag).await?.as_ref() == Some(digest);
        (known, format!("digest '{digest}' and tag '{tag}'"))
    } else {
        let known = cx.db.ecr_image(address, digest).await?.is_some();
        (known, format!("digest '{digest}'"))
    };
    if !known {
        return Ok(());
    }
    Err(Error::ImageAlreadyExists(format!(
        "Image with {what} already exists in the repository with name '{}' in registry with id '{}'",
        address.name, address.account
    )))
}

async fn refuse_unknown_layers(
    cx: &mut Cx,
    address: &RepositoryAddress,
    manifest: &Manifest,
) -> Result<(), Error> {
    let mut missing = Vec::new();
    for layer in &manifest.layers {
        if cx.db.ecr_layer(address, &layer.digest).await?.is_none() {
            missing.push(layer.digest.as_str());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::LayersNotFound(format!(
        "Layers with digests '{}' required for pushing image into repository with name '{}' in the registry with id '{}' do not exist",
        missing.join(", "),
        address.name,
        address.account
    )))
}
