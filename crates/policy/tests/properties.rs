//! What must hold for every policy and every request.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{
    Attached, Context, Decision, Policy, PolicyKind, Principal, Request, ResourceMode,
    ResourcePolicy, Sources, evaluate, simulate,
};
use proptest::prelude::*;
use types::AccountId;

/// A statement made of few words, so that the words of policies and requests meet often.
fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let action = prop::sample::select(vec!["*", "kms:*", "kms:Decrypt", "ssm:Get*", "ssm:Put?"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:kms:*:111122223333:key/*",
        "arn:aws:kms:us-east-1:111122223333:key/${aws:username}",
        "arn:aws:ssm:us-east-1:*:parameter/a?",
    ]);
    let condition = prop::sample::select(vec![
        "{}",
        r#"{"StringEquals":{"aws:username":"ann"}}"#,
        r#"{"StringNotLike":{"aws:username":"a*"}}"#,
        r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["x"]}}"#,
        r#"{"Null":{"aws:username":"true"}}"#,
    ]);
    let negations = (any::<bool>(), any::<bool>());
    (action, resource, condition, negations).prop_map(
        move |(action, resource, condition, (not_action, not_resource))| {
            let not = |yes: bool| if yes { "Not" } else { "" };
            format!(
                r#"{{"Effect":"{effect}","{}Action":"{action}","{}Resource":"{resource}","Condition":{condition}}}"#,
                not(not_action),
                not(not_resource),
            )
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(
        prop_oneof![3 => statement("Allow"), 1 => statement("Deny")],
        1..5,
    )
}

fn attached(statements: &[String]) -> Attached {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Attached::new("p", Policy::parse(&text, PolicyKind::Identity).unwrap())
}

fn caller() -> Principal {
    Principal::User {
        partition: "aws".to_owned(),
        account: account(),
        path: "/".to_owned(),
        name: "ann".to_owned(),
        id: "AIDAAAAAAAAAAAAAAAAAA".to_owned(),
    }
}

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn question() -> impl Strategy<Value = (&'static str, &'static str, Context)> {
    let action = prop::sample::select(vec!["kms:Decrypt", "ssm:GetParameters", "ssm:Puts"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:kms:us-east-1:111122223333:key/ann",
        "arn:aws:kms:us-east-1:111122223333:key/bob",
        "arn:aws:ssm:us-east-1:111122223333:parameter/ab",
    ]);
    let user = prop::option::of(prop::sample::select(vec!["ann", "bob"]));
    (action, resource, user).prop_map(|(action, resource, user)| {
        let mut context = Context::new();
        if let Some(user) = user {
            context.set("aws:username", user);
        }
        (action, resource, context)
    })
}

fn decide(sources: &Sources<'_>, (action, resource, context): &(&str, &str, Context)) -> Decision {
    let request = Request {
        principal: &caller(),
        action,
        resource,
        resource_account: &account(),
        context,
    };
    evaluate(&request, sources)
}

proptest! {
    #[test]
    fn a_deny_never_widens_access(before in statements(), deny in statement("Deny"), asked in question()) {
        let mut after = before.clone();
        after.push(deny);
        let (before, after) = ([attached(&before)], [attached(&after)]);
        let decide = |identity| decide(&Sources { identity, ..Sources::default() }, &asked);
        prop_assert!(decide(&before).is_allowed() || !decide(&after).is_allowed());
    }

    #[test]
    fn an_allow_never_narrows_access(before in statements(), allow in statement("Allow"), asked in question()) {
        let mut after = before.clone();
        after.push(allow);
        let (before, after) = ([attached(&before)], [attached(&after)]);
        let decide = |identity| decide(&Sources { identity, ..Sources::default() }, &asked);
        prop_assert!(!decide(&before).is_allowed() || decide(&after).is_allowed());
    }

    #[test]
    fn boundary_and_session_policy_never_grant(own in statements(), limit in statements(), asked in question()) {
        let (identity, limit) = ([attached(&own)], [attached(&limit)]);
        let free = Sources { identity: &identity, ..Sources::default() };
        let [one] = &limit;
        let bounded = Sources { boundary: Some(one), ..free };
        let session = Sources { session: Some(&limit), ..free };
        for limited in [bounded, session] {
            prop_assert!(decide(&free, &asked).is_allowed() || !decide(&limited, &asked).is_allowed());
        }
    }

    #[test]
    fn the_order_of_statements_and_policies_does_not_matter(own in statements(), asked in question()) {
        let mut reversed = own.clone();
        reversed.reverse();
        let apart: Vec<Attached> = own.iter().map(|one| attached(std::slice::from_ref(one))).collect();
        let decide = |identity: &[Attached]| decide(&Sources { identity, ..Sources::default() }, &asked).is_allowed();
        let together = decide(&[attached(&own)]);
        prop_assert_eq!(together, decide(&[attached(&reversed)]));
        prop_assert_eq!(together, decide(&apart));
    }

    #[test]
    fn a_statement_about_something_else_never_changes_the_answer(
        own in statements(), effect in prop::sample::select(vec!["Allow", "Deny"]), at in 0_usize..5, asked in question(),
    ) {
        let mut more = own.clone();
        let unrelated = format!(r#"{{"Effect":"{effect}","Action":"logs:*","Resource":"*"}}"#);
        more.insert(at.min(own.len()), unrelated);
        let (own, more) = ([attached(&own)], [attached(&more)]);
        let decide = |identity| decide(&Sources { identity, ..Sources::default() }, &asked).is_allowed();
        prop_assert_eq!(decide(&own), decide(&more));
    }

    #[test]
    fn a_deny_anywhere_never_widens_access(own in statements(), deny in statement("Deny"), asked in question()) {
        let (identity, deny) = ([attached(&own)], [attached(&[deny])]);
        let all = attached(&[r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned()]);
        let [deny] = deny;
        let both = [all.clone(), deny];
        let free = Sources { identity: &identity, ..Sources::default() };
        // A limit that allows everything limits nothing; with a Deny in it, it may only take away.
        let bounded = Sources { session: Some(&both), ..free };
        prop_assert!(decide(&free, &asked).is_allowed() || !decide(&bounded, &asked).is_allowed());
        let unlimited = [all];
        let same = Sources { session: Some(&unlimited), ..free };
        prop_assert_eq!(decide(&free, &asked).is_allowed(), decide(&same, &asked).is_allowed());
    }

    #[test]
    fn a_simulation_decides_as_the_decision_does(own in statements(), limit in statements(), asked in question()) {
        let (identity, limit) = ([attached(&own)], attached(&limit));
        let sources = Sources { identity: &identity, boundary: Some(&limit), ..Sources::default() };
        let (action, resource, context) = &asked;
        let principal = caller();
        let request = Request { principal: &principal, action, resource, resource_account: &account(), context };
        let found = simulate(&request, &sources);
        prop_assert_eq!(&found.decision, &evaluate(&request, &sources));
        prop_assert!(!found.decision.is_allowed() || !found.matched.is_empty());
        prop_assert!(!found.decision.is_allowed() || found.boundary_allows == Some(true));
    }

    #[test]
    fn without_a_policy_nothing_is_allowed(asked in question()) {
        prop_assert!(!decide(&Sources::default(), &asked).is_allowed());
    }

    #[test]
    fn a_key_policy_that_does_not_name_the_account_makes_identity_policies_count_for_nothing(
        own in statements(), asked in question(),
    ) {
        let key = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"*","Resource":"*"}}"#;
        let policy = Policy::parse(key, PolicyKind::Resource).unwrap();
        let resource: ResourcePolicy = Attached::new("key", policy).of_resource(ResourceMode::KeyPolicy);
        let identity = [attached(&own)];
        let sources = Sources { identity: &identity, resource: Some(&resource), ..Sources::default() };
        prop_assert!(!decide(&sources, &asked).is_allowed());
    }
}
