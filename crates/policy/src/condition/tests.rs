use super::*;

fn conditions(text: &str) -> Vec<Condition> {
    parse(&Json::parse(text).unwrap(), Version::V2012, &Path::Root).unwrap()
}

fn holds(text: &str, context: &Context) -> bool {
    conditions(text).iter().all(|one| one.holds(context))
}

fn with(key: &str, value: &str) -> Context {
    Context::new().with(key, value)
}

fn list(key: &str, values: &[&str]) -> Context {
    let mut context = Context::new();
    context.set_list(key, values.iter().map(|v| (*v).to_owned()));
    context
}

#[test]
fn strings_compare_with_and_without_case_and_wildcards() {
    let context = with("a:k", "Blue*");
    assert!(holds(r#"{"StringEquals":{"A:K":"Blue*"}}"#, &context));
    assert!(!holds(r#"{"StringEquals":{"a:k":"blue*"}}"#, &context));
    assert!(!holds(
        r#"{"StringEquals":{"a:k":"Bl*"}}"#,
        &with("a:k", "Blue")
    ));
    assert!(holds(
        r#"{"StringEqualsIgnoreCase":{"a:k":"bLUE*"}}"#,
        &context
    ));
    assert!(holds(r#"{"StringLike":{"a:k":["x","B?ue*"]}}"#, &context));
    assert!(holds(r#"{"StringNotLike":{"a:k":["x*","y"]}}"#, &context));
    assert!(!holds(r#"{"StringNotLike":{"a:k":["x*","B*"]}}"#, &context));
}

#[test]
fn numbers_compare_as_decimals() {
    let seven = with("a:n", "7");
    assert!(holds(r#"{"NumericLessThanEquals":{"a:n":7.0}}"#, &seven));
    assert!(holds(r#"{"NumericGreaterThan":{"a:n":"6.5"}}"#, &seven));
    assert!(!holds(r#"{"NumericNotEquals":{"a:n":"7"}}"#, &seven));
    assert!(!holds(
        r#"{"NumericEquals":{"a:n":"7"}}"#,
        &with("a:n", "seven")
    ));
}

#[test]
fn dates_are_iso_8601_or_seconds_since_the_epoch() {
    let now = with("aws:CurrentTime", "2024-01-02T03:04:05Z");
    assert!(holds(
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2024-01-01"}}"#,
        &now
    ));
    assert!(holds(
        r#"{"DateLessThan":{"aws:CurrentTime":"2024-01-02T03:04:06+00:00"}}"#,
        &now
    ));
    assert!(holds(
        r#"{"DateEquals":{"aws:CurrentTime":1704164645}}"#,
        &now
    ));
}

#[test]
fn addresses_are_compared_with_blocks_of_both_families() {
    let here = with("aws:SourceIp", "203.0.113.7");
    assert!(holds(
        r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}}"#,
        &here
    ));
    assert!(holds(
        r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.8"}}"#,
        &here
    ));
    assert!(holds(
        r#"{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}"#,
        &with("aws:SourceIp", "2001:db8::1")
    ));
    assert!(holds(
        r#"{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}"#,
        &with("aws:SourceIp", "::ffff:127.0.0.1")
    ));
}

#[test]
fn booleans_bytes_and_arns_have_operators_of_their_own() {
    assert!(holds(
        r#"{"Bool":{"aws:SecureTransport":true}}"#,
        &with("aws:SecureTransport", "True")
    ));
    assert!(holds(
        r#"{"BinaryEquals":{"a:b":"QUI="}}"#,
        &with("a:b", "QUI=")
    ));
    let role = with("aws:PrincipalArn", "arn:aws:iam::111122223333:role/team/x");
    assert!(holds(
        r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/team/*"}}"#,
        &role
    ));
    assert!(holds(
        r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}"#,
        &role
    ));
}

#[test]
fn a_missing_key_fails_positive_operators_and_satisfies_negated_ones() {
    let none = Context::new();
    assert!(!holds(r#"{"StringEquals":{"a:k":"x"}}"#, &none));
    assert!(holds(r#"{"StringNotEquals":{"a:k":"x"}}"#, &none));
    assert!(holds(r#"{"StringEqualsIfExists":{"a:k":"x"}}"#, &none));
    assert!(!holds(
        r#"{"StringEqualsIfExists":{"a:k":"x"}}"#,
        &with("a:k", "y")
    ));
    assert!(!holds(r#"{"Bool":{"a:k":"false"}}"#, &none));
    assert!(holds(r#"{"NotIpAddress":{"a:k":"10.0.0.1"}}"#, &none));
}

#[test]
fn null_asks_for_presence() {
    let empty = list("a:k", &[]);
    assert!(holds(r#"{"Null":{"a:k":"true"}}"#, &Context::new()));
    assert!(holds(r#"{"Null":{"a:k":true}}"#, &empty));
    assert!(holds(r#"{"Null":{"a:k":"false"}}"#, &with("a:k", "")));
    assert!(!holds(r#"{"Null":{"a:k":"false"}}"#, &Context::new()));
}

#[test]
fn for_all_values_wants_every_value_and_accepts_none() {
    let test = r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#;
    assert!(holds(test, &list("aws:TagKeys", &["a", "b", "a"])));
    assert!(!holds(test, &list("aws:TagKeys", &["a", "c"])));
    assert!(holds(test, &list("aws:TagKeys", &[])));
    assert!(holds(test, &Context::new()));
}

#[test]
fn for_any_value_wants_one_value_and_refuses_none() {
    let test = r#"{"ForAnyValue:StringLike":{"aws:TagKeys":["a*","b"]}}"#;
    assert!(holds(test, &list("aws:TagKeys", &["x", "ab"])));
    assert!(!holds(test, &list("aws:TagKeys", &["x"])));
    assert!(!holds(test, &list("aws:TagKeys", &[])));
    assert!(!holds(test, &Context::new()));
    let negated = r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a","b"]}}"#;
    assert!(holds(negated, &list("aws:TagKeys", &["a", "c"])));
    assert!(!holds(negated, &list("aws:TagKeys", &["a", "b"])));
    let lenient = r#"{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":"a"}}"#;
    assert!(holds(lenient, &Context::new()));
}

#[test]
fn all_operators_and_all_keys_must_hold() {
    let test = r#"{"StringEquals":{"a:k":"x","a:l":"y"},"Bool":{"a:b":"true"}}"#;
    let two = with("a:k", "x").with("a:l", "y");
    assert!(!holds(test, &two));
    assert!(holds(test, &two.with("a:b", "true")));
}

#[test]
fn what_is_no_condition_is_refused() {
    for bad in [
        r#"{"StringMatches":{"a:k":"x"}}"#,
        r#"{"NullIfExists":{"a:k":"true"}}"#,
        r#"{"ForSomeValues:StringLike":{"a:k":"x"}}"#,
        r#"{"NumericEquals":{"a:k":"many"}}"#,
        r#"{"IpAddress":{"a:k":"300.0.0.1"}}"#,
        r#"{"StringEquals":"x"}"#,
        r#"{"StringEquals":{"a:k":{}}}"#,
        "[]",
    ] {
        let value = Json::parse(bad).unwrap();
        assert!(parse(&value, Version::V2012, &Path::Root).is_err(), "{bad}");
    }
}
