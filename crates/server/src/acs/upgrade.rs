//! The request that opens a session: its signature, its caller and its instance.

use std::sync::Arc;

use api::{CommonError, ErrorReport, Service, sigv4::SignedRequest};
use domain::{
    RequestFacts, World,
    ecs::agents::{self, Instance, Refusal},
    identity,
};
use http::{Response, StatusCode, Uri, request::Parts};
use types::{Fault, Region};

/// An agent that may open a session.
pub struct Admitted {
    pub instance: Instance,
    /// The agent's process has just begun: it has no credentials, and knows only the tasks it finds.
    pub new_agent: bool,
}

/// Verifies the signature and admits the caller to the instance's session.
pub async fn admit(
    world: &Arc<World>,
    upgrade: http::Request<()>,
) -> Result<Admitted, Response<String>> {
    let (mut parts, ()) = upgrade.into_parts();
    parts.uri = spaces_spelled_out(&parts.uri);
    let query = Query::of(&parts.uri);
    let (caller, region) = authenticate(world, &parts)
        .await
        .map_err(|error| refuse_common(&error))?;
    let request = RequestFacts {
        id: world.entropy.uuid(),
        source_ip: None,
        user_agent: None,
        secure: false,
    };
    let cluster = query.get("clusterArn");
    let instance_arn = query.get("containerInstanceArn");
    let instance = agents::admit(world, caller, region, request, &cluster, &instance_arn)
        .await
        .map_err(refuse)?;
    Ok(Admitted {
        instance,
        new_agent: query.get("sendCredentials") == "true",
    })
}

async fn authenticate(
    world: &Arc<World>,
    parts: &Parts,
) -> Result<(identity::Caller, Region), CommonError> {
    let signed = SignedRequest::parse(parts, b"")?;
    let mut db = world.store.read().await?;
    let caller = identity::authenticate(&mut db, world, &signed, Service::Ecs).await?;
    let region = signed.scope.region.parse().map_err(Fault::new)?;
    Ok((caller, region))
}

/// AWS: the agent sends a form-encoded query and signs one in which a space is `%20`, so a `+` has to be read as a space.
fn spaces_spelled_out(uri: &Uri) -> Uri {
    uri.to_string()
        .replace('+', "%20")
        .parse()
        .unwrap_or_else(|_| uri.clone())
}

/// The parameters of the upgrade's query.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(uri: &Uri) -> Self {
        let text = uri.query().unwrap_or_default();
        let decode = |part: &str| {
            percent_encoding::percent_decode_str(part)
                .decode_utf8_lossy()
                .into_owned()
        };
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> String {
        let mut pairs = self.0.iter();
        pairs
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }
}

fn refuse(refusal: Refusal) -> Response<String> {
    let (exception, text) = match refusal {
        Refusal::AccessDenied(text) => ("AccessDeniedException", text),
        Refusal::InvalidInstance(text) => ("InvalidInstanceException", text),
        Refusal::InvalidCluster(text) => ("InvalidClusterException", text),
        Refusal::InactiveInstance(text) => ("InactiveInstanceException", text),
        Refusal::Fault(fault) => return refuse_common(&CommonError::Fault(fault)),
    };
    answer(StatusCode::BAD_REQUEST, exception, &text)
}

fn refuse_common(error: &CommonError) -> Response<String> {
    if let CommonError::Fault(fault) = error {
        tracing::error!(cause = %fault.chain(), "an agent's session could not be opened");
    }
    let ErrorReport {
        code,
        status,
        message,
        ..
    } = error.report(Service::Ecs);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    answer(status, code, &message.unwrap_or_default())
}

/// The refusal of a server that is about to end; agents come back.
pub fn server_stops() -> Response<String> {
    answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServerException",
        "the server stops",
    )
}

/// A refusal as agents read it.
fn answer(status: StatusCode, exception: &str, text: &str) -> Response<String> {
    let body = serde_json::json!({"type": exception, "message": {"message": text}});
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_encoded_query_is_read_with_its_spaces() {
        let uri: Uri = "http://localhost/acs/ws?dockerVersion=DockerVersion%3A+20.10.24%2Bdfsg1&clusterArn=web"
            .parse()
            .unwrap();
        let uri = spaces_spelled_out(&uri);
        assert_eq!(
            uri.query(),
            Some("dockerVersion=DockerVersion%3A%2020.10.24%2Bdfsg1&clusterArn=web")
        );
        let query = Query::of(&uri);
        assert_eq!(query.get("dockerVersion"), "DockerVersion: 20.10.24+dfsg1");
        assert_eq!(query.get("clusterArn"), "web");
        assert_eq!(query.get("seqNum"), "");
    }

    #[test]
    fn a_refusal_names_its_exception_as_agents_expect() {
        let refused = refuse(Refusal::InactiveInstance("gone".to_owned()));
        assert_eq!(
            refused.body(),
            r#"{"type":"InactiveInstanceException","message":{"message":"gone"}}"#
        );
    }
}
