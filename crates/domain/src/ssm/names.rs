//! Names of parameters, paths, and what a request may ask for: all pure.

use types::Arn;

/// The most levels of a name.
const MOST_LEVELS: usize = 15;

/// The longest name, counted with the ARN before it.
const LONGEST_ARN: usize = 1011;

/// What secrets are called in Parameter Store.
const REFERENCE: &str = "/aws/reference/secretsmanager/";

/// A well-formed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// As the caller wrote it, without spaces around it.
    pub(super) given: String,
    /// With its leading slash. AWS: `a` and `/a` are one parameter.
    pub(super) path: String,
}

/// What a request that reads asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Parameter {
        name: Name,
        /// Where it was asked for by ARN.
        arn: Option<Arn>,
        selector: Option<Selector>,
    },
    /// A secret of Secrets Manager.
    Reference {
        /// The whole name, without the selector.
        name: String,
        secret_id: String,
        /// A version's id or label.
        selector: Option<String>,
    },
}

/// Which version of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selector {
    Version(i64),
    Label(String),
}

/// Why a name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameError {
    /// A character, a slash or a selector where none may be, or the path of another service.
    Malformed,
    /// It begins with `aws` or `ssm`.
    ReservedPrefix,
    /// It is in the tree that only AWS writes to.
    ReservedPath(String),
    TooDeep,
    TooLong(String),
    /// Well-formed, but no parameter is called so.
    NotFound,
}

impl Name {
    /// Reads the name of a parameter that may exist.
    pub(super) fn parse(text: &str) -> Result<Self, NameError> {
        let given = text.trim_matches(' ').to_owned();
        let path = match given.strip_prefix('/') {
            Some(_) => given.clone(),
            None if given.contains('/') => return Err(NameError::Malformed),
            None => format!("/{given}"),
        };
        if !is_well_formed(&path) || is_below(&path, "ssm") {
            return Err(NameError::Malformed);
        }
        Ok(Self { given, path })
    }

    /// Reads the name of a parameter to be written. `arn_prefix` is what its ARN begins with, up to `parameter`.
    pub(super) fn parse_new(text: &str, arn_prefix: &str) -> Result<Self, NameError> {
        let name = Self::parse(text)?;
        if is_below(&name.path, "aws") {
            return Err(NameError::ReservedPath(name.given));
        }
        if ["aws", "ssm"]
            .iter()
            .any(|prefix| begins_with(&name.path, prefix))
        {
            return Err(NameError::ReservedPrefix);
        }
        if name.path.matches('/').count() > MOST_LEVELS {
            return Err(NameError::TooDeep);
        }
        if arn_prefix.len() + name.path.len() > LONGEST_ARN {
            return Err(NameError::TooLong(name.given));
        }
        Ok(name)
    }
}

impl Asked {
    /// Reads a name or an ARN, with or without a selector.
    pub(super) fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim_matches(' ');
        if let Some(rest) = text.strip_prefix(REFERENCE) {
            let (secret_id, selector) = match rest.split_once(':') {
                Some((secret_id, selector)) => (secret_id, Some(selector.to_owned())),
                None => (rest, None),
            };
            let legal = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
            let selector_fits = |s: &String| !s.is_empty() && s.chars().all(legal);
            if secret_id.is_empty() || !selector.as_ref().is_none_or(selector_fits) {
                return Err(NameError::Malformed);
            }
            let name = format!("{REFERENCE}{secret_id}");
            return Ok(Self::Reference {
                name,
                secret_id: secret_id.to_owned(),
                selector,
            });
        }
        let (arn, rest) = if text.starts_with("arn:") {
            let (arn, path) = split_arn(text).ok_or(NameError::Malformed)?;
            (Some(arn), path)
        } else {
            (None, text.to_owned())
        };
        let mut parts = rest.split(':');
        let name = Name::parse(parts.next().unwrap_or_default())?;
        let selector = parts.next().map(Selector::parse).transpose()?;
        if parts.next().is_some() {
            return Err(NameError::NotFound);
        }
        Ok(Self::Parameter {
            name,
            arn,
            selector,
        })
    }
}

/// The ARN of a parameter up to `parameter`, and the path after it with its selector.
fn split_arn(text: &str) -> Option<(Arn, String)> {
    let mut arn: Arn = text.parse().ok()?;
    let path = arn.resource.strip_prefix("parameter")?.to_owned();
    arn.resource.truncate("parameter".len());
    (arn.service == "ssm" && path.starts_with('/')).then_some((arn, path))
}

impl Selector {
    fn parse(text: &str) -> Result<Self, NameError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if text.is_empty() || !text.chars().all(legal) {
            return Err(NameError::Malformed);
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            // A number that no version can have is a version that does not exist.
            return Ok(Self::Version(text.parse().unwrap_or(i64::MAX)));
        }
        Ok(Self::Label(text.to_owned()))
    }

    /// As the request had it, without its colon.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Version(number) => number.to_string(),
            Self::Label(label) => label.clone(),
        }
    }
}

/// Checks the path of a hierarchy and gives it without a slash at its end: empty for the top.
pub(super) fn parse_path(text: &str) -> Option<&str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    (text == "/" || is_well_formed(path)).then_some(path)
}

/// Slashes between parts that are not empty, each of letters, digits, `.`, `-` and `_`.
fn is_well_formed(path: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let part_fits = |part: &str| !part.is_empty() && part.chars().all(legal);
    path.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(part_fits))
}

/// Whether the first part of a path begins with a reserved word.
fn begins_with(path: &str, word: &str) -> bool {
    let start = path.get(1..=word.len()).unwrap_or_default();
    start.eq_ignore_ascii_case(word)
}

/// Whether a path of several parts begins with a reserved word.
fn is_below(path: &str, word: &str) -> bool {
    begins_with(path, word) && path.matches('/').count() > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PREFIX: &str = "arn:aws:ssm:us-east-1:123456789012:parameter";

    fn path(text: &str) -> Result<String, NameError> {
        Name::parse_new(text, PREFIX).map(|name| name.path)
    }

    #[test]
    fn a_name_with_and_without_its_slash_is_one_parameter() {
        assert_eq!(path("a"), path("/a"));
        assert_eq!(path(" /a/b.C_d-1 "), Ok("/a/b.C_d-1".to_owned()));
        assert_eq!(Name::parse("a").unwrap().given, "a");
    }

    #[test]
    fn a_malformed_name_is_refused() {
        for bad in [
            "a/b", "/a//b", "/a/", "/", "", "a b", "/a:b", "ä", "/ssm/x", "/SSMx/y",
        ] {
            assert_eq!(path(bad), Err(NameError::Malformed), "{bad}");
        }
    }

    #[test]
    fn reserved_names_cannot_be_written() {
        for bad in ["awsx", "/AWSx", "ssm", "/Ssm-a"] {
            assert_eq!(path(bad), Err(NameError::ReservedPrefix), "{bad}");
        }
        let reserved = NameError::ReservedPath("/aws/x".to_owned());
        assert_eq!(path("/aws/x"), Err(reserved));
        assert!(path("/my/aws").is_ok());
    }

    #[test]
    fn names_end_after_fifteen_levels_and_a_kilobyte() {
        assert!(path(&"/a".repeat(15)).is_ok());
        assert_eq!(path(&"/a".repeat(16)), Err(NameError::TooDeep));
        assert!(path(&"a".repeat(1011 - PREFIX.len() - 1)).is_ok());
        assert!(matches!(
            path(&"a".repeat(1011 - PREFIX.len())),
            Err(NameError::TooLong(_))
        ));
    }

    fn selector(text: &str) -> Result<Option<Selector>, NameError> {
        Asked::parse(text).map(|asked| match asked {
            Asked::Parameter { selector, .. } => selector,
            Asked::Reference { .. } => None,
        })
    }

    #[test]
    fn a_selector_is_a_version_or_a_label() {
        assert_eq!(selector("a"), Ok(None));
        assert_eq!(selector("/a/b:3"), Ok(Some(Selector::Version(3))));
        assert_eq!(
            selector("a:prod-1"),
            Ok(Some(Selector::Label("prod-1".to_owned())))
        );
        assert_eq!(
            selector(&format!("{PREFIX}/a:7")),
            Ok(Some(Selector::Version(7)))
        );
        assert_eq!(selector("a:"), Err(NameError::Malformed));
        assert_eq!(selector("a:b c"), Err(NameError::Malformed));
        assert_eq!(selector("a:2:3"), Err(NameError::NotFound));
    }

    #[test]
    fn an_arn_names_the_parameter_of_its_path() {
        let asked = Asked::parse(&format!("{PREFIX}/a/b")).unwrap();
        assert!(
            matches!(asked, Asked::Parameter { name, arn: Some(_), .. } if name.path == "/a/b")
        );
        assert_eq!(selector("arn:aws:s3:::bucket"), Err(NameError::Malformed));
        assert_eq!(selector(&format!("{PREFIX}a")), Err(NameError::Malformed));
    }

    #[test]
    fn a_reference_names_a_secret() {
        let asked = Asked::parse("/aws/reference/secretsmanager/app/db+1:AWSPREVIOUS").unwrap();
        let Asked::Reference {
            name,
            secret_id,
            selector,
        } = asked
        else {
            panic!("not a reference");
        };
        assert_eq!(name, "/aws/reference/secretsmanager/app/db+1");
        assert_eq!(secret_id, "app/db+1");
        assert_eq!(selector.as_deref(), Some("AWSPREVIOUS"));
    }

    #[test]
    fn a_path_may_end_in_a_slash() {
        assert_eq!(parse_path("/a/b/"), Some("/a/b"));
        assert_eq!(parse_path("/a"), Some("/a"));
        assert_eq!(parse_path("/"), Some(""));
        for bad in ["a", "/a//", "//", "", "/a b", "/a:1"] {
            assert_eq!(parse_path(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reading_anything_never_panics(text in "\\PC{0,80}") {
            let _ = Asked::parse(&text);
            let _ = Name::parse_new(&text, PREFIX);
            let _ = parse_path(&text);
        }
    }
}
