//! The request that opens a session: its signature, its caller and its instance.

use std::{net::IpAddr, sync::Arc};

use api::{CommonError, Service};
use domain::{
    Cx, RequestFacts, World,
    ecs::agents::{self, Instance, Refusal},
};
use http::{Response, StatusCode, Uri, request::Parts};
use types::Fault;

use crate::{
    audit::{AuditLog, Record, Trail},
    pipeline::authenticate,
};

/// An agent that may open a session.
pub struct Admitted {
    pub instance: Instance,
    /// The agent's process has just begun: it has no credentials, and knows only the tasks it finds.
    pub new_agent: bool,
}

/// Verifies the signature and admits the caller to the instance's session. Whatever comes of it is in the audit log, with
/// the address that the request's extensions hold where it came over the network.
pub async fn admit(
    world: &Arc<World>,
    audit: &AuditLog,
    upgrade: http::Request<()>,
) -> Result<Admitted, Response<String>> {
    let (mut parts, ()) = upgrade.into_parts();
    parts.uri = spaces_spelled_out(&parts.uri);
    let (begun, id) = (world.clock.now(), world.entropy.uuid());
    let mut trail = Trail {
        source_address: parts.extensions.get::<IpAddr>().copied(),
        ..Trail::default()
    };
    let outcome = decide(world, &parts, &id, &mut trail).await;
    let code = match &outcome {
        Ok(_) => "ok",
        Err(refused) => refused.exception,
    };
    let record = Record::of(&trail, begun, &id, "ecs:Poll", code);
    match audit.write(&record) {
        Ok(()) => outcome.map_err(Refused::into_response),
        Err(error) => Err(refuse_common(&CommonError::Fault(Fault::new(error))).into_response()),
    }
}

async fn decide(
    world: &Arc<World>,
    parts: &Parts,
    id: &str,
    trail: &mut Trail,
) -> Result<Admitted, Refused> {
    let (caller, region, db) = authenticate(world, parts, b"", Service::Ecs, trail)
        .await
        .map_err(|error| refuse_common(&error))?;
    let request = RequestFacts {
        id: id.to_owned(),
        source_ip: trail.source_address,
        user_agent: None,
        referer: None,
        secure: false,
        answer_form: api::AnswerForm::default(),
    };
    let mut cx = Cx::new(Arc::clone(world), db, caller, region, request);
    let query = Query::of(&parts.uri);
    let (cluster, instance) = (query.get("clusterArn"), query.get("containerInstanceArn"));
    let admitted = agents::admit(&mut cx, &cluster, &instance).await;
    trail.decided = cx.end().decided;
    Ok(Admitted {
        instance: admitted.map_err(refuse)?,
        new_agent: query.get("sendCredentials") == "true",
    })
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

/// An upgrade that is not granted.
struct Refused {
    status: StatusCode,
    exception: &'static str,
    text: String,
}

impl Refused {
    /// The refusal as agents read it.
    fn into_response(self) -> Response<String> {
        let body = serde_json::json!({"type": self.exception, "message": {"message": self.text}});
        let mut response = Response::new(body.to_string());
        *response.status_mut() = self.status;
        response
    }
}

fn refuse(refusal: Refusal) -> Refused {
    let (exception, text) = match refusal {
        Refusal::AccessDenied(text) => ("AccessDeniedException", text),
        Refusal::InvalidInstance(text) => ("InvalidInstanceException", text),
        Refusal::InvalidCluster(text) => ("InvalidClusterException", text),
        Refusal::InactiveInstance(text) => ("InactiveInstanceException", text),
        Refusal::Fault(fault) => return refuse_common(&CommonError::Fault(fault)),
    };
    Refused {
        status: StatusCode::BAD_REQUEST,
        exception,
        text,
    }
}

fn refuse_common(error: &CommonError) -> Refused {
    if let CommonError::Fault(fault) = error {
        tracing::error!(cause = %fault.chain(), "an agent's session could not be opened");
    }
    let report = error.report(Service::Ecs);
    Refused {
        status: StatusCode::from_u16(report.status).unwrap_or(StatusCode::BAD_REQUEST),
        exception: report.code,
        text: report.message.unwrap_or_default(),
    }
}

/// The refusal of a request that asks for no websocket.
pub fn no_websocket() -> Response<String> {
    Refused {
        status: StatusCode::BAD_REQUEST,
        exception: "BadRequestException",
        text: "a session is opened by the upgrade to a websocket".to_owned(),
    }
    .into_response()
}

/// The refusal of a server that is about to end; agents come back.
pub fn server_stops() -> Response<String> {
    Refused {
        status: StatusCode::SERVICE_UNAVAILABLE,
        exception: "ServerException",
        text: "the server stops".to_owned(),
    }
    .into_response()
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
            refused.into_response().body(),
            r#"{"type":"InactiveInstanceException","message":{"message":"gone"}}"#
        );
    }
}
