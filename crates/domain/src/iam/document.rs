//! Policy documents on their way in and out.

use api::iam::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use policy::{Policy, PolicyError, PolicyKind, Version};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The size of a managed policy, without whitespace.
pub(super) const MANAGED_QUOTA: usize = 6144;

const INVALID_JSON: &str = "This policy contains invalid Json";
const SYNTAX: &str = "Syntax errors in policy.";

/// A document as answers hold it.
///
/// AWS: percent-encoded, a blank as `%20`.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
pub(super) fn encode(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Checks a policy of a user or role.
pub(super) fn check_identity(document: &str) -> Result<(), Error> {
    Policy::accept(document, PolicyKind::Identity).map_err(malformed)?;
    Ok(())
}

/// Checks a version of a managed policy, which must be of the current version of the language.
pub(super) fn check_managed(document: &str) -> Result<(), Error> {
    let accepted = Policy::accept(document, PolicyKind::Identity);
    if let Err(error) = &accepted
        && error.is_about_shape()
    {
        let text = error.to_string();
        // AWS: of a managed policy it is not said whether it is JSON.
        let text = if text == INVALID_JSON { SYNTAX } else { &text };
        return Err(Error::MalformedPolicyDocument(text.to_owned()));
    }
    if Policy::version_of(document) != Version::V2012 {
        return Err(Error::MalformedPolicyDocument(
            "Policy document must be version 2012-10-17 or greater.".to_owned(),
        ));
    }
    accepted.map_err(malformed)?;
    if size(document) > MANAGED_QUOTA {
        let text = format!("Cannot exceed quota for PolicySize: {MANAGED_QUOTA}");
        return Err(Error::LimitExceeded(text));
    }
    Ok(())
}

/// Checks a trust policy.
pub(super) fn check_trust(document: &str) -> Result<Policy, Error> {
    Policy::parse(document, PolicyKind::Trust).map_err(malformed)
}

/// The size of a document as quotas count it: without whitespace.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands over what it has"
)]
fn malformed(error: PolicyError) -> Error {
    Error::MalformedPolicyDocument(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_percent_encoded_once() {
        assert_eq!(
            encode(r#"{"a": "b%3A~"}"#),
            "%7B%22a%22%3A%20%22b%253A~%22%7D"
        );
    }

    #[test]
    fn whitespace_does_not_count_towards_the_size() {
        assert_eq!(size("{ \n\t\"a\" }"), 5);
    }

    #[test]
    fn a_managed_policy_must_be_of_2012() {
        let statement = r#""Statement":{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        assert!(check_managed(&format!("{{{statement}}}")).is_err());
        assert!(check_identity(&format!("{{{statement}}}")).is_ok());
        assert!(check_managed(&format!(r#"{{"Version":"2012-10-17",{statement}}}"#)).is_ok());
        let refusal = |text: &str| check_managed(text).unwrap_err().to_string();
        assert!(refusal("{").ends_with(SYNTAX));
        // The version is looked at after the shape, and before the rest.
        let late = format!("{{{}}}", statement.replace("Allow", "allow"));
        assert!(refusal(&late).ends_with("must be version 2012-10-17 or greater."));
        assert!(refusal(&late.replace("Effect", "Efect")).ends_with(SYNTAX));
    }
}
