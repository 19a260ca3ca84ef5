//! What happens to every request of the AWS API: decode, authenticate, authorise, act in a transaction, encode.
//!
//! This is the one place that knows all of it. An operation cannot open or keep a transaction, and cannot leave
//! without an audit record.

use std::{net::SocketAddr, sync::Arc};

use api::{CommonError, Kind, Response, Service, render_error, sigv4::SignedRequest};
use bytes::Bytes;
use domain::{
    Cx, Decided, RequestFacts, World,
    dispatch::{self, Failure, Prepared},
    identity::{self, Caller},
};
use http::{HeaderValue, header, request::Parts};
use http_body_util::Full;
use policy::Principal;
use types::{Fault, Region, Timestamp};

use crate::audit::{self, AuditLog};

/// Answers requests of the AWS API.
#[derive(Clone)]
pub struct Pipeline {
    world: Arc<World>,
    audit: AuditLog,
}

/// A request's body, as far as it came.
pub enum ReadBody {
    Whole(Bytes),
    TooLarge,
    /// The client stopped in the middle.
    Incomplete,
}

/// What becomes known of a request on its way, for its audit record.
struct Trail {
    /// The caller's source address is the peer's: no forwarding proxy is trusted.
    peer: SocketAddr,
    service: Service,
    operation: Option<&'static str>,
    access_key_id: Option<String>,
    region: Option<Region>,
    caller: Option<Caller>,
    decided: Vec<Decided>,
}

impl Pipeline {
    pub fn new(world: Arc<World>, audit: AuditLog) -> Self {
        Self { world, audit }
    }

    /// One request, one audit record, one answer.
    pub async fn respond(
        &self,
        parts: Parts,
        body: ReadBody,
        peer: SocketAddr,
    ) -> http::Response<Full<Bytes>> {
        let (begun, id) = (self.world.clock.now(), self.world.entropy.uuid());
        let mut trail = Trail {
            peer,
            service: Service::Sts,
            operation: None,
            access_key_id: None,
            region: None,
            caller: None,
            decided: Vec::new(),
        };
        let mut outcome = self.answer(&parts, body, &id, &mut trail).await;
        if let Err(error) = self.record(begun, &id, &trail, &outcome) {
            // What nobody can see afterwards must not be answered as done.
            outcome = Err(failure(
                &CommonError::Fault(Fault::new(error)),
                trail.service,
            ));
        }
        self.log(begun, &id, &trail, &outcome);
        let answer =
            outcome.unwrap_or_else(|failure| render_error(trail.service, &id, &failure.report));
        into_http(answer)
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: ReadBody,
        id: &str,
        trail: &mut Trail,
    ) -> Result<Response, Failure> {
        let (body, whole) = match body {
            ReadBody::Whole(body) => (body, Ok(())),
            ReadBody::TooLarge => (Bytes::new(), Err(CommonError::RequestTooLarge)),
            ReadBody::Incomplete => (
                Bytes::new(),
                Err(CommonError::Serialization(
                    "the body ended before its announced length".to_owned(),
                )),
            ),
        };
        let routed = api::route(parts, &body);
        (trail.service, trail.operation) = match &routed {
            Ok(routed) => (routed.service, Some(routed.operation)),
            Err(refused) => (refused.service, refused.operation),
        };
        let service = trail.service;
        whole.map_err(|error| failure(&error, service))?;
        let routed = routed.map_err(|refused| failure(&refused.error, service))?;

        let (caller, region) = self
            .authenticate(parts, &body, trail)
            .await
            .map_err(|error| failure(&error, service))?;
        let prepared =
            dispatch::prepare(service, routed.operation, routed.node).unwrap_or_else(|| {
                Err(failure(
                    &CommonError::UnknownOperation(routed.operation.to_owned()),
                    service,
                ))
            })?;
        let facts = RequestFacts {
            id: id.to_owned(),
            source_ip: Some(trail.peer.ip()),
            user_agent: text_of(parts, &header::USER_AGENT),
            secure: false,
        };
        self.act(prepared, caller, region, facts, trail).await
    }

    /// Who signed the request, and for which region.
    async fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        trail: &mut Trail,
    ) -> Result<(Caller, Region), CommonError> {
        let signed = SignedRequest::parse(parts, body)?;
        trail.access_key_id = Some(signed.access_key_id.clone());
        let mut db = self.world.store.read().await?;
        let caller = identity::authenticate(&mut db, &self.world, &signed, trail.service).await?;
        let region: Region = signed.scope.region.parse().map_err(Fault::new)?;
        trail.region = Some(region.clone());
        trail.caller = Some(caller.clone());
        Ok((caller, region))
    }

    /// Runs the operation in a session of its kind, and keeps what it wrote if it succeeded.
    async fn act(
        &self,
        prepared: Box<dyn Prepared>,
        caller: Caller,
        region: Region,
        facts: RequestFacts,
        trail: &mut Trail,
    ) -> Result<Response, Failure> {
        let service = trail.service;
        let fault = |fault: Fault| failure(&CommonError::Fault(fault), service);
        let session = match prepared.kind() {
            Kind::Read => self.world.store.read().await,
            Kind::Write => self.world.store.write().await,
        };
        let mut cx = Cx::new(
            Arc::clone(&self.world),
            session.map_err(fault)?,
            caller,
            region,
            facts,
        );
        let outcome = prepared.run(&mut cx).await;
        let ended = cx.end();
        trail.decided = ended.decided;
        match outcome {
            Ok(answer) => {
                ended.session.commit().await.map_err(fault)?;
                for action in ended.after_commit {
                    action(&self.world);
                }
                Ok(answer)
            }
            Err(failure) => {
                ended.session.rollback();
                Err(failure)
            }
        }
    }

    fn record(
        &self,
        begun: Timestamp,
        id: &str,
        trail: &Trail,
        outcome: &Result<Response, Failure>,
    ) -> std::io::Result<()> {
        let principal = trail.caller.as_ref().map(|caller| &caller.principal);
        let session = match principal {
            Some(Principal::RoleSession { session_name, .. }) => Some(session_name.as_str()),
            _ => None,
        };
        let decisions = trail.decided.iter().map(|decided| audit::Decision {
            action: &decided.action,
            resource: &decided.resource,
            verdict: if decided.allowed { "allow" } else { "deny" },
            statement: &decided.statement,
        });
        self.audit.write(&audit::Record {
            time: begun.to_iso8601_millis(),
            request_id: id,
            event: &trail.event(),
            caller: principal.map(Principal::arn),
            session,
            access_key_id: trail.access_key_id.as_deref(),
            task: trail
                .caller
                .as_ref()
                .and_then(|caller| caller.session.as_ref()?.task.as_deref()),
            account: trail.caller.as_ref().map(|caller| caller.account.as_str()),
            region: trail.region.as_ref().map(Region::as_str),
            source_address: trail.peer.ip(),
            decisions: decisions.collect(),
            outcome: match outcome {
                Ok(_) => "ok",
                Err(failure) => failure.report.code,
            },
        })
    }

    /// The operator's log: one line a request, with the whole cause where the failure is ours.
    fn log(&self, begun: Timestamp, id: &str, trail: &Trail, outcome: &Result<Response, Failure>) {
        let duration_ms = self.world.clock.now().as_millis() - begun.as_millis();
        let event = trail.event();
        match outcome {
            Ok(_) => tracing::debug!(request.id = id, event, duration_ms, "answered"),
            Err(Failure {
                report,
                fault: None,
            }) => {
                tracing::debug!(
                    request.id = id,
                    event,
                    duration_ms,
                    code = report.code,
                    "refused"
                );
            }
            Err(Failure {
                fault: Some(cause), ..
            }) => {
                tracing::error!(
                    request.id = id,
                    event,
                    duration_ms,
                    cause,
                    "a request failed"
                );
            }
        }
    }
}

impl Trail {
    fn event(&self) -> String {
        format!("{}:{}", self.service, self.operation.unwrap_or("?"))
    }
}

fn failure(error: &CommonError, service: Service) -> Failure {
    let fault = match error {
        CommonError::Fault(fault) => Some(fault.chain()),
        _ => None,
    };
    Failure {
        report: error.report(service),
        fault,
    }
}

fn text_of(parts: &Parts, name: &header::HeaderName) -> Option<String> {
    parts.headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn into_http(answer: Response) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = http::StatusCode::from_u16(answer.status)
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
