//! Tags: kept as JSON, and permission to set them at creation.

use api::ecs::{Error, Tag};
use types::Fault;

use crate::{Access, Cx};

/// The tags as they are kept.
pub(super) fn to_json(tags: &[Tag]) -> Result<String, Fault> {
    let pairs: Vec<types::Tag> = tags
        .iter()
        .map(|tag| types::Tag {
            key: tag.key.clone().unwrap_or_default(),
            value: tag.value.clone().unwrap_or_default(),
        })
        .collect();
    serde_json::to_string(&pairs).map_err(Fault::new)
}

/// The tags as they are given back.
pub(super) fn from_json(text: &str) -> Result<Vec<Tag>, Fault> {
    let pairs: Vec<types::Tag> = serde_json::from_str(text).map_err(Fault::new)?;
    Ok(pairs
        .into_iter()
        .map(|tag| Tag {
            key: Some(tag.key),
            value: Some(tag.value),
        })
        .collect())
}

/// Keys and values for conditions.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| {
        (
            tag.key.as_deref().unwrap_or_default(),
            tag.value.as_deref().unwrap_or_default(),
        )
    })
}

/// Creating something with tags takes `ecs:TagResource` too.
pub(super) fn authorize(
    cx: &mut Cx,
    tags: &[Tag],
    create_action: &str,
    resource: &str,
) -> Result<(), Error> {
    if tags.is_empty() {
        return Ok(());
    }
    let access = Access::new("ecs:TagResource", resource)
        .with("ecs:CreateAction", create_action)
        .with_request_tags(pairs(tags));
    Ok(cx.authorize(access)?)
}
