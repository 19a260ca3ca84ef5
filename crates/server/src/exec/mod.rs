//! `POST /_sealift/exec`: a command in a running container, for whoever may `ecs:ExecuteCommand` there.
//!
//! The request is signed like any other of ECS's, decided and written to the audit log before anything happens. Then the
//! connection is upgraded, and carries the command's streams between the caller and the session of the agent that has the
//! container.

mod stream;
pub mod wire;

pub use self::stream::{ExecOrder, ExecStream};

use std::{net::SocketAddr, sync::Arc};

use api::{AnswerForm, CommonError, ErrorReport, Service, ServiceError as _, render_error};
use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use domain::{
    Cx, RequestFacts, World,
    ecs::execute_command::{self, Target, Wanted},
};
use ecs::acs::{ExecStart, TerminalSize};
use http::{HeaderValue, StatusCode, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use types::Fault;

use crate::{
    Acs,
    audit::{AuditLog, Record, Trail},
    listener,
    pipeline::{ReadBody, authenticate},
};

const EVENT: &str = "ecs:ExecuteCommand";

/// Runs commands. Clones are the same.
#[derive(Clone)]
pub struct Execs {
    pub world: Arc<World>,
    pub audit: AuditLog,
    pub acs: Acs,
}

/// What a caller asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    cluster: Option<String>,
    task: String,
    container: Option<String>,
    command: Vec<String>,
    #[serde(default)]
    stdin: bool,
    terminal: Option<TerminalSize>,
}

impl Execs {
    /// Answers with the upgrade, or with ECS's error.
    pub async fn respond(&self, mut request: Request, peer: SocketAddr) -> Response {
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let (parts, body) = request.into_parts();
        let body = match listener::read(body, listener::most(&parts)).await {
            ReadBody::Whole(body) => body,
            ReadBody::TooLarge | ReadBody::Incomplete => Bytes::new(),
        };
        let (begun, id) = (self.world.clock.now(), self.world.entropy.uuid());
        let mut trail = Trail {
            source_address: Some(peer.ip()),
            ..Trail::default()
        };
        let mut decided = self.decide(&parts, &body, &id, &mut trail).await;
        let target = decided.as_ref().ok().map(|(target, _)| target.clone());
        let mut record = Record::of(&trail, begun, &id, EVENT, code(&decided));
        record.resource = target.as_ref().map(|target| target.task_arn.as_str());
        record.detail = target.as_ref().map(|target| target.container.as_str());
        if let Err(error) = self.audit.write(&record) {
            // What nobody can see afterwards must not be done.
            decided = Err(report(&CommonError::Fault(Fault::new(error))));
        }
        let answer = decided.and_then(|(target, start)| {
            let upgrade = upgrade.ok_or_else(|| no_upgrade(&parts))?;
            let stream = self.acs.exec(&target.instance, start);
            let stream = stream.ok_or_else(not_connected)?;
            tracing::info!(
                request.id = id,
                task.arn = target.task_arn,
                container = target.container,
                "a command runs in a container"
            );
            tokio::spawn(stream::carry(upgrade, stream));
            Ok(switched())
        });
        answer.unwrap_or_else(|report| refused(&parts, &id, &report))
    }

    async fn decide(
        &self,
        parts: &Parts,
        body: &[u8],
        id: &str,
        trail: &mut Trail,
    ) -> Result<(Target, ExecStart), ErrorReport> {
        let authenticated = authenticate(&self.world, parts, body, Service::Ecs, trail).await;
        let (caller, region, db) = authenticated.map_err(|error| report(&error))?;
        let asked: Asked = serde_json::from_slice(body)
            .map_err(|error| report(&CommonError::Serialization(error.to_string())))?;
        let request = RequestFacts {
            id: id.to_owned(),
            source_ip: trail.source_address,
            user_agent: None,
            referer: None,
            secure: false,
            answer_form: AnswerForm::of(parts),
        };
        let mut cx = Cx::new(Arc::clone(&self.world), db, caller, region, request);
        let wanted = Wanted {
            cluster: asked.cluster,
            task: asked.task,
            container: asked.container,
        };
        let admitted = execute_command::admit(&mut cx, &wanted).await;
        trail.decided = cx.end().decided;
        let target = admitted.map_err(|error| error.report())?;
        let start = ExecStart {
            task_arn: target.task_arn.clone(),
            container_name: target.container.clone(),
            command: asked.command,
            stdin: asked.stdin,
            terminal: asked.terminal,
        };
        Ok((target, start))
    }
}

fn code(decided: &Result<(Target, ExecStart), ErrorReport>) -> &'static str {
    match decided {
        Ok(_) => "ok",
        Err(report) => report.code,
    }
}

fn report(error: &CommonError) -> ErrorReport {
    if let CommonError::Fault(fault) = error {
        tracing::error!(cause = %fault.chain(), "a command could not be run");
    }
    error.report(Service::Ecs)
}

fn no_upgrade(parts: &Parts) -> ErrorReport {
    let text = format!(
        "{} wants an upgrade to {}",
        parts.uri.path(),
        wire::PROTOCOL
    );
    api::ecs::Error::InvalidParameter(text).report()
}

fn not_connected() -> ErrorReport {
    api::ecs::Error::InvalidParameter(execute_command::NOT_ENABLED.to_owned()).report()
}

fn switched() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(wire::PROTOCOL));
    response
}

fn refused(parts: &Parts, id: &str, report: &ErrorReport) -> Response {
    let answer = render_error(AnswerForm::of(parts), Service::Ecs, id, report);
    crate::pipeline::into_http(answer).map(Body::new)
}
