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
    if checked.len() > MOST_TAGS {
        return Err(Error::InvalidParameter(format!(
            "A secret can have at most {MOST_TAGS} tags."
        )));
    }
    Ok(checked)
}

/// The tags of a secret, as answers have them.
pub(super) fn to_answer(tags: Vec<Tag>) -> Vec<secretsmanager::Tag> {
    let shape = |tag: Tag| secretsmanager::Tag {
        key: Some(tag.key),
        value: Some(tag.value),
    };
    tags.into_iter().map(shape).collect()
}
