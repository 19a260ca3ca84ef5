//! Tags of log groups: a map on the wire, a list in the store.

use std::collections::BTreeMap;

use api::logs::Error;
use types::Tag;

use super::errors;

const MOST: usize = 50;

pub(super) fn from_map(tags: BTreeMap<String, String>) -> Result<Vec<Tag>, Error> {
    if tags
        .keys()
        .any(|key| key.to_ascii_lowercase().starts_with("aws:"))
    {
        return Err(errors::invalid(
            "Tag keys may not begin with aws:, which is reserved.",
        ));
    }
    Ok(tags
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect())
}

pub(super) fn to_map(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// The tags with others over them.
pub(super) fn merge(old: Vec<Tag>, new: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    let mut merged = to_map(old);
    merged.extend(to_map(new));
    if merged.len() > MOST {
        return Err(Error::TooManyTags(format!(
            "A log group can have {MOST} tags at most."
        )));
    }
    from_map(merged)
}
