//! Tags. Keys ignore case and are shown as they were given last.

use std::collections::HashSet;

use api::iam::{self, Error};
use store::iam::EntityKind;
use types::Tag;

use super::{
    answer, locate,
    page::{Page, Paged},
};
use crate::{Cx, identity};

/// How many tags one thing can have.
const QUOTA: usize = 50;

/// The tags of a request, checked.
pub(super) fn read(tags: Option<Vec<iam::Tag>>) -> Result<Vec<Tag>, Error> {
    let tags = tags.unwrap_or_default();
    let mut keys = HashSet::new();
    if !tags.iter().all(|tag| keys.insert(tag.key.to_lowercase())) {
        return Err(Error::InvalidInput(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.".to_owned(),
        ));
    }
    if keys.iter().any(|key| key.starts_with("aws:")) {
        let text = "System tags cannot be added/updated by requester".to_owned();
        return Err(Error::InvalidInput(text));
    }
    let tags = tags.into_iter().map(|tag| Tag {
        key: tag.key,
        value: tag.value,
    });
    Ok(tags.collect())
}

/// The tags of a request about a managed policy, checked.
// AWS: keys of managed policies differ by case too, those of everything else in IAM do not.
pub(super) fn read_of_policy(tags: Option<Vec<iam::Tag>>) -> Result<Vec<Tag>, Error> {
    let tags = tags.unwrap_or_default();
    let mut keys = HashSet::new();
    if !tags.iter().all(|tag| keys.insert(tag.key.as_str())) {
        return Err(Error::InvalidInput("Duplicate tag keys found.".to_owned()));
    }
    let mut read = Vec::with_capacity(tags.len());
    for tag in tags {
        read.extend(self::read(Some(vec![tag]))?);
    }
    Ok(read)
}

/// The tags of a managed policy once those of a request are there too.
pub(super) fn merge_of_policy(present: &[Tag], given: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    let keys: Vec<String> = given.iter().map(|tag| tag.key.clone()).collect();
    with_given(without_of_policy(present, &keys), given)
}

/// The tags of a managed policy without those that have one of these keys.
pub(super) fn without_of_policy(present: &[Tag], keys: &[String]) -> Vec<Tag> {
    let rest = present.iter().filter(|tag| !keys.contains(&tag.key));
    rest.cloned().collect()
}

/// Tags as pairs, as decisions take them.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// The tags once those of a request are there too, in place of those with the same keys.
pub(super) fn merge(present: &[Tag], given: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    let keys: Vec<String> = given.iter().map(|tag| tag.key.clone()).collect();
    with_given(without(present, &keys), given)
}

fn with_given(mut merged: Vec<Tag>, given: Vec<Tag>) -> Result<Vec<Tag>, Error> {
    merged.extend(given);
    if merged.len() > QUOTA {
        let text = "The number of tags has reached the maximum limit.".to_owned();
        return Err(Error::LimitExceeded(text));
    }
    Ok(merged)
}

/// The tags without those that have one of these keys.
pub(super) fn without(present: &[Tag], keys: &[String]) -> Vec<Tag> {
    let keys: HashSet<String> = keys.iter().map(|key| key.to_lowercase()).collect();
    let rest = present
        .iter()
        .filter(|tag| !keys.contains(&tag.key.to_lowercase()));
    rest.cloned().collect()
}

/// A page of tags, in the order of their keys.
pub(super) fn page(
    tags: &[Tag],
    marker: Option<&str>,
    max_items: Option<i32>,
) -> Result<Paged<iam::Tag>, Error> {
    let page = Page::new(marker, max_items)?;
    // Keys of a policy may differ in case alone.
    let place = |tag: &iam::Tag| format!("{} {}", tag.key.to_lowercase(), tag.key);
    Ok(page.cut_all(answer::all_tags(tags), place))
}

/// Tags a user, role or instance profile.
pub(super) async fn tag(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    given: Vec<iam::Tag>,
) -> Result<(), Error> {
    let given = read(Some(given))?;
    let entity = locate::entity_with(cx, action, kind, name, |access| {
        access.with_request_tags(pairs(&given))
    })
    .await?;
    let merged = merge(&entity.tags, given)?;
    cx.db.set_entity_tags(&entity, &merged).await?;
    identity::note_change(cx).await?;
    Ok(())
}

/// Removes tags of a user, role or instance profile; keys that it does not have are let be.
pub(super) async fn untag(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    keys: &[String],
) -> Result<(), Error> {
    let entity = locate::entity_with(cx, action, kind, name, |access| {
        access.with_list("aws:TagKeys", keys.iter().cloned())
    })
    .await?;
    let rest = without(&entity.tags, keys);
    cx.db.set_entity_tags(&entity, &rest).await?;
    identity::note_change(cx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(key: &str) -> iam::Tag {
        iam::Tag {
            key: key.to_owned(),
            value: String::new(),
        }
    }

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn keys_that_differ_in_case_only_are_duplicates() {
        assert!(read(Some(vec![given("a"), given("b")])).is_ok());
        assert!(read(Some(vec![given("a"), given("A")])).is_err());
        assert_eq!(read(None).unwrap(), []);
    }

    #[test]
    fn keys_of_policies_differ_by_case() {
        assert!(read_of_policy(Some(vec![given("a"), given("A")])).is_ok());
        assert!(read_of_policy(Some(vec![given("a"), given("a")])).is_err());
        assert!(read_of_policy(Some(vec![given("aws:a")])).is_err());
        let both = merge_of_policy(&[tag("Team", "red")], vec![tag("team", "blue")]).unwrap();
        assert_eq!(both, [tag("Team", "red"), tag("team", "blue")]);
        assert_eq!(
            without_of_policy(&both, &["Team".to_owned()]),
            [tag("team", "blue")]
        );
    }

    #[test]
    fn keys_of_awss_own_are_refused() {
        assert!(read(Some(vec![given("AWS:x")])).is_err());
        assert!(read(Some(vec![given("awsx")])).is_ok());
    }

    #[test]
    fn a_tag_takes_the_place_of_the_one_with_its_key() {
        let present = [tag("Team", "red"), tag("stage", "dev")];
        let merged = merge(&present, vec![tag("team", "blue")]).unwrap();
        assert_eq!(merged, [tag("stage", "dev"), tag("team", "blue")]);
        assert_eq!(
            without(&present, &["STAGE".to_owned(), "x".to_owned()]),
            [tag("Team", "red")]
        );
    }

    #[test]
    fn fifty_tags_fit() {
        let present: Vec<_> = (0..50).map(|n| tag(&n.to_string(), "")).collect();
        assert!(merge(&present, vec![tag("0", "again")]).is_ok());
        assert!(merge(&present, vec![tag("more", "")]).is_err());
    }
}
