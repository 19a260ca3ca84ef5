use proptest::prelude::*;

use super::*;

fn refused(text: &str, kind: PolicyKind) -> (String, String) {
    let error = Policy::parse(text, kind).unwrap_err();
    (error.to_string(), error.path().to_owned())
}

fn with_statement(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)
}

#[test]
fn a_statement_may_stand_alone_and_lists_may_be_single_values() {
    let single = r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}"#;
    let listed = r#"[{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["*"]}]"#;
    let parse = |text| Policy::parse(&with_statement(text), PolicyKind::Identity).unwrap();
    assert_eq!(parse(single), parse(listed));
}

#[test]
fn a_document_without_version_is_of_2008() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let policy = Policy::parse(text, PolicyKind::Identity).unwrap();
    assert_eq!(policy.version(), Version::V2008);
}

#[test]
fn grammar_errors_have_awss_words_and_the_place() {
    let cases = [
        (
            r#"{"Action":"a:b","Resource":"*"}"#,
            "Syntax errors in policy.",
            "Statement[0].Effect",
        ),
        (
            r#"{"Effect":"allow","Action":"a:b","Resource":"*"}"#,
            "The policy failed legacy parsing",
            "Statement[0].Effect",
        ),
        (
            r#"{"Effect":"Allow","Resource":"*"}"#,
            "Policy statement must contain actions.",
            "Statement[0]",
        ),
        (
            r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#,
            "Policy statement must contain actions.",
            "Statement[0].Action",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b"}"#,
            "Policy statement must contain resources.",
            "Statement[0]",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}"#,
            "Syntax errors in policy.",
            "Statement[0]",
        ),
        (
            r#"{"Effect":"Allow","Action":"GetSecretValue","Resource":"*"}"#,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            "Statement[0].Action",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b:c","Resource":"*"}"#,
            "Actions/Condition can contain only one colon.",
            "Statement[0].Action",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Resource":"db"}"#,
            r#"Resource db must be in ARN format or "*"."#,
            "Statement[0].Resource",
        ),
        (
            r#"{"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"}"#,
            "Policy document should not specify a principal.",
            "Statement[0].Principal",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringIs":{"a:k":"v"}}}"#,
            "Syntax errors in policy.",
            "Statement[0].Condition.StringIs",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Comment":"x"}"#,
            "Syntax errors in policy.",
            "Statement[0].Comment",
        ),
        (
            r#"[{"Sid":"A","Effect":"Allow","Action":"a:b","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"a:b","Resource":"*"}]"#,
            "Statement IDs (SID) in a single policy must be unique.",
            "Statement[1]",
        ),
        ("[]", "Syntax errors in policy.", ""),
    ];
    for (statement, message, path) in cases {
        assert_eq!(
            refused(&with_statement(statement), PolicyKind::Identity),
            (message.to_owned(), path.to_owned()),
            "{statement}"
        );
    }
    for text in ["", "{", "not json", r#"{"Version":1,"Version":2}"#] {
        assert_eq!(
            refused(text, PolicyKind::Identity).0,
            "This policy contains invalid Json"
        );
    }
}

#[test]
fn one_check_goes_through_the_document_after_the_other() {
    let bad_shape = r#""Comment":"x""#;
    let bad_effect = r#""Effect":"allow""#;
    let no_action = r#""Effect":"Allow","Resource":"*""#;
    let no_resource = r#""Effect":"Allow","Action":"c""#;
    let bad_resource = r#""Effect":"Allow","Action":"b","Resource":"db""#;
    let bad_action = r#""Effect":"Allow","Action":"b","Resource":"*""#;
    let sids = |first: &str, second: &str| {
        let rest = [bad_action, bad_resource, no_resource, no_action, bad_effect];
        let rest = rest.map(|one| format!("{{{one}}}")).join(",");
        with_statement(&format!(
            r#"[{rest},{{"Sid":"{first}",{bad_action}}},{{"Sid":"{second}",{bad_action}}}]"#
        ))
    };
    let text = |of: &str| refused(of, PolicyKind::Identity).0;
    let shape = sids("A", "A").replace(bad_effect, &format!("{bad_effect},{bad_shape}"));
    assert_eq!(text(&shape), "Syntax errors in policy.");
    assert_eq!(text(&sids("A", "A")), "The policy failed legacy parsing");
    let effect = |of: &str| of.replace(bad_effect, bad_action);
    assert_eq!(
        text(&effect(&sids("A", "A"))),
        "Statement IDs (SID) in a single policy must be unique."
    );
    let unique = effect(&sids("A", "B"));
    assert_eq!(text(&unique), "Policy statement must contain actions.");
    let acting = unique.replace(no_action, bad_action);
    assert_eq!(text(&acting), "Policy statement must contain resources.");
    let on = acting.replace(no_resource, bad_action);
    assert_eq!(text(&on), r#"Resource db must be in ARN format or "*"."#);
    let last = on.replace(bad_resource, bad_action);
    assert!(text(&last).starts_with("Actions/Conditions must be prefaced"));
}

#[test]
fn a_new_policy_names_awss_partitions_and_whole_arns() {
    let resource = |arn: &str| {
        with_statement(&format!(
            r#"{{"Effect":"Allow","Action":"s3:*","Resource":"{arn}"}}"#
        ))
    };
    for (arn, text) in [
        (
            "arn:error:s3::example",
            r#"Partition "error" is not valid for resource "arn:error:s3::example:*"."#,
        ),
        (
            "arn:error",
            r#"Partition "error" is not valid for resource "arn:error:*:*:*:*"."#,
        ),
        (
            "arn:error:s3:::a:b",
            r#"Partition "error" is not valid for resource "arn:error:s3:::a:b"."#,
        ),
        (
            "arn:aws",
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        ("arn:aws:s3::example", "The policy failed legacy parsing"),
        ("arn:aws::::x", "The policy failed legacy parsing"),
    ] {
        let refused = Policy::accept(&resource(arn), PolicyKind::Identity).unwrap_err();
        assert_eq!(refused.to_string(), text, "{arn}");
    }
    for arn in ["arn:aws:sqs", "arn:*:iam::*:role/x", "arn:aws-cn:s3:::x"] {
        let accepted = Policy::accept(&resource(arn), PolicyKind::Identity);
        assert!(accepted.is_ok(), "{arn}");
    }
    // What was kept before the check was there goes on.
    assert!(Policy::parse(&resource("arn:aws:iam::1"), PolicyKind::Identity).is_ok());
}

#[test]
fn dates_fail_late_and_unknown_operators_only_where_they_are_asked() {
    let with = |condition: &str| {
        with_statement(&format!(
            r#"{{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{condition}}}"#
        ))
    };
    assert_eq!(
        refused(
            &with(r#"{"DateGreaterThan":{"a":"01T"}}"#),
            PolicyKind::Identity
        )
        .0,
        "The policy failed legacy parsing"
    );
    let empty = with(r#"{"StringIs":{}}"#);
    assert!(Policy::parse(&empty, PolicyKind::Identity).is_ok());
}

#[test]
fn a_condition_key_and_a_vendor_may_look_like_nothing_that_exists() {
    for statement in [
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqualsIfExists":{"a":"asf"}}}"#,
        r#"{"Effect":"Allow","Action":"s3.s:ListBucket","Resource":"*"}"#,
    ] {
        let text = with_statement(statement);
        assert!(
            Policy::parse(&text, PolicyKind::Identity).is_ok(),
            "{statement}"
        );
    }
}

#[test]
fn trust_policies_name_principals_and_sts_actions_and_no_resource() {
    let trust = |rest: &str| with_statement(&format!(r#"{{"Effect":"Allow",{rest}}}"#));
    let ecs = r#""Principal":{"Service":"ecs-tasks.amazonaws.com"}"#;
    let good = trust(&format!(r#"{ecs},"Action":"sts:AssumeRole""#));
    assert!(Policy::parse(&good, PolicyKind::Trust).is_ok());
    for (rest, message) in [
        (
            format!(r#"{ecs},"Action":"sts:AssumeRole","Resource":"*""#),
            "Has prohibited field Resource",
        ),
        (
            r#""Action":"sts:AssumeRole""#.to_owned(),
            "Missing required field Principal cannot be empty!",
        ),
        (
            format!(r#"{ecs},"Action":"kms:Decrypt""#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Principal":{"AWS":"reader"},"Action":"sts:AssumeRole""#.to_owned(),
            r#"Invalid principal in policy: "AWS":"reader""#,
        ),
    ] {
        assert_eq!(refused(&trust(&rest), PolicyKind::Trust).0, message);
    }
}

#[test]
fn named_principals_can_be_listed() {
    let text = with_statement(
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":
            {"AWS":["111122223333","arn:aws:iam::111122223333:role/x"],"Service":"ec2.amazonaws.com"}}"#,
    );
    let policy = Policy::parse(&text, PolicyKind::Trust).unwrap();
    assert_eq!(
        policy.principals().collect::<Vec<_>>(),
        ["arn:aws:iam::111122223333:role/x"]
    );
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC{0,200}") {
        for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust] {
            let _ = Policy::parse(&text, kind);
        }
    }

    #[test]
    fn parsing_what_resembles_a_policy_never_panics(
        effect in "Allow|Deny|\\PC{0,5}", action in "\\PC{0,20}|[a-z*:]{0,9}", resource in "\\PC{0,20}|arn:[a-z:*${}]{0,20}",
        operator in "[A-Za-z:]{0,20}|StringLike|Null|IpAddress|DateLessThan", value in "\\PC{0,20}",
    ) {
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let text = with_statement(&format!(
            r#"{{"Effect":{},"Action":{},"Resource":{},"Condition":{{{}:{{"a:k":{}}}}}}}"#,
            quote(&effect), quote(&action), quote(&resource), quote(&operator), quote(&value),
        ));
        let _ = Policy::parse(&text, PolicyKind::Identity);
    }
}
