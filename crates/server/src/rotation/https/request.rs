//! The request of a step, signed with the credentials that it carries: who receives it knows that nobody has changed it
//! on the way, and by asking this server whose the credentials are, that it comes from there.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use domain::secretsmanager::rotation::Https;
use http::{Request, header};
use http_body_util::Full;

use crate::rotation::invocation::Invocation;

/// What the request is signed for: a call of a function.
const SERVICE: &str = "lambda";

/// A request that posts `body` to the target.
pub(super) fn signed(
    invocation: &Invocation<'_>,
    target: &Https,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let host = authority(target);
    let mut request = Request::post(&target.path)
        .header(header::HOST, &host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "sealift")
        .body(())
        .map_err(|error| failed(&error))?;

    let identity = identity(invocation).into();
    let now = u64::try_from(invocation.world.clock.now().as_millis()).unwrap_or_default();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(invocation.claim.region.as_str())
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
        .settings(settings)
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let uri = format!("https://{host}{}", target.path);
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(&body));
    let signable = signable.map_err(|error| failed(&error))?;
    let (instructions, _) = sign(signable, &params)
        .map_err(|error| failed(&error))?
        .into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request.map(|()| Full::new(body)))
}

/// The host, with its port where that is not the usual one.
fn authority(target: &Https) -> String {
    let host = if target.host.contains(':') {
        format!("[{}]", target.host)
    } else {
        target.host.clone()
    };
    match target.port {
        443 => host,
        port => format!("{host}:{port}"),
    }
}

fn identity(invocation: &Invocation<'_>) -> Credentials {
    let session = &invocation.session.credentials;
    let text =
        |secret: &types::SecretValue| secret.expose_secret_str().unwrap_or_default().to_owned();
    Credentials::new(
        &session.access_key_id,
        text(&session.secret_access_key),
        Some(text(&session.session_token)),
        None,
        "sealift",
    )
}
