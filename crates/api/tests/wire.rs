//! What goes over the wire, byte for byte.

use std::fmt::Write as _;

use api::{
    AnswerForm, CommonError, ErrorReport, Modeled, Protocol, Refused, Response, Service,
    ServiceError, ecs, iam, kms, render_error, render_output, route, secretsmanager,
    sigv4::SignatureError, ssm, sts,
};
use http::Request;
use types::{Fault, SecretValue, Timestamp};

const REQUEST_ID: &str = "11111111-2222-4333-8444-555555555555";

fn shown(response: &Response) -> String {
    let mut text = format!("{}\n", response.status);
    for (name, value) in &response.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = write!(text, "\n{}", String::from_utf8_lossy(&response.body));
    text
}

fn answer<O: Modeled>(output: &O::Output) -> String {
    shown(&render_output::<O>(AnswerForm::Usual, REQUEST_ID, output))
}

fn error(service: Service, report: &ErrorReport) -> String {
    shown(&render_error(
        AnswerForm::Usual,
        service,
        REQUEST_ID,
        report,
    ))
}

fn ask(
    headers: &[(&str, &str)],
    uri: &str,
    body: &[u8],
) -> Result<(Service, &'static str), String> {
    let mut request = Request::builder()
        .method(if body.is_empty() { "GET" } else { "POST" })
        .uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request
        .body(())
        .expect("a well-formed request")
        .into_parts();
    match route(&parts, body) {
        Ok(routed) => Ok((routed.service, routed.operation)),
        Err(Refused { service, error, .. }) => Err(format!("{service} {}", error.report(service))),
    }
}

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
const FORM: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
);

#[test]
fn json_answers_leave_out_what_is_absent_and_write_times_as_seconds() {
    let output = secretsmanager::get_secret_value::Output {
        arn: Some("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf".to_owned()),
        secret_string: Some(SecretValue::from("p\"ä\n")),
        version_stages: Some(vec!["AWSCURRENT".to_owned()]),
        created_date: Some(Timestamp::from_millis(1_702_056_142_034)),
        ..Default::default()
    };
    insta::assert_snapshot!(answer::<secretsmanager::get_secret_value::GetSecretValue>(
        &output
    ));
}

#[test]
fn binary_secrets_are_base64() {
    let output = secretsmanager::get_secret_value::Output {
        secret_binary: Some(SecretValue::from(b"footest".to_vec())),
        ..Default::default()
    };
    insta::assert_snapshot!(answer::<secretsmanager::get_secret_value::GetSecretValue>(
        &output
    ));
}

#[test]
fn a_json_operation_without_output_answers_nothing() {
    insta::assert_snapshot!(answer::<kms::create_alias::CreateAlias>(
        &kms::create_alias::Output {}
    ));
}

#[test]
fn query_answers_are_wrapped_in_result_and_metadata() {
    let output = iam::list_users::Output {
        users: Some(vec![iam::User {
            path: Some("/".to_owned()),
            user_name: Some("a<b>&\"c".to_owned()),
            create_date: Some(Timestamp::from_secs(1_704_164_645)),
            tags: Some(vec![iam::Tag {
                key: "k".to_owned(),
                value: "v".to_owned(),
            }]),
            ..Default::default()
        }]),
        is_truncated: Some(false),
        ..Default::default()
    };
    insta::assert_snapshot!(answer::<iam::list_users::ListUsers>(&output));
}

#[test]
fn a_query_operation_without_output_has_no_result() {
    insta::assert_snapshot!(answer::<iam::delete_role::DeleteRole>(
        &iam::delete_role::Output {}
    ));
}

#[test]
fn secrets_manager_spells_message_with_a_capital() {
    let report = secretsmanager::Error::ResourceNotFound("no such secret".to_owned()).report();
    insta::assert_snapshot!(error(Service::SecretsManager, &report));
}

#[test]
fn secrets_manager_spells_message_both_ways_where_its_model_has_no_error() {
    let report = CommonError::AccessDenied("no".to_owned()).report(Service::SecretsManager);
    insta::assert_snapshot!(error(Service::SecretsManager, &report));
}

#[test]
fn an_error_without_text_has_no_message() {
    let report = ssm::Error::ParameterNotFound(String::new()).report();
    insta::assert_snapshot!(error(Service::Ssm, &report));
}

#[test]
fn query_errors_say_who_is_at_fault() {
    let report =
        iam::Error::NoSuchEntity("The role with name r cannot be found.".to_owned()).report();
    insta::assert_snapshot!(error(Service::Iam, &report));
}

/// The services whose requests and answers are encoded here; of S3 there is the table of its operations alone.
fn spoken() -> impl Iterator<Item = Service> {
    let all = Service::ALL.into_iter();
    all.filter(|service| service.protocol() != Protocol::RestXml)
}

#[test]
fn a_fault_of_ours_tells_the_caller_nothing() {
    let mut text = String::new();
    for service in spoken() {
        let report = CommonError::from(Fault::new("disk on fire")).report(service);
        let rendered = error(service, &report);
        assert!(!rendered.contains("fire"));
        let _ = writeln!(text, "{service}\n{rendered}\n");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn signature_errors_have_a_code_per_protocol() {
    let mut text = String::new();
    for failure in [
        SignatureError::Missing,
        SignatureError::Incomplete("what".to_owned()),
        SignatureError::InvalidToken,
        SignatureError::ExpiredToken,
        SignatureError::mismatch(),
        SignatureError::RequestExpired,
    ] {
        for service in [Service::Kms, Service::Sts] {
            let report = CommonError::from(failure.clone()).report(service);
            let _ = writeln!(text, "{} {report}", report.status);
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn json_services_are_told_by_the_target() {
    let target = |target| ask(&[JSON, ("x-amz-target", target)], "/", b"{}");
    assert_eq!(
        target("secretsmanager.GetSecretValue"),
        Ok((Service::SecretsManager, "GetSecretValue"))
    );
    assert_eq!(
        target("AmazonSSM.GetParameters"),
        Ok((Service::Ssm, "GetParameters"))
    );
    assert_eq!(
        target("TrentService.Decrypt"),
        Ok((Service::Kms, "Decrypt"))
    );
    assert_eq!(
        target("AmazonEC2ContainerServiceV20141113.RunTask"),
        Ok((Service::Ecs, "RunTask"))
    );
}

#[test]
fn query_services_are_told_by_the_version() {
    assert_eq!(
        ask(&[FORM], "/", b"Action=GetCallerIdentity&Version=2011-06-15"),
        Ok((Service::Sts, "GetCallerIdentity"))
    );
    assert_eq!(
        ask(&[], "/?Action=ListUsers&Version=2010-05-08", b""),
        Ok((Service::Iam, "ListUsers"))
    );
}

#[test]
fn what_cannot_be_routed_is_refused_in_the_words_of_its_service() {
    let target = ("x-amz-target", "secretsmanager.ListSecrets");
    let sts = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIA/20240102/us-east-1/sts/aws4_request, Signature=x",
    );
    let deep = format!(r#"{{"a":{}}}"#, "[".repeat(5000));
    let cases = [
        (
            vec![JSON, ("x-amz-target", "secretsmanager.Nonsense")],
            b"{}".as_slice(),
        ),
        (vec![JSON, ("x-amz-target", "Nonsense")], b"{}"),
        (
            vec![
                JSON,
                (
                    "x-amz-target",
                    "AmazonEC2ContainerServiceV20141113.CreateTaskSet",
                ),
            ],
            b"{}",
        ),
        (vec![FORM], b"Action=Nonsense&Version=2011-06-15"),
        (vec![FORM], b"Action=GetCallerIdentity&Version=2010-05-08"),
        (
            vec![FORM],
            b"Action=CreateServiceLinkedRole&Version=2010-05-08",
        ),
        (vec![FORM, sts], b"Version=x"),
        (vec![FORM, sts], b"Action=%ff"),
        (vec![sts], b"x"),
        (vec![JSON], b"{}"),
        (vec![("smithy-protocol", "rpc-v2-cbor"), sts], b"x"),
        (vec![("content-type", "text/plain"), target], b"{}"),
        (vec![target], b"{}"),
        (vec![JSON, target], b"[]"),
        (vec![JSON, target], b"{\"MaxResults\":"),
        (vec![JSON, target], b"{\"a\":\"\xff\"}"),
        (vec![JSON, target], deep.as_bytes()),
    ];
    let mut text = String::new();
    for (headers, body) in cases {
        let _ = writeln!(text, "{}", ask(&headers, "/", body).unwrap_err());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_query_service_answers_in_json_where_that_is_asked_for() {
    let output = sts::get_caller_identity::Output {
        user_id: Some("AIDA".to_owned()),
        account: Some("123456789012".to_owned()),
        arn: Some("arn:aws:iam::123456789012:user/a".to_owned()),
    };
    let answer = render_output::<sts::get_caller_identity::GetCallerIdentity>(
        AnswerForm::Json,
        REQUEST_ID,
        &output,
    );
    assert_eq!(
        shown(&answer),
        format!(
            "200\ncontent-type: application/json\nx-amzn-requestid: {REQUEST_ID}\n\n{}",
            r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"UserId":"AIDA","Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/a"},"ResponseMetadata":{"RequestId":"11111111-2222-4333-8444-555555555555"}}}"#
        )
    );
    let report = CommonError::MissingAction.report(Service::Sts);
    let refused = render_error(AnswerForm::Json, Service::Sts, REQUEST_ID, &report);
    assert_eq!(
        String::from_utf8_lossy(&refused.body),
        r#"{"Error":{"Code":"MissingAction","Message":"The request must contain the parameter Action","Type":"Sender"},"RequestId":"11111111-2222-4333-8444-555555555555"}"#
    );
}

#[test]
fn a_cbor_client_is_refused_in_cbor() {
    let report = CommonError::UnknownProtocol("rpc-v2-cbor").report(Service::Kms);
    let refused = render_error(AnswerForm::Cbor, Service::Kms, REQUEST_ID, &report);
    let mut body = vec![0xa2];
    for text in [
        "__type",
        "UnknownOperationException",
        "message",
        "The protocol rpc-v2-cbor is not spoken here; use AWS JSON 1.1.",
    ] {
        body.extend([0x7a, 0, 0, 0, u8::try_from(text.len()).unwrap()]);
        body.extend(text.as_bytes());
    }
    assert_eq!(refused.body, body);
    let named = ("smithy-protocol", "rpc-v2-cbor".to_owned());
    assert!(refused.headers.contains(&named));
    assert!(
        refused
            .headers
            .contains(&("content-type", "application/cbor".to_owned()))
    );
}

#[test]
fn a_task_definition_is_given_back_as_it_came() {
    let text = r#"{"family":"web","containerDefinitions":[{"name":"app","image":"busybox","cpu":10,"essential":true,"environment":[{"name":"A","value":"1"}],"secrets":[{"name":"S","valueFrom":"arn:aws:ssm:us-east-1:123456789012:parameter/p"}],"dockerLabels":{"a":"b"},"repositoryCredentials":{"credentialsParameter":"arn"},"portMappings":[]}],"volumes":[]}"#;
    let input: ecs::register_task_definition::Input = api::codec::from_json_str(text).unwrap();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(json(&api::codec::to_json_string(&input)), json(text));
}

#[test]
fn every_operation_is_listed_once_under_its_name() {
    let mut count = 0;
    macro_rules! check {
        ($(($service:ident, $module:ident, $operation:ident))*) => {$(
            {
            type Checked = api::$service::$module::$operation;
            assert!(api::implemented_operations(Checked::SERVICE).contains(&Checked::NAME));
            assert!(api::known_operations(Checked::SERVICE).contains(&Checked::NAME));
            assert_eq!(Checked::ACTION, format!("{}:{}", Checked::SERVICE, Checked::NAME));
            count += 1;
            }
        )*};
    }
    api::for_each_operation!(check);
    let listed: usize = spoken()
        .map(|service| api::implemented_operations(service).len())
        .sum();
    assert_eq!(count, listed);
}
