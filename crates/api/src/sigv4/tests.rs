use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use http::{Request, request::Parts};
use proptest::prelude::*;
use types::{SecretValue, Timestamp};

use super::*;
use crate::Service;

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

#[test]
fn a_presigned_request_is_good_for_a_week_at_most() {
    let (mut parts, body) = Signer::PRESIGNED.sign(request());
    let uri = parts
        .uri
        .to_string()
        .replace("X-Amz-Expires=900", "X-Amz-Expires=604801");
    parts.uri = uri.parse().unwrap();
    assert!(matches!(
        verify(&parts, &body),
        Err(SignatureError::Incomplete(_))
    ));
}

#[test]
fn the_payload_must_be_hashed() {
    let (parts, body) = Signer::HEADER.sign({
        let mut request = request();
        let claim = "UNSIGNED-PAYLOAD".parse().unwrap();
        request.headers_mut().insert("x-amz-content-sha256", claim);
        request
    });
    assert!(matches!(
        verify(&parts, &body),
        Err(SignatureError::Invalid(_))
    ));
}

#[test]
fn host_and_date_must_be_signed() {
    for (header, named) in [("host;", "Host"), ("x-amz-date;", "x-amz-date")] {
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

proptest! {
    #[test]
    fn whatever_the_sdk_signs_verifies(
        path in "(/[a-zA-Z0-9._~:@!$&'()*+,;=-]{1,6}|/%20|/%C3%A9|/\\.|/\\.\\.|/){0,5}",
        query in proptest::option::of("([a-zA-Z%]{0}[a-zA-Z0-9._~-]{1,5}(=[a-zA-Z0-9._~:@!$'()*,;/+-]{0,5}|=%2B%3D)?)(&[a-c]=[0-9]{0,2}){0,4}"),
        header in "[!-~]{1,8}( {1,3}[!-~]{1,8}){0,3}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        presigned in any::<bool>(),
    ) {
        let query = query.map(|q| format!("?{q}")).unwrap_or_default();
        let uri = format!("http://localhost:4566/{}{query}", path.trim_start_matches('/'));
        let request = Request::post(&uri).header("x-amz-meta", &header).body(body).unwrap();
        let signer = if presigned { Signer::PRESIGNED } else { Signer::HEADER };
        let (parts, body) = signer.sign(request);
        prop_assert_eq!(verify(&parts, &body), Ok(()), "{}", uri);
    }

    #[test]
    fn a_changed_byte_is_refused(which in 0..5_usize, at in any::<prop::sample::Index>()) {
        let (mut parts, mut body) = Signer::HEADER.sign(
            Request::post("http://localhost:4566/a/b?c=d")
                .header("x-amz-target", "secretsmanager.ListSecrets")
                .body(b"{\"MaxResults\":1}".to_vec())
                .unwrap(),
        );
        let change = |text: &str, at: usize| -> String {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            String::from_utf8(bytes).unwrap()
        };
        match which {
            0 => {
                let at = at.index(body.len());
                body[at] ^= 1;
            }
            1 => {
                let at = 1 + at.index(2);
                parts.uri = change("/a/b?c=d", if at == 2 { 3 } else { at }).parse().unwrap();
            }
            2 => parts.uri = change("/a/b?c=d", if at.index(2) == 0 { 5 } else { 7 }).parse().unwrap(),
            3 => {
                let name = ["host", "x-amz-target"][at.index(2)];
                let old = parts.headers[name].to_str().unwrap().to_owned();
                parts.headers.insert(name, change(&old, at.index(old.len())).parse().unwrap());
            }
            _ => {
                let old = parts.headers["authorization"].to_str().unwrap().to_owned();
                let signature = old.len() - 64;
                let new = change(&old, signature + at.index(64));
                parts.headers.insert("authorization", new.parse().unwrap());
            }
        }
        prop_assert!(verify(&parts, &body).is_err());
    }

    #[test]
    fn arbitrary_headers_never_panic(
        authorization in "(AWS4-HMAC-SHA256)? ?(Credential|SignedHeaders|Signature|x)?[=/, ;a-z0-9]{0,60}",
        date in "[0-9TZ]{0,17}",
        query in "(X-Amz-(Signature|Credential|Date|Expires|Algorithm|SignedHeaders)=[a-z0-9/%;]{0,9}&?){0,6}",
    ) {
        let mut builder = Request::get(format!("/?{query}")).header("x-amz-date", date);
        if !authorization.is_empty() {
            builder = builder.header("authorization", authorization);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let _ = verify(&parts, b"");
        let _ = scope_service(&parts);
    }
}
