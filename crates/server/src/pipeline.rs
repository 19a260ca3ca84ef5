//! What happens to every request of the AWS API: decode, authenticate, authorise, act in a transaction, encode.
//!
//! This is the one place that knows all of it. An operation cannot open or keep a transaction, and cannot leave
//! without an audit record.

use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use api::{
    AnswerForm, CommonError, Kind, Response, Service, codec::Node, render_error,
    sigv4::SignedRequest,
};
use bytes::Bytes;
use domain::{
    Cx, RequestFacts, World,
    dispatch::{self, Failure, Prepared},
    identity::{self, Caller},
};
use http::{HeaderValue, header, request::Parts};
use http_body_util::Full;
use store::Session;
use types::{Fault, Region, Timestamp};
use zeroize::Zeroizing;

use crate::{
    audit::{AuditLog, Record, Trail},
    listener,
    s3::S3,
};

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

/// What a request asks for, as far as it could be told.
#[derive(Clone, Copy)]
struct Asked {
    /// In whose protocol it is answered.
    service: Service,
    operation: Option<&'static str>,
}

impl Pipeline {
    pub fn new(world: Arc<World>, audit: AuditLog) -> Self {
        Self { world, audit }
    }

    /// What answers the requests of S3, which has a protocol of its own.
    pub fn s3(&self) -> S3 {
        S3::new(Arc::clone(&self.world), self.audit.clone())
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
            source_address: Some(peer.ip()),
            ..Trail::default()
        };
        let (asked, mut outcome) = self.answer(&parts, body, &id, &mut trail).await;
        let event = format!("{}:{}", asked.service, asked.operation.unwrap_or("?"));
        let code = match &outcome {
            Ok(_) => "ok",
            Err(failure) => failure.report.code,
        };
        let record = Record::of(&trail, begun, &id, &event, code);
        if let Err(error) = self.audit.write(&record) {
            // What nobody can see afterwards must not be answered as done.
            let fault = CommonError::Fault(Fault::new(error));
            outcome = Err(failure(&fault, asked.service));
        }
        self.log(begun, &id, &event, &outcome);
        let form = AnswerForm::of(&parts);
        let answer = outcome
            .unwrap_or_else(|failure| render_error(form, asked.service, &id, &failure.report));
        into_http(answer)
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: ReadBody,
        id: &str,
        trail: &mut Trail,
    ) -> (Asked, Result<Response, Failure>) {
        let (body, whole) = match body {
            ReadBody::Whole(body) => (body, Ok(())),
            ReadBody::TooLarge => (Bytes::new(), Err(CommonError::RequestTooLarge)),
            ReadBody::Incomplete => {
                let text = "the body ended before its announced length".to_owned();
                (Bytes::new(), Err(CommonError::Serialization(text)))
            }
        };
        let (plain, whole) = match api::plain_body(&parts.headers, &body, listener::most(parts)) {
            Ok(plain) => (plain, whole),
            Err(error) => (Cow::Borrowed(&[] as &[u8]), whole.and(Err(error))),
        };
        let (asked, node) = match api::route(parts, &plain) {
            Ok(routed) => {
                let operation = Some(routed.operation);
                let service = routed.service;
                (Asked { service, operation }, Ok(routed.node))
            }
            Err(refused) => {
                let (service, operation) = (refused.service, refused.operation);
                (Asked { service, operation }, Err(refused.error))
            }
        };
        let outcome = match whole.and(node) {
            Ok(node) => self.perform(asked, parts, &body, node, id, trail).await,
            Err(error) => Err(failure(&error, asked.service)),
        };
        (asked, outcome)
    }

    /// Authenticates, checks the input, and acts.
    async fn perform(
        &self,
        Asked { service, operation }: Asked,
        parts: &Parts,
        body: &[u8],
        node: Node,
        id: &str,
        trail: &mut Trail,
    ) -> Result<Response, Failure> {
        let (caller, region, db) = authenticate(&self.world, parts, body, service, trail)
            .await
            .map_err(|error| failure(&error, service))?;
        let operation = operation.unwrap_or_default();
        let unknown = || {
            Err(failure(
                &CommonError::UnknownOperation(operation.to_owned()),
                service,
            ))
        };
        let prepared = dispatch::prepare(service, operation, node).unwrap_or_else(unknown)?;
        let facts = RequestFacts {
            id: id.to_owned(),
            source_ip: trail.source_address,
            user_agent: text_of(parts, &header::USER_AGENT),
            referer: text_of(parts, &header::REFERER),
            secure: false,
            answer_form: AnswerForm::of(parts),
        };
        let db = match prepared.kind() {
            Kind::Read => db,
            Kind::Write => {
                // Whoever waits for a turn to write must not keep a reader from others.
                drop(db);
                let db = self.world.store.write().await;
                db.map_err(|fault| failure(&CommonError::Fault(fault), service))?
            }
        };
        let cx = Cx::new(Arc::clone(&self.world), db, caller, region, facts);
        self.act(prepared, service, cx, trail).await
    }

    /// Runs the operation, and keeps what it wrote if it succeeded.
    async fn act(
        &self,
        prepared: Box<dyn Prepared>,
        service: Service,
        mut cx: Cx,
        trail: &mut Trail,
    ) -> Result<Response, Failure> {
        let fault = |fault: Fault| failure(&CommonError::Fault(fault), service);
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

    /// The operator's log: one line a request, with the whole cause where the failure is ours.
    fn log(&self, begun: Timestamp, id: &str, event: &str, outcome: &Result<Response, Failure>) {
        let duration_ms = self.world.clock.now().as_millis() - begun.as_millis();
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

/// Who signed a request to this service, and for which region. The session that was read with can be read on with, so
/// that a request sees one state of the store.
pub async fn authenticate(
    world: &World,
    parts: &Parts,
    body: &[u8],
    service: Service,
    trail: &mut Trail,
) -> Result<(Caller, Region, Session), CommonError> {
    let signed = SignedRequest::parse(parts, body)?;
    trail.access_key_id = Some(signed.access_key_id.clone());
    let mut db = world.store.read().await?;
    let caller = identity::authenticate(&mut db, world, &signed, service).await?;
    let region: Region = signed.scope.region.parse().map_err(Fault::new)?;
    trail.region = Some(region.clone());
    trail.caller = Some(caller.clone());
    Ok((caller, region, db))
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

pub fn into_http(answer: Response) -> http::Response<Full<Bytes>> {
    // Zeroed once it is sent: there may be secrets in it.
    let body = Bytes::from_owner(Zeroizing::new(answer.body));
    let mut response = http::Response::new(Full::new(body));
    *response.status_mut() = http::StatusCode::from_u16(answer.status)
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
