//! A decision with everything that led to it, as IAM's policy simulator tells it.

use std::collections::BTreeMap;

use crate::{
    decision::{Decision, Kind, Matched, Source},
    document::{Effect, Policy, Statement},
    evaluate::{Attached, Request, Sources, evaluate, matched, matching},
};

/// What a simulation finds out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    pub decision: Decision,
    /// The statements that made the decision: of a refusal those that deny, of a permission those that allow.
    pub matched: Vec<Matched>,
    /// Condition keys that the policies ask for and the request does not have, as the policies spell them.
    pub missing_keys: Vec<String>,
    /// Whether the permissions boundary allows the request, where there is one.
    pub boundary_allows: Option<bool>,
}

/// Decides a request and tells how.
pub fn simulate(request: &Request<'_>, sources: &Sources<'_>) -> Simulation {
    let decision = evaluate(request, sources);
    let deciding = match &decision {
        Decision::Allowed { .. } => Some(Effect::Allow),
        Decision::Denied(denial) if denial.kind == Kind::Explicit => Some(Effect::Deny),
        Decision::Denied(_) => None,
    };
    let bearing = bearing(sources);
    let mut matched_statements = Vec::new();
    for (attached, source) in &bearing {
        // AWS: a boundary and a session policy limit; they are no statement that allows.
        let grants = matches!(source, Source::Identity | Source::Resource | Source::Trust);
        for (index, _, effect) in matching(attached, request) {
            if Some(effect) == deciding && (grants || effect == Effect::Deny) {
                matched_statements.push(matched(attached, index, *source));
            }
        }
    }
    let mut missing = BTreeMap::new();
    for key in bearing
        .iter()
        .flat_map(|(one, _)| one.policy.context_keys())
    {
        let lower = key.to_ascii_lowercase();
        if request.context.values(&lower).is_none() {
            missing.entry(lower).or_insert_with(|| key.to_owned());
        }
    }
    Simulation {
        missing_keys: missing.into_values().collect(),
        boundary_allows: sources.boundary.map(|boundary| {
            let effects = || matching(boundary, request).map(|(_, _, effect)| effect);
            effects().any(|one| one == Effect::Allow) && !effects().any(|one| one == Effect::Deny)
        }),
        matched: matched_statements,
        decision,
    }
}

fn bearing<'a>(sources: &Sources<'a>) -> Vec<(&'a Attached, Source)> {
    let identity = sources.identity.iter().map(|one| (one, Source::Identity));
    let boundary = sources.boundary.iter().map(|one| (*one, Source::Boundary));
    let session = sources.session.into_iter().flatten();
    let session = session.map(|one| (one, Source::Session));
    let resource = sources.resource.iter();
    let resource = resource.map(|one| (&one.attached, one.mode.source()));
    identity
        .chain(boundary)
        .chain(session)
        .chain(resource)
        .collect()
}

impl Policy {
    /// Every condition key that the policy asks for, in conditions and as variables, once, as it is first written.
    pub fn context_keys(&self) -> Vec<&str> {
        let mut keys = BTreeMap::new();
        for key in self.statements.iter().flat_map(Statement::context_keys) {
            keys.entry(key.to_ascii_lowercase()).or_insert(key);
        }
        keys.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Context, PolicyKind, Principal};

    use super::*;

    fn attached(text: &str) -> Attached {
        Attached::new("p", Policy::parse(text, PolicyKind::Identity).unwrap())
    }

    fn simulated(identity: &[Attached], boundary: Option<&Attached>) -> Simulation {
        let account = "111122223333".parse().unwrap();
        let caller = Principal::User {
            partition: "aws".to_owned(),
            account,
            path: "/".to_owned(),
            name: "ann".to_owned(),
            id: String::new(),
        };
        let request = Request {
            principal: &caller,
            action: "kms:Decrypt",
            resource: "*",
            resource_account: caller.account().unwrap(),
            context: &Context::new().with("aws:given", "x"),
        };
        let sources = Sources {
            identity,
            boundary,
            ..Sources::default()
        };
        simulate(&request, &sources)
    }

    const ALLOW_TWICE: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"kms:*","Resource":"*"},
        {"Effect":"Allow","Action":"kms:Decrypt","Resource":["*","arn:aws:kms:::key/${aws:UserName}"]},
        {"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringEquals":{"aws:Given":"x","kms:ViaService":"y"}}}]}"#;

    #[test]
    fn every_statement_that_allows_is_told() {
        let found = simulated(&[attached(ALLOW_TWICE)], None);
        let statements: Vec<_> = found.matched.iter().map(|one| one.statement).collect();
        assert_eq!(statements, [0, 1]);
        assert_eq!(found.boundary_allows, None);
    }

    #[test]
    fn a_deny_is_the_only_thing_told() {
        let deny = r#"{"Statement":{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}}"#;
        let found = simulated(&[attached(ALLOW_TWICE), attached(deny)], None);
        assert!(!found.decision.is_allowed());
        assert_eq!(found.matched.len(), 1);
    }

    #[test]
    fn keys_that_are_asked_for_and_not_there_are_told() {
        let found = simulated(&[attached(ALLOW_TWICE)], None);
        let missing: Vec<_> = found.missing_keys.iter().map(String::as_str).collect();
        assert_eq!(missing, ["aws:UserName", "kms:ViaService"]);
    }

    #[test]
    fn a_boundary_that_does_not_allow_is_told() {
        let boundary =
            attached(r#"{"Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*"}}"#);
        let found = simulated(&[attached(ALLOW_TWICE)], Some(&boundary));
        assert_eq!(
            (found.boundary_allows, found.matched.len()),
            (Some(false), 0)
        );
        assert!(!found.decision.is_allowed());
    }
}
