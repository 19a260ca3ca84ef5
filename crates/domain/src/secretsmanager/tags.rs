//! The tags of a request.

use api::secretsmanager::{self, Error};
use types::Tag;

const MOST_TAGS: usize = 50;

/// The tags that a request gives a secret; a key that comes twice counts once, with its last value.
pub(super) fn of_request(tags: Vec<secretsmanager::Tag>) -> Result<Vec<Tag>, Error> {
    let mut checked: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags {
        let key = tag.key.unwrap_or_default();
        let value = tag.value.unwrap_or_default();
        if key.is_empty() {
            return Err(Error::InvalidParameter(
                "You must provide a key for each tag.".to_owned(),
            ));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Error::InvalidParameter(
                "Tag keys that begin with aws: are reserved for AWS use.".to_owned(),
            ));
        }
        match checked.iter_mut().find(|known| known.key == key) {
            Some(known) => known.value = value,
            None => checked.push(Tag { key, value }),
        }
    }
    refuse_many(&checked)?;
    Ok(checked)
}

/// The tags of a secret once these are added, each in the place of the one with its key.
pub(super) fn merged(mut known: Vec<Tag>, new: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    for tag in new {
        match known.iter_mut().find(|one| one.key == tag.key) {
            Some(one) => one.value = tag.value,
            None => known.push(tag),
        }
    }
    refuse_many(&known)?;
    Ok(known)
}

fn refuse_many(tags: &[Tag]) -> Result<(), Error> {
    if tags.len() > MOST_TAGS {
        return Err(Error::InvalidParameter(format!(
            "A secret can have at most {MOST_TAGS} tags."
        )));
    }
    Ok(())
}

/// Keys and values, as conditions take them.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// The tags of a secret, as answers have them.
pub(super) fn to_answer(tags: Vec<Tag>) -> Vec<secretsmanager::Tag> {
    let shape = |tag: Tag| secretsmanager::Tag {
        key: Some(tag.key),
        value: Some(tag.value),
    };
    tags.into_iter().map(shape).collect()
}
