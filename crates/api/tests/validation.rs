//! Constraint violations, in AWS's words.

use api::{
    CommonError, Modeled, ServiceError, codec::parse_json, codec::parse_query, decode_input,
};
use api::{ecs, iam, kms, secretsmanager, ssm, sts};

fn json<O: Modeled>(body: &str) -> Result<O::Input, String> {
    decode_input::<O>(parse_json(body.as_bytes()).expect("the body can be read"))
        .map_err(|error| error.report().to_string())
}

fn query<O: Modeled>(body: &str) -> Result<O::Input, String> {
    decode_input::<O>(parse_query(body.as_bytes()).expect("the body can be read"))
        .map_err(|error| error.report().to_string())
}

/// What is wrong with a body, or nothing.
fn refusal<T>(result: Result<T, String>) -> String {
    result.err().unwrap_or_else(|| "accepted".to_owned())
}

#[test]
fn a_required_member_must_be_there() {
    use secretsmanager::get_secret_value::GetSecretValue;
    insta::assert_snapshot!(
        refusal(json::<GetSecretValue>("{}")),
        @"ValidationException: 1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        refusal(json::<GetSecretValue>(r#"{"SecretId":null}"#)),
        refusal(json::<GetSecretValue>("{}"))
    );
}

#[test]
fn every_violation_is_listed() {
    let body = format!(
        r#"{{"ClientRequestToken":"short","Description":"{}"}}"#,
        "d".repeat(2049)
    );
    let text = refusal(json::<secretsmanager::create_secret::CreateSecret>(&body));
    assert!(
        text.starts_with("ValidationException: 3 validation errors detected: "),
        "{text}"
    );
    assert!(text.contains("; Value 'short' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32; "), "{text}");
}

#[test]
fn lengths_count_characters_of_a_text() {
    use secretsmanager::create_secret::CreateSecret;
    let body = |n: usize| format!(r#"{{"Name":"n","Description":"{}"}}"#, "é".repeat(n));
    assert!(json::<CreateSecret>(&body(2048)).is_ok());
    assert!(json::<CreateSecret>(&body(2049)).is_err());
}

#[test]
fn a_sensitive_value_is_not_echoed() {
    insta::assert_snapshot!(
        refusal(json::<kms::encrypt::Encrypt>(r#"{"KeyId":"k","Plaintext":""}"#)),
        @"ValidationException: 1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
    let body = format!(
        r#"{{"Name":"n","SecretString":"{}"}}"#,
        "canary".repeat(20_000)
    );
    let text = refusal(json::<secretsmanager::create_secret::CreateSecret>(&body));
    assert!(text.contains("Value at 'secretString' failed"), "{text}");
    assert!(!text.contains("canary"));
}

#[test]
fn wrongly_typed_secrets_are_not_echoed_either() {
    for body in [
        r#"{"Name":"n","SecretString":{"canary":"canary"}}"#,
        r#"{"Name":"n","SecretString":["canary"]}"#,
        r#"{"Name":"n","SecretBinary":"canary!"}"#,
        r#"{"Name":["canary"],"SecretString":1}"#,
    ] {
        let text = refusal(json::<secretsmanager::create_secret::CreateSecret>(body));
        assert!(text.starts_with("SerializationException: "), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn numbers_have_a_range() {
    insta::assert_snapshot!(
        refusal(json::<kms::generate_data_key::GenerateDataKey>(r#"{"KeyId":"k","NumberOfBytes":1025}"#)),
        @"ValidationException: 1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024"
    );
}

#[test]
fn enumerations_list_their_values() {
    insta::assert_snapshot!(
        refusal(json::<ssm::put_parameter::PutParameter>(r#"{"Name":"n","Value":"v","Type":"Secret"}"#)),
        @"ValidationException: 1 validation error detected: Value 'Secret' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]"
    );
}

#[test]
fn a_list_reports_its_bad_values_at_itself() {
    insta::assert_snapshot!(
        refusal(json::<ssm::get_parameters::GetParameters>(r#"{"Names":["a",""]}"#)),
        @"ValidationException: 1 validation error detected: Value '[a, ]' at 'names' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1]"
    );
    insta::assert_snapshot!(
        refusal(json::<ssm::get_parameters::GetParameters>(r#"{"Names":["a","b","c","d","e","f","g","h","i","j","k"]}"#)),
        @"ValidationException: 1 validation error detected: Value '[a, b, c, d, e, f, g, h, i, j, k]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10"
    );
}

#[test]
fn a_list_of_structures_reports_the_member() {
    insta::assert_snapshot!(
        refusal(json::<secretsmanager::create_secret::CreateSecret>(r#"{"Name":"n","Tags":[{"Key":"a","Value":"b"},{"Key":""}]}"#)),
        @"ValidationException: 1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
}

#[test]
fn patterns_must_match_the_whole_text() {
    let body = "RoleArn=arn:aws:iam::123456789012:role/r&RoleSessionName=Session1:2";
    insta::assert_snapshot!(
        refusal(query::<sts::assume_role::AssumeRole>(body)),
        @r"ValidationError: 1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
    );
}

#[test]
fn query_services_name_the_error_differently() {
    insta::assert_snapshot!(
        refusal(query::<iam::get_role::GetRole>("")),
        @"ValidationError: 1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn ecs_calls_a_violation_an_invalid_parameter() {
    let text = refusal(json::<ecs::run_task::RunTask>("{}"));
    assert!(text.starts_with("InvalidParameterException: "), "{text}");
}

#[test]
fn a_value_of_another_type_does_not_deserialize() {
    use ecs::run_task::RunTask;
    for (body, text) in [
        (
            r#"{"taskDefinition":1}"#,
            "NUMBER_VALUE can not be converted to a String",
        ),
        (
            r#"{"taskDefinition":true}"#,
            "TRUE_VALUE can not be converted to a String",
        ),
        (
            r#"{"taskDefinition":{}}"#,
            "Start of structure or map found where not expected.",
        ),
        (
            r#"{"taskDefinition":[]}"#,
            "Start of list found where not expected",
        ),
        (
            r#"{"taskDefinition":"t","count":"1"}"#,
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"taskDefinition":"t","count":1.5}"#,
            "DECIMAL_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"taskDefinition":"t","count":4294967296}"#,
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"taskDefinition":"t","tags":"x"}"#,
            "Expected list or null",
        ),
        (
            r#"{"taskDefinition":"t","overrides":"x"}"#,
            "Expected structure or null",
        ),
    ] {
        assert_eq!(
            refusal(json::<RunTask>(body)),
            format!("SerializationException: {text}"),
            "{body}"
        );
    }
}

#[test]
fn unknown_members_are_ignored() {
    let input =
        json::<ecs::run_task::RunTask>(r#"{"taskDefinition":"t","fromTheFuture":{"a":[1]}}"#)
            .unwrap();
    assert_eq!(input.task_definition, "t");
}

#[test]
fn an_absent_list_differs_from_an_empty_one() {
    let tags = |body| json::<ecs::run_task::RunTask>(body).unwrap().tags;
    assert_eq!(tags(r#"{"taskDefinition":"t"}"#), None);
    assert_eq!(
        tags(r#"{"taskDefinition":"t","tags":[]}"#),
        Some(Vec::new())
    );
}

#[test]
fn denials_have_a_code_per_protocol() {
    let report = |service| CommonError::AccessDenied("no".to_owned()).report(service);
    let denied = report(api::Service::Iam);
    assert_eq!((denied.code, denied.status), ("AccessDenied", 403));
    let denied = report(api::Service::Ssm);
    assert_eq!((denied.code, denied.status), ("AccessDeniedException", 400));
}
