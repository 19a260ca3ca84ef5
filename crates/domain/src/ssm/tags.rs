//! The tags of a parameter: which resource they are of, and their rules.

use api::ssm::{self, Error, ResourceTypeForTagging};
use store::parameters::Parameter;
use types::Tag;

use super::{
    errors::validation,
    locate::{Located, locate},
    names::Name,
};
use crate::{Access, Cx};

const MOST_TAGS: usize = 50;

/// Finds the parameter whose tags a request is about, for a caller who may.
pub(super) async fn tagged(
    cx: &mut Cx,
    action: &str,
    resource_type: ResourceTypeForTagging,
    resource_id: &str,
    say: impl FnOnce(Access) -> Access,
) -> Result<Parameter, Error> {
    // Of what can be tagged in Systems Manager, only parameters are here.
    if resource_type != ResourceTypeForTagging::Parameter {
        return Err(Error::InvalidResourceType(String::new()));
    }
    let invalid_id = || Error::InvalidResourceId(String::new());
    let name = Name::parse(resource_id).map_err(|_| invalid_id())?;
    let located: Located = locate(cx, &name).await?;
    let found = located.authorize_with(cx, action, say)?;
    found.ok_or_else(invalid_id)
}

/// The tags of a request. A key that comes twice counts once, with its last value.
pub(super) fn of_request(tags: Vec<ssm::Tag>) -> Result<Vec<Tag>, Error> {
    let mut checked = Vec::with_capacity(tags.len());
    for tag in tags {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(validation(format!(
                "Invalid tag key: {}. Tag keys that begin with aws: are reserved for AWS use.",
                tag.key
            )));
        }
        set(&mut checked, tag.key, tag.value);
    }
    limit(&checked)?;
    Ok(checked)
}

/// Tags with others added to them.
pub(super) fn with(mut held: Vec<Tag>, added: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    for tag in added {
        set(&mut held, tag.key, tag.value);
    }
    limit(&held)?;
    Ok(held)
}

fn set(tags: &mut Vec<Tag>, key: String, value: String) {
    match tags.iter_mut().find(|known| known.key == key) {
        Some(known) => known.value = value,
        None => tags.push(Tag { key, value }),
    }
}

fn limit(tags: &[Tag]) -> Result<(), Error> {
    if tags.len() > MOST_TAGS {
        return Err(Error::TooManyTagsError(String::new()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(keys: impl IntoIterator<Item = String>) -> Vec<ssm::Tag> {
        let tag = |key: String| ssm::Tag {
            value: format!("value of {key}"),
            key,
        };
        keys.into_iter().map(tag).collect()
    }

    #[test]
    fn fifty_tags_are_enough() {
        let many = |n: usize| given((0..n).map(|n| n.to_string()));
        let fifty = of_request(many(50)).unwrap();
        assert!(matches!(
            of_request(many(51)),
            Err(Error::TooManyTagsError(_))
        ));
        let known = of_request(given(["7".to_owned()])).unwrap();
        assert_eq!(with(fifty.clone(), known).unwrap().len(), 50);
        let new = of_request(given(["new".to_owned()])).unwrap();
        assert!(matches!(with(fifty, new), Err(Error::TooManyTagsError(_))));
    }

    #[test]
    fn the_last_value_of_a_key_counts_and_reserved_keys_are_refused() {
        let mut twice = given(["a".to_owned(), "a".to_owned()]);
        twice[1].value = "last".to_owned();
        assert_eq!(of_request(twice).unwrap()[0].value, "last");
        assert!(of_request(given(["AWS:x".to_owned()])).is_err());
    }
}
