//! Tags of a request.

use std::collections::HashSet;

use api::iam::{self, Error};
use types::Tag;

/// The tags of a request, checked.
pub(super) fn read(tags: Option<Vec<iam::Tag>>) -> Result<Vec<Tag>, Error> {
    let tags = tags.unwrap_or_default();
    let mut keys = HashSet::new();
    if !tags.iter().all(|tag| keys.insert(tag.key.to_lowercase())) {
        return Err(Error::InvalidInput(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.".to_owned(),
        ));
    }
    let tags = tags.into_iter().map(|tag| Tag {
        key: tag.key,
        value: tag.value,
    });
    Ok(tags.collect())
}

/// Tags as pairs, as decisions take them.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_in_case_only_are_duplicates() {
        let tag = |key: &str| iam::Tag {
            key: key.to_owned(),
            value: String::new(),
        };
        assert!(read(Some(vec![tag("a"), tag("b")])).is_ok());
        assert!(read(Some(vec![tag("a"), tag("A")])).is_err());
        assert_eq!(read(None).unwrap(), []);
    }
}
