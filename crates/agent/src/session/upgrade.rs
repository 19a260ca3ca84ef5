//! The request that opens a session: a websocket upgrade, signed with Signature Version 4.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::AgentConfig;

/// Who opens the session.
#[derive(Debug, Clone)]
pub(crate) struct SessionIdentity {
    pub container_instance_arn: String,
    pub docker_version: String,
}

/// `GET <endpoint>/ws?…`, signed as the instance. `send_credentials` asks for the credentials of all its tasks.
pub(super) async fn signed(
    config: &AgentConfig,
    identity: &SessionIdentity,
    endpoint: &str,
    send_credentials: bool,
) -> Result<http::Request<()>, String> {
    let credentials = config
        .credentials
        .provide_credentials()
        .await
        .map_err(|error| format!("no credentials: {error}"))?;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("agentHash", "sealift")
        .append_pair("agentVersion", env!("CARGO_PKG_VERSION"))
        .append_pair("clusterArn", &config.cluster)
        .append_pair("containerInstanceArn", &identity.container_instance_arn)
        .append_pair(
            "dockerVersion",
            &format!("DockerVersion: {}", identity.docker_version),
        )
        .append_pair("protocolVersion", "2")
        .append_pair(
            "sendCredentials",
            if send_credentials { "true" } else { "false" },
        )
        .append_pair("seqNum", "1")
        .finish()
        // A space as `%20` is read alike by everyone; as `+` the signature depends on who reads it.
        .replace('+', "%20");
    let uri: http::Uri = format!("{}/ws?{query}", endpoint.trim_end_matches('/'))
        .parse()
        .map_err(|error| format!("endpoint `{endpoint}` is no address: {error}"))?;
    let host = uri.authority().map(ToString::to_string).unwrap_or_default();
    let key: [u8; 16] = config.entropy.bytes();
    let mut request = http::Request::get(&uri)
        .header("host", &host)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", BASE64_STANDARD.encode(key))
        .body(())
        .map_err(|error| error.to_string())?;

    let identity = credentials.into();
    let millis = u64::try_from(config.clock.now().as_millis()).unwrap_or_default();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(config.region.as_str())
        .name("ecs")
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let uri = uri.to_string();
    let headers = std::iter::once(("host", host.as_str()));
    let signable = SignableRequest::new("GET", &uri, headers, SignableBody::Bytes(&[]))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(signable, &params)
        .map_err(|error| error.to_string())?
        .into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}
