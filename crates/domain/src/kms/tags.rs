//! The rules for the tags of a key.

use std::collections::HashSet;

use api::kms::{Error, Tag as RequestTag};
use types::Tag;

/// The most tags that one key has.
const MAX_TAGS: usize = 50;

/// The tags of a key once these are added, each in the place of the one with its key.
pub(super) fn merge(mut tags: Vec<Tag>, new: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    for tag in new {
        match tags.iter_mut().find(|one| one.key == tag.key) {
            Some(one) => one.value = tag.value,
            None => tags.push(tag),
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(too_many());
    }
    Ok(tags)
}

fn too_many() -> Error {
    Error::Tag("Too many tags".to_owned())
}

/// Checks the tags of a request.
pub(super) fn check(tags: Vec<RequestTag>) -> Result<Vec<Tag>, Error> {
    let refuse = |text: &str| Err(Error::Tag(text.to_owned()));
    if tags.len() > MAX_TAGS {
        return Err(too_many());
    }
    let mut seen = HashSet::new();
    for tag in &tags {
        if tag.tag_key.to_ascii_lowercase().starts_with("aws:") {
            return refuse("Tags beginning with aws: are reserved");
        }
        if !seen.insert(tag.tag_key.as_str()) {
            return refuse("Duplicate tag keys");
        }
    }
    Ok(tags
        .into_iter()
        .map(|tag| Tag {
            key: tag.tag_key,
            value: tag.tag_value,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(keys: &[&str]) -> Option<String> {
        let tag = |key: &&str| RequestTag {
            tag_key: (*key).to_owned(),
            ..RequestTag::default()
        };
        match check(keys.iter().map(tag).collect()) {
            Err(Error::Tag(text)) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn tags_are_few_different_and_not_reserved() {
        let many: Vec<_> = (0..51).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(refusal(&many).as_deref(), Some("Too many tags"));
        assert_eq!(refusal(&["a", "a"]).as_deref(), Some("Duplicate tag keys"));
        assert_eq!(
            refusal(&["AWS:x"]).as_deref(),
            Some("Tags beginning with aws: are reserved")
        );
        assert_eq!(refusal(&["a", "A"]), None);
    }
}
