//! The tags of a session: those that are asked for, and those that follow from the calling session.

use std::collections::HashSet;

use types::Tag;

use crate::identity::CallerSession;

/// The tags of a new session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SessionTags {
    pub tags: Vec<Tag>,
    /// The keys of those that will follow it into the next one.
    pub transitive: Vec<String>,
}

/// Why tags cannot be given. The messages are AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TagProblem {
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    Duplicate,
    #[error("The specified transitive tag key must be included in the requested tags.")]
    TransitiveKeyWithoutTag,
    #[error(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
    )]
    Conflict,
}

/// Adds what follows from the calling session to what is asked for. Keys ignore case.
pub(super) fn combine(
    tags: Vec<Tag>,
    transitive: Vec<String>,
    calling: Option<&CallerSession>,
) -> Result<SessionTags, TagProblem> {
    let mut keys = HashSet::new();
    if !tags.iter().all(|tag| keys.insert(lower(&tag.key))) {
        return Err(TagProblem::Duplicate);
    }
    if !transitive.iter().all(|key| keys.contains(&lower(key))) {
        return Err(TagProblem::TransitiveKeyWithoutTag);
    }
    let mut combined = SessionTags { tags, transitive };
    let Some(calling) = calling else {
        return Ok(combined);
    };
    for key in &calling.transitive_tag_keys {
        if keys.contains(&lower(key)) {
            return Err(TagProblem::Conflict);
        }
        let follows = |tag: &&Tag| lower(&tag.key) == lower(key);
        combined
            .tags
            .extend(calling.tags.iter().find(follows).cloned());
        combined.transitive.push(key.clone());
    }
    Ok(combined)
}

fn lower(key: &str) -> String {
    key.to_lowercase()
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    fn calling() -> CallerSession {
        CallerSession {
            issued: Timestamp::default(),
            expires: Timestamp::default(),
            token: types::SecretValue::default(),
            policies: None,
            tags: vec![tag("Team", "red"), tag("stage", "dev")],
            transitive_tag_keys: vec!["Team".to_owned()],
            source_identity: None,
            task: None,
        }
    }

    #[test]
    fn transitive_tags_follow_the_session_and_others_do_not() {
        let tags = combine(vec![tag("a", "1")], vec![], Some(&calling())).unwrap();
        assert_eq!(tags.tags, [tag("a", "1"), tag("Team", "red")]);
        assert_eq!(tags.transitive, ["Team"]);
    }

    #[test]
    fn keys_are_compared_without_case() {
        let twice = combine(vec![tag("a", "1"), tag("A", "2")], vec![], None);
        assert_eq!(twice, Err(TagProblem::Duplicate));
        let conflict = combine(vec![tag("team", "blue")], vec![], Some(&calling()));
        assert_eq!(conflict, Err(TagProblem::Conflict));
        let missing = combine(vec![], vec!["a".to_owned()], None);
        assert_eq!(missing, Err(TagProblem::TransitiveKeyWithoutTag));
        assert!(combine(vec![tag("a", "1")], vec!["A".to_owned()], None).is_ok());
    }
}
