//! `ecr:DescribeImages`

use std::collections::BTreeMap;

use api::{
    Modeled,
    ecr::{
        Error, ImageDetail, ImageIdentifier, ImageStatus, TagStatus,
        describe_images::{DescribeImages, Input, Output},
    },
};
use store::ecr::{ImageRow, RepositoryAddress};

use super::{images, page::Wanted, repository};
use crate::{Cx, Operation};

impl Operation for DescribeImages {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        repository::locate(cx, Self::ACTION, &address).await?;
        let mut tags = tags_by_image(cx, &address).await?;
        let (rows, next_token) = if let Some(ids) = &input.image_ids {
            (named(cx, &address, ids).await?, None)
        } else {
            let page = Wanted::of(input.max_results, input.next_token.as_deref())?;
            let limit = page.limit();
            let mut rows = cx.db.ecr_images(&address, &page.after, limit).await?;
            let next_token = page.cut(&mut rows, |row| row.digest.clone());
            (rows, next_token)
        };
        let wanted = input.filter.and_then(|filter| filter.tag_status);
        let details = rows.into_iter().map(|row| {
            let tags = tags.remove(&row.digest);
            detail(&address, row, tags)
        });
        let details = details.filter(|detail| fits(wanted, detail.image_tags.is_some()));
        Ok(Output {
            image_details: Some(details.collect()),
            next_token,
        })
    }
}

/// The tags of every image that has any.
async fn tags_by_image(
    cx: &mut Cx,
    address: &RepositoryAddress,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tag, digest) in cx.db.ecr_tags(address).await? {
        tags.entry(digest).or_default().push(tag);
    }
    Ok(tags)
}

/// The images of these ids, each once.
async fn named(
    cx: &mut Cx,
    address: &RepositoryAddress,
    ids: &[ImageIdentifier],
) -> Result<Vec<ImageRow>, Error> {
    let mut rows: Vec<ImageRow> = Vec::new();
    for id in ids {
        let found = images::find(cx, address, id).await?;
        let row = found.map_err(|_| not_found(address, id))?;
        if !rows.iter().any(|known| known.digest == row.digest) {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn not_found(address: &RepositoryAddress, id: &ImageIdentifier) -> Error {
    let text = |value: &Option<String>| value.as_deref().unwrap_or("null").to_owned();
    Error::ImageNotFound(format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in the registry with id '{}'",
        text(&id.image_digest),
        text(&id.image_tag),
        address.name,
        address.account
    ))
}

/// Whether a filter lets an image through.
pub(super) fn fits(wanted: Option<TagStatus>, is_tagged: bool) -> bool {
    match wanted {
        None | Some(TagStatus::Any) => true,
        Some(TagStatus::Tagged) => is_tagged,
        Some(TagStatus::Untagged) => !is_tagged,
    }
}

fn detail(address: &RepositoryAddress, row: ImageRow, tags: Option<Vec<String>>) -> ImageDetail {
    ImageDetail {
        registry_id: Some(address.account.to_string()),
        repository_name: Some(address.name.clone()),
        image_digest: Some(row.digest),
        image_tags: tags,
        image_size_in_bytes: Some(row.size),
        image_pushed_at: Some(row.pushed),
        image_scan_status: None,
        image_scan_findings_summary: None,
        image_manifest_media_type: Some(row.media_type),
        artifact_media_type: row.artifact_type,
        last_recorded_pull_time: None,
        subject_manifest_digest: None,
        image_status: Some(ImageStatus::Active),
        last_archived_at: None,
        last_activated_at: None,
    }
}
