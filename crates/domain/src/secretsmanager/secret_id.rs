//! What a `SecretId` names: a name, a complete ARN or a partial one.

use types::Arn;

/// A `SecretId`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretId {
    /// An exact name in the caller's account.
    Name(String),
    /// An ARN with its suffix: compared as a whole.
    Arn(Arn),
    /// An ARN without the suffix, and the exact name that it ends in.
    PartialArn(Arn, String),
    /// An ARN of something else, which no secret has.
    Foreign,
}

/// The text has a character that no name and no ARN of a secret may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)]
pub(super) struct InvalidName;

/// Checks a name that a secret is to have.
pub(super) fn check_name(name: &str) -> Result<(), InvalidName> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    if name.chars().all(fits) {
        Ok(())
    } else {
        Err(InvalidName)
    }
}

impl SecretId {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidName> {
        let Some(rest) = text.strip_prefix("arn:") else {
            check_name(text)?;
            return Ok(Self::Name(text.to_owned()));
        };
        rest.split(':').try_for_each(check_name)?;
        let Ok(arn) = text.parse::<Arn>() else {
            return Ok(Self::Foreign);
        };
        let name = match arn.resource.strip_prefix("secret:") {
            Some(name) if arn.service == "secretsmanager" => name.to_owned(),
            _ => return Ok(Self::Foreign),
        };
        // AWS: whatever ends like a suffix is taken for a complete ARN, with no second try as a partial one.
        if has_suffix(&name) {
            Ok(Self::Arn(arn))
        } else {
            Ok(Self::PartialArn(arn, name))
        }
    }
}

/// Whether a name ends in a dash and six letters or digits.
fn has_suffix(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, suffix)| {
        suffix.len() == SUFFIX_LENGTH && suffix.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// How many random characters end the ARN of a secret.
pub(super) const SUFFIX_LENGTH: usize = 6;

/// What they are drawn from.
pub(super) const SUFFIX_ALPHABET: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PREFIX: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";

    fn parse(resource: &str) -> SecretId {
        SecretId::parse(&format!("{PREFIX}{resource}")).unwrap()
    }

    #[test]
    fn what_is_no_arn_is_a_name() {
        for name in [
            "a",
            "/a",
            "prod/db_pass+=.@-x",
            "rds!cluster-1",
            "Name-a1b2c3",
        ] {
            assert_eq!(SecretId::parse(name), Ok(SecretId::Name(name.to_owned())));
        }
    }

    #[test]
    fn an_arn_is_complete_when_it_ends_like_a_suffix() {
        assert!(matches!(parse("db-AbCd12"), SecretId::Arn(_)));
        assert!(
            matches!(parse("Name-a1b2c3"), SecretId::Arn(_)),
            "even where that is the name"
        );
        for partial in ["db", "db-a1b2", "db-a1b2c3-", "db-a1b2c.", "AbCd12"] {
            assert!(matches!(parse(partial), SecretId::PartialArn(_, name) if name == partial));
        }
    }

    #[test]
    fn an_arn_of_something_else_names_no_secret() {
        let other = "arn:aws:ssm:us-east-1:123456789012:parameter/x";
        assert_eq!(SecretId::parse(other), Ok(SecretId::Foreign));
        assert_eq!(SecretId::parse("arn:aws"), Ok(SecretId::Foreign));
    }

    #[test]
    fn characters_that_no_name_has_are_refused_in_names_and_arns() {
        for bad in ["a b", " a", "a*", "a?", "a\\b", "a]", "ä", "a:b", ""] {
            let invalid = if bad.is_empty() {
                "arn:a b".to_owned()
            } else {
                bad.to_owned()
            };
            assert_eq!(SecretId::parse(&invalid), Err(InvalidName), "{invalid}");
        }
        assert_eq!(SecretId::parse(&format!("{PREFIX}a*")), Err(InvalidName));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = SecretId::parse(&text);
        }
    }
}
