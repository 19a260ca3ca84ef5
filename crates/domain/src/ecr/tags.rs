//! The rules for the tags of a repository.

use api::ecr::{self, Error};
use types::Tag;

const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// Adds the tags of a request to those that are there.
pub(super) fn add(known: &mut Vec<Tag>, tags: Vec<ecr::Tag>) -> Result<(), Error> {
    for ecr::Tag { key, value } in tags {
        let fits = (1..=LONGEST_KEY).contains(&key.chars().count())
            && value.chars().count() <= LONGEST_VALUE
            && !key.to_ascii_lowercase().starts_with("aws:");
        if !fits {
            return Err(Error::InvalidTagParameter(format!(
                "Invalid parameter at 'tags' failed to satisfy constraint: 'Tag key or value is invalid: {key}'"
            )));
        }
        match known.iter_mut().find(|tag| tag.key == key) {
            Some(tag) => tag.value = value,
            None => known.push(Tag { key, value }),
        }
    }
    if known.len() > MOST_TAGS {
        return Err(Error::TooManyTags(format!(
            "The repository has exceeded the limit of {MOST_TAGS} tags."
        )));
    }
    Ok(())
}

/// The tags as answers have them.
pub(super) fn shown(tags: &[Tag]) -> Vec<ecr::Tag> {
    let shape = |tag: &Tag| ecr::Tag {
        key: tag.key.clone(),
        value: tag.value.clone(),
    };
    tags.iter().map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(keys: impl IntoIterator<Item = String>) -> Result<usize, Error> {
        let mut known = vec![Tag {
            key: "known".to_owned(),
            value: "1".to_owned(),
        }];
        let tags = keys.into_iter().map(|key| ecr::Tag {
            key,
            value: String::new(),
        });
        add(&mut known, tags.collect())?;
        Ok(known.len())
    }

    #[test]
    fn tags_are_few_and_not_reserved() {
        assert_eq!(added(["known".to_owned(), "new".to_owned()]).unwrap(), 2);
        let many = (0..50).map(|n| n.to_string());
        assert!(matches!(added(many), Err(Error::TooManyTags(_))));
        for bad in [String::new(), "AWS:x".to_owned(), "k".repeat(129)] {
            assert!(matches!(added([bad]), Err(Error::InvalidTagParameter(_))));
        }
    }
}
