//! `ecr:ListImages`

use std::collections::BTreeSet;

use api::{
    Modeled,
    ecr::{
        Error, ImageIdentifier,
        list_images::{Input, ListImages, Output},
    },
};
use store::ecr::RepositoryAddress;

use super::{describe_images::fits, page::Wanted, repository};
use crate::{Cx, Operation};

/// As many images as a repository has here at most, for reading them all.
const ALL: i64 = i64::MAX;

impl Operation for ListImages {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        repository::locate(cx, Self::ACTION, &address).await?;
        let page = Wanted::of(input.max_results, input.next_token.as_deref())?;
        let wanted = input.filter.and_then(|filter| filter.tag_status);
        let mut entries = entries(cx, &address).await?;
        entries.retain(|(place, id)| *place > page.after && fits(wanted, id.image_tag.is_some()));
        let next_token = page.cut(&mut entries, |(place, _)| place.clone());
        Ok(Output {
            image_ids: Some(entries.into_iter().map(|(_, id)| id).collect()),
            next_token,
        })
    }
}

/// Every tag, and every image without one, in order, each with its place in the list.
async fn entries(
    cx: &mut Cx,
    address: &RepositoryAddress,
) -> Result<Vec<(String, ImageIdentifier)>, Error> {
    let tags = cx.db.ecr_tags(address).await?;
    let images = cx.db.ecr_images(address, "", ALL).await?;
    let tagged: BTreeSet<&str> = tags.iter().map(|(_, digest)| digest.as_str()).collect();
    let untagged = images
        .iter()
        .filter(|image| !tagged.contains(image.digest.as_str()))
        .map(|image| (&image.digest, None));
    let tagged = tags.iter().map(|(tag, digest)| (digest, Some(tag)));
    let mut entries: Vec<_> = tagged
        .chain(untagged)
        .map(|(digest, tag)| {
            let place = format!("{digest} {}", tag.map_or("", String::as_str));
            let id = ImageIdentifier {
                image_digest: Some(digest.clone()),
                image_tag: tag.cloned(),
            };
            (place, id)
        })
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}
