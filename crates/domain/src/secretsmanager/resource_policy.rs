//! The policy of a secret: whether a text may be one.

use api::secretsmanager::Error;
use policy::{Policy, PolicyKind};

use crate::{
    Cx,
    identity::principals::{self, Unbound},
};

const UNSUPPORTED_PRINCIPAL: &str = "This resource policy contains an unsupported principal.";

/// The name of the one policy that a secret can have.
const DEFAULT: &str = "default";

/// Whether a request means the one policy that a secret can have.
// AWS: policies have names since 2026, of which one can be attached. Answers name it where the request does.
pub(super) fn is_default(name: Option<&str>) -> bool {
    name.is_none_or(|name| name == DEFAULT)
}

/// Refuses a change of any other policy.
pub(super) fn refuse_other(name: Option<&str>) -> Result<(), Error> {
    if is_default(name) {
        return Ok(());
    }
    Err(Error::InvalidParameter(format!(
        "The policy name must be {DEFAULT}."
    )))
}

/// Refuses a text that is no resource policy.
pub(super) fn check(text: &str) -> Result<Policy, Error> {
    Policy::parse(text, PolicyKind::Resource).map_err(|problem| {
        let text = wording(&problem.to_string());
        Error::MalformedPolicyDocument(text.to_owned())
    })
}

/// Checks a policy, and gives it the form it is kept in: bound to the users and roles it names, who must exist.
pub(super) async fn accept(cx: &mut Cx, text: &str) -> Result<String, Error> {
    let policy = check(text)?;
    principals::bind(cx, text, &policy)
        .await
        .map_err(|error| match error {
            Unbound::Nobody(_) => Error::MalformedPolicyDocument(UNSUPPORTED_PRINCIPAL.to_owned()),
            Unbound::Fault(fault) => fault.into(),
        })
}

/// AWS: Secrets Manager has few words for what is wrong with a policy.
fn wording(problem: &str) -> &'static str {
    if problem.starts_with("Invalid principal in policy") {
        UNSUPPORTED_PRINCIPAL
    } else {
        "This policy has invalid syntax."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        check(text).map_or_else(|error| error.to_string(), |_| "fine".to_owned())
    }

    #[test]
    fn a_policy_needs_a_principal_and_the_grammar_of_policies() {
        let policy = |principal: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal}"Action":"secretsmanager:*","Resource":"*"}}]}}"#
            )
        };
        let syntax = "MalformedPolicyDocumentException: This policy has invalid syntax.";
        assert_eq!(refusal(&policy(r#""Principal":"*","#)), "fine");
        assert_eq!(refusal(&policy("")), syntax);
        assert_eq!(refusal("{"), syntax);
        assert_eq!(
            refusal(&policy(r#""Principal":"*","#).replace("2012", "2010")),
            syntax
        );
        assert_eq!(
            refusal(&policy(r#""Principal":{"AWS":"nobody"},"#)),
            "MalformedPolicyDocumentException: This resource policy contains an unsupported principal."
        );
    }
}
