//! `ecr:BatchDeleteImage`

use api::{
    Modeled,
    ecr::{
        Error, ImageFailure, ImageFailureCode, ImageIdentifier,
        batch_delete_image::{BatchDeleteImage, Input, Output},
    },
};
use store::ecr::{ImageRow, RepositoryAddress};

use super::{images, manifest::Manifest, repository};
use crate::{Cx, Operation};

impl Operation for BatchDeleteImage {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        repository::locate(cx, Self::ACTION, &address).await?;
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for id in input.image_ids {
            match images::find(cx, &address, &id).await? {
                Err(failure) => failures.push(failure),
                Ok(row) => match delete(cx, &address, &id, &row).await? {
                    Ok(ids) => deleted.extend(ids),
                    Err(failure) => failures.push(failure),
                },
            }
        }
        Ok(Output {
            image_ids: Some(deleted),
            failures: Some(failures),
        })
    }
}

/// A tag goes alone; the image goes with its last tag, or when it is named by its digest.
async fn delete(
    cx: &mut Cx,
    address: &RepositoryAddress,
    id: &ImageIdentifier,
    row: &ImageRow,
) -> Result<Result<Vec<ImageIdentifier>, ImageFailure>, Error> {
    let tags = cx.db.ecr_tags(address).await?;
    let tags: Vec<String> = tags
        .into_iter()
        .filter(|(_, digest)| *digest == row.digest)
        .map(|(tag, _)| tag)
        .collect();
    let with = |tag: Option<String>| ImageIdentifier {
        image_digest: Some(row.digest.clone()),
        image_tag: tag,
    };
    if let Some(tag) = &id.image_tag
        && tags.len() > 1
    {
        cx.db.delete_ecr_tag(address, tag).await?;
        return Ok(Ok(vec![with(Some(tag.clone()))]));
    }
    let lists = lists_with(cx, address, &row.digest).await?;
    if !lists.is_empty() {
        return Ok(Err(ImageFailure {
            image_id: Some(id.clone()),
            failure_code: Some(ImageFailureCode::ImageReferencedByManifestList),
            failure_reason: Some(format!(
                "Requested image referenced by manifest list: [{}]",
                lists.join(", ")
            )),
        }));
    }
    cx.db.delete_ecr_image(address, &row.digest).await?;
    if tags.is_empty() {
        return Ok(Ok(vec![with(None)]));
    }
    Ok(Ok(tags.into_iter().map(|tag| with(Some(tag))).collect()))
}

/// The lists that name this image.
async fn lists_with(
    cx: &mut Cx,
    address: &RepositoryAddress,
    digest: &str,
) -> Result<Vec<String>, Error> {
    let rows = cx.db.ecr_images(address, "", i64::MAX).await?;
    let names_it = |row: &ImageRow| {
        row.manifest.contains(digest)
            && Manifest::parse(&row.manifest, Some(&row.media_type))
                .is_some_and(|manifest| manifest.images.iter().any(|image| image == digest))
    };
    let lists = rows.into_iter().filter(names_it);
    Ok(lists.map(|row| row.digest).collect())
}
