//! `kms:ListResourceTags`

use api::kms::{
    Error, Tag,
    list_resource_tags::{Input, ListResourceTags, Output},
};

use super::{authorize::Use, locate, page::Page};
use crate::{Cx, Operation};

/// How many tags a page has where the caller does not say: as many as a key can have.
const DEFAULT_LIMIT: i32 = 50;

impl Operation for ListResourceTags {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let limit = input.limit.or(Some(DEFAULT_LIMIT));
        let page = Page::new(limit, input.marker, |marker| !marker.is_empty())?;
        let located = locate::locate_own(cx, &input.key_id).await?;
        let key = located
            .authorize(cx, Use::of("kms:ListResourceTags"))
            .await?;

        let mut tags = key.row.tags;
        tags.sort_by(|a, b| a.key.cmp(&b.key));
        tags.retain(|tag| tag.key > page.after);
        let next_marker = page.cut(&mut tags, |tag| tag.key.clone());
        let tags = tags.into_iter().map(|tag| Tag {
            tag_key: tag.key,
            tag_value: tag.value,
        });
        Ok(Output {
            tags: Some(tags.collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        })
    }
}
