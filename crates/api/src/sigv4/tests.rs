use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use http::{Request, request::Parts};
use types::{SecretValue, Timestamp};

use super::*;
use crate::Service;

mod properties;
mod vectors;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SIGNED_AT: i64 = 1_704_164_645;

/// A request that the SDK's own signer signed at 2024-01-02T03:04:05Z.
struct Signer {
    location: SignatureLocation,
    token: Option<&'static str>,
}

impl Signer {
    const HEADER: Self = Self {
        location: SignatureLocation::Headers,
        token: None,
    };
    const PRESIGNED: Self = Self {
        location: SignatureLocation::QueryParams,
        token: None,
    };

    fn sign(&self, mut request: Request<Vec<u8>>) -> (Parts, Vec<u8>) {
        let identity = Credentials::new(
            "AKIDEXAMPLE",
            SECRET,
            self.token.map(Into::into),
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        settings.signature_location = self.location;
        if self.location == SignatureLocation::QueryParams {
            settings.expires_in = Some(Duration::from_mins(15));
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("secretsmanager")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.unsigned_abs()))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned()))
            .collect();
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers.iter().map(|(k, v)| (k.as_str(), v.as_str())),
            SignableBody::Bytes(request.body()),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let (mut parts, body) = request.into_parts();
        // As a server sees it: the path alone, and the host in its header.
        let host = parts.uri.authority().unwrap().as_str().parse().unwrap();
        parts.headers.insert("host", host);
        parts.uri = parts
            .uri
            .path_and_query()
            .unwrap()
            .as_str()
            .parse()
            .unwrap();
        (parts, body)
    }
}

fn request() -> Request<Vec<u8>> {
    Request::post("http://localhost:4566/")
        .header("x-amz-target", "secretsmanager.ListSecrets")
        .header("content-type", "application/x-amz-json-1.1")
        .body(b"{}".to_vec())
        .unwrap()
}

fn verify_at(parts: &Parts, body: &[u8], now: i64) -> Result<(), SignatureError> {
    SignedRequest::parse(parts, body)?.verify(
        &SecretValue::from(SECRET),
        Service::SecretsManager,
        &SigningKeys::default(),
        Timestamp::from_secs(now),
    )
}

fn verify(parts: &Parts, body: &[u8]) -> Result<(), SignatureError> {
    verify_at(parts, body, SIGNED_AT)
}

fn replace(parts: &mut Parts, name: &'static str, from: &str, to: &str) {
    let old = parts.headers[name].to_str().unwrap().to_owned();
    assert!(old.contains(from), "{old}");
    parts
        .headers
        .insert(name, old.replace(from, to).parse().unwrap());
}

fn text(result: Result<(), SignatureError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_the_sdk_signs_verifies() {
    for signer in [Signer::HEADER, Signer::PRESIGNED] {
        let (parts, body) = signer.sign(request());
        assert_eq!(verify(&parts, &body), Ok(()));
    }
}

#[test]
fn a_session_token_is_read_and_covered() {
    for location in [SignatureLocation::Headers, SignatureLocation::QueryParams] {
        let signer = Signer {
            location,
            token: Some("token+/="),
        };
        let (parts, body) = signer.sign(request());
        let read = SignedRequest::parse(&parts, &body).unwrap();
        assert_eq!(read.session_token.as_deref(), Some("token+/="));
        assert_eq!(verify(&parts, &body), Ok(()));
    }
}

#[test]
fn an_unsigned_session_token_is_refused() {
    let (mut parts, body) = Signer::HEADER.sign(request());
    parts
        .headers
        .insert("x-amz-security-token", "token".parse().unwrap());
    assert_eq!(
        text(verify(&parts, &body)),
        "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."
    );
}

#[test]
fn a_plus_in_a_query_is_the_space_that_was_signed() {
    let uri = "http://localhost:4566/ws?agentHash=a%20b";
    let (mut parts, body) = Signer::HEADER.sign(Request::get(uri).body(Vec::new()).unwrap());
    parts.uri = "/ws?agentHash=a+b".parse().unwrap();
    assert_eq!(verify(&parts, &body), Ok(()));
}

#[test]
fn an_unsigned_request_is_told_so() {
    let (parts, body) = request().into_parts();
    assert_eq!(verify(&parts, &body), Err(SignatureError::Missing));
}

#[test]
fn an_unreadable_header_is_quoted() {
    let (mut parts, body) = request().into_parts();
    parts.headers.insert(
        "authorization",
        "AWS4-HMAC-SHA256 nonsense".parse().unwrap(),
    );
    assert_eq!(
        text(verify(&parts, &body)),
        "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 \
         nonsense'."
    );
}

#[test]
fn other_schemes_are_told_what_is_missing_too() {
    let (mut parts, body) = request().into_parts();
    parts
        .headers
        .insert("authorization", "Bearer abc".parse().unwrap());
    assert_eq!(
        text(verify(&parts, &body)),
        "'abc' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer abc'."
    );
}

#[test]
fn every_missing_part_is_named() {
    let (mut parts, body) = request().into_parts();
    parts
        .headers
        .insert("authorization", "AWS4-HMAC-SHA256 x=y".parse().unwrap());
    assert_eq!(
        text(verify(&parts, &body)),
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either \
         a 'X-Amz-Date' or a 'Date' header."
    );
}

#[test]
fn other_algorithms_are_incomplete_signatures() {
    let (mut parts, body) = Signer::HEADER.sign(request());
    replace(
        &mut parts,
        "authorization",
        "AWS4-HMAC-SHA256",
        "AWS4-ECDSA-P256-SHA256",
    );
    assert!(matches!(
        verify(&parts, &body),
        Err(SignatureError::Incomplete(_))
    ));
}

#[test]
fn the_scope_is_checked_part_by_part() {
    let scoped = |from: &str, to: &str| {
        let (mut parts, body) = Signer::HEADER.sign(request());
        replace(&mut parts, "authorization", from, to);
        text(verify(&parts, &body))
    };
    assert_eq!(
        scoped("/20240102/", "/20240103/"),
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20240103' != \
         '20240102', from '20240102T030405Z'."
    );
    assert_eq!(
        scoped("/eu-west-1/", "/nowhere/"),
        "Credential should be scoped to a valid region, not 'nowhere'. "
    );
    assert_eq!(
        scoped("/secretsmanager/", "/ssm/"),
        "Credential should be scoped to correct service: 'secretsmanager'. "
    );
    assert_eq!(
        scoped("/aws4_request", "/aws5_request"),
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
    );
    assert!(
        scoped("/aws4_request", "")
            .starts_with("Credential must have exactly 5 slash-delimited elements")
    );
}

#[test]
fn a_signature_is_good_for_five_minutes_each_way() {
    let (parts, body) = Signer::HEADER.sign(request());
    assert_eq!(verify_at(&parts, &body, SIGNED_AT + 300), Ok(()));
    assert_eq!(verify_at(&parts, &body, SIGNED_AT - 300), Ok(()));
    assert_eq!(
        text(verify_at(&parts, &body, SIGNED_AT + 301)),
        "Signature expired: 20240102T030405Z is now earlier than 20240102T030406Z (20240102T030906Z - 5 min.)"
    );
    assert_eq!(
        text(verify_at(&parts, &body, SIGNED_AT - 301)),
        "Signature not yet current: 20240102T030405Z is still later than 20240102T030404Z (20240102T025904Z + 5 min.)"
    );
}

#[test]
fn a_presigned_request_is_good_as_long_as_it_says() {
    let (parts, body) = Signer::PRESIGNED.sign(request());
    assert_eq!(verify_at(&parts, &body, SIGNED_AT + 900), Ok(()));
    assert_eq!(
        verify_at(&parts, &body, SIGNED_AT + 901),
        Err(SignatureError::RequestExpired)
    );
}

/// What a presigned request is told whose query string was changed so.
fn presigned_with(from: &str, to: &str) -> String {
    let (mut parts, body) = Signer::PRESIGNED.sign(request());
    let uri = parts.uri.to_string();
    assert!(uri.contains(from), "{uri}");
    parts.uri = uri.replace(from, to).parse().unwrap();
    text(verify(&parts, &body))
}

#[test]
fn a_presigned_request_is_good_for_a_second_to_a_week() {
    for (expires, told) in [
        (
            "604801",
            "X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than 604800 seconds",
        ),
        ("0", "X-Amz-Expires must be greater than zero"),
        ("-5", "X-Amz-Expires should be a number"),
        ("%2B5", "X-Amz-Expires should be a number"),
        ("", "X-Amz-Expires should be a number"),
        (
            "99999999999999999999",
            "X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than 604800 seconds",
        ),
    ] {
        let told_now = presigned_with("X-Amz-Expires=900", &format!("X-Amz-Expires={expires}"));
        assert_eq!(told_now, told, "{expires}");
    }
    // In time, yet not what was signed.
    for expires in ["604800", "1"] {
        let told = presigned_with("X-Amz-Expires=900", &format!("X-Amz-Expires={expires}"));
        assert_eq!(told, SignatureError::mismatch().to_string());
    }
}

#[test]
fn every_missing_parameter_of_a_presigned_request_is_named() {
    assert_eq!(
        presigned_with("X-Amz-Signature", "X-Nothing"),
        "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters."
    );
    let (mut parts, body) = request().into_parts();
    parts.uri = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256".parse().unwrap();
    assert_eq!(
        text(verify(&parts, &body)),
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
         'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters \
         must include 'X-Amz-Date'. Re-examine the query-string parameters."
    );
    assert_eq!(
        presigned_with("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."
    );
}

#[test]
fn nothing_is_said_twice() {
    let twice = presigned_with("X-Amz-Expires=900", "X-Amz-Expires=900&X-Amz-Expires=901");
    assert!(twice.contains("'X-Amz-Expires' once"), "{twice}");
    for name in ["authorization", "x-amz-date", "x-amz-target", "host"] {
        let (mut parts, body) = Signer::HEADER.sign(request());
        let value = parts.headers[name].clone();
        parts.headers.append(name, value);
        assert_eq!(
            text(verify(&parts, &body)),
            format!("The request has more than one '{name}' header.")
        );
    }
    let (mut parts, body) = Signer::HEADER.sign(request());
    replace(
        &mut parts,
        "authorization",
        "Signature=",
        "Signature=0, Signature=",
    );
    assert_eq!(
        text(verify(&parts, &body)),
        "Authorization header has more than one 'Signature' parameter."
    );
    let (mut parts, body) = Signer::HEADER.sign(request());
    parts.uri = "/?X-Amz-Signature=0".parse().unwrap();
    assert!(
        text(verify(&parts, &body))
            .starts_with("The request is signed both in its Authorization header")
    );
    let signer = Signer {
        location: SignatureLocation::QueryParams,
        token: Some("token"),
    };
    let (mut parts, body) = signer.sign(request());
    let token = "token".parse().unwrap();
    parts.headers.insert("x-amz-security-token", token);
    assert!(text(verify(&parts, &body)).starts_with("The request has a security token both"));
}

#[test]
fn the_date_header_of_http_will_do() {
    let canonical = "POST\n/\n\ndate:Tue, 02 Jan 2024 03:04:05 GMT\nhost:localhost:4566\n\ndate;host\n\
        44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let scope = "20240102/eu-west-1/secretsmanager/aws4_request";
    let text = format!(
        "AWS4-HMAC-SHA256\n20240102T030405Z\n{scope}\n{}",
        crypto::sha256_hex(canonical.as_bytes())
    );
    let (_, parsed) = Scope::parse(&format!("AKIDEXAMPLE/{scope}")).unwrap();
    let keys = SigningKeys::default();
    let signature = keys
        .key("AKIDEXAMPLE", &SecretValue::from(SECRET), &parsed)
        .sign(text.as_bytes());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders=date;host, Signature={signature}"
    );
    let (parts, body) = Request::post("/")
        .header("host", "localhost:4566")
        .header("date", "Tue, 02 Jan 2024 03:04:05 GMT")
        .header("authorization", authorization)
        .body(b"{}".to_vec())
        .unwrap()
        .into_parts();
    assert_eq!(verify(&parts, &body), Ok(()));
}

#[test]
fn the_payload_must_be_hashed_and_whole() {
    let claim = |name: &'static str, value: &'static str| {
        let (parts, body) = Signer::HEADER.sign({
            let mut request = request();
            request.headers_mut().insert(name, value.parse().unwrap());
            request
        });
        text(verify(&parts, &body))
    };
    assert_eq!(
        claim("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        "The payload must be signed: 'UNSIGNED-PAYLOAD' is not accepted by this service."
    );
    assert_eq!(
        claim("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        "The payload is signed in chunks ('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'), which this service does not accept; \
         sign the whole payload."
    );
    assert!(
        claim("content-encoding", "gzip, aws-chunked")
            .starts_with("The payload is encoded in chunks")
    );
    assert_eq!(
        claim(
            "x-amz-content-sha256",
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8b"
        ),
        "The provided 'x-amz-content-sha256' header does not match what was computed."
    );
    // Not signed, and a lie all the same.
    let (mut parts, body) = Signer::HEADER.sign(request());
    let lie = "UNSIGNED-PAYLOAD".parse().unwrap();
    parts.headers.insert("x-amz-content-sha256", lie);
    assert!(verify(&parts, &body).is_err());
}

#[test]
fn host_date_and_target_must_be_signed() {
    for (header, named) in [
        ("host;", "Host' or ':authority"),
        ("x-amz-date;", "x-amz-date"),
        (";x-amz-target", "x-amz-target"),
    ] {
        let (mut parts, body) = Signer::HEADER.sign(request());
        replace(&mut parts, "authorization", header, "");
        assert_eq!(
            text(verify(&parts, &body)),
            format!("'{named}' must be a 'SignedHeader' in the AWS Authorization.")
        );
    }
}

#[test]
fn another_secret_gives_another_signature() {
    let (parts, body) = Signer::HEADER.sign(request());
    let result = SignedRequest::parse(&parts, &body).unwrap().verify(
        &SecretValue::from("another"),
        Service::SecretsManager,
        &SigningKeys::default(),
        Timestamp::from_secs(SIGNED_AT),
    );
    assert_eq!(result, Err(SignatureError::mismatch()));
}
