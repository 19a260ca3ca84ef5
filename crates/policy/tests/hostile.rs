//! Policies built to break the parser or to make a decision slow. Each must be answered at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use policy::{
    Attached, Context, Policy, PolicyKind, Principal, Request, Sources, evaluate,
    rename_principals, statement_positions,
};

/// The longest document that any operation takes.
const LONGEST: usize = 131_072;
/// Far more than a debug build on a busy machine needs, far less than what grows with the square of the length.
const AT_ONCE: Duration = Duration::from_secs(5);

fn at_once<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = act();
    assert!(
        begun.elapsed() < AT_ONCE,
        "{what} took {:?}",
        begun.elapsed()
    );
    done
}

fn allow_on(resource: &str) -> String {
    let resource = serde_json::to_string(resource).unwrap();
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"a:b","Resource":{resource}}}}}"#
    )
}

fn allows(document: &str, resource: &str) -> bool {
    let policy = Policy::parse(document, PolicyKind::Identity).unwrap();
    let account = "111122223333".parse().unwrap();
    let principal = Principal::User {
        partition: "aws".to_owned(),
        account,
        path: "/".to_owned(),
        name: "ann".to_owned(),
        id: "AIDAAAAAAAAAAAAAAAAAA".to_owned(),
    };
    let request = Request {
        principal: &principal,
        action: "a:b",
        resource,
        resource_account: principal.account().unwrap(),
        context: &Context::new().with("aws:username", "a"),
    };
    let identity = [Attached::new("p", policy)];
    let sources = Sources {
        identity: &identity,
        ..Sources::default()
    };
    evaluate(&request, &sources).is_allowed()
}

#[test]
fn deep_nesting_is_refused_without_a_deep_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let depth = LONGEST / 6;
        let text = format!(
            r#"{{"Statement":{}1{}}}"#,
            open.repeat(depth),
            close.repeat(depth)
        );
        at_once("deep nesting", || {
            assert!(Policy::parse(&text, PolicyKind::Identity).is_err());
            assert_eq!(statement_positions(&text), []);
            assert_eq!(rename_principals(&text, |_| None), text);
        });
    }
}

#[test]
fn wildcards_do_not_multiply() {
    let resource = format!("arn:aws:s3:::{}", "a".repeat(2000));
    for unit in ["*a", "*a*", "a*?", "*${aws:username}"] {
        let pattern = format!("arn:aws:s3:::{}b", unit.repeat(500));
        let document = allow_on(&pattern);
        assert!(!at_once(unit, || allows(&document, &resource)));
    }
    let stars = allow_on(&format!("arn:aws:s3:::{}", "*".repeat(LONGEST / 2)));
    assert!(at_once("stars", || allows(&stars, &resource)));
}

#[test]
fn many_members_statements_and_values_are_read_in_one_go() {
    let members: Vec<String> = (0..LONGEST / 10).map(|n| format!(r#""{n}":1"#)).collect();
    let text = format!("{{{}}}", members.join(","));
    at_once("members", || {
        assert!(Policy::parse(&text, PolicyKind::Identity).is_err());
    });

    let statement =
        |n| format!(r#"{{"Sid":"s{n}","Effect":"Deny","Action":"a:c","Resource":"*"}}"#);
    let statements: Vec<String> = (0..LONGEST / 60).map(statement).collect();
    let text = format!(r#"{{"Statement":[{}]}}"#, statements.join(","));
    at_once("statements", || assert!(!allows(&text, "*")));
    let positions = at_once("positions", || statement_positions(&text));
    assert_eq!(positions.len(), statements.len());
}

#[test]
fn unfinished_variables_are_read_in_one_go() {
    for unit in ["${", "${a", "${a,", "${a,'", "${aws:username}"] {
        let document = allow_on(&format!(
            "arn:aws:s3:::{}",
            unit.repeat(LONGEST / 2 / unit.len())
        ));
        at_once(unit, || allows(&document, "arn:aws:s3:::a"));
    }
}
