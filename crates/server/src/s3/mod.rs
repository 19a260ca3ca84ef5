//! S3's HTTP, as much of it as environment files need: which operation a request asks for, what its signature covers,
//! how its body is encoded, and answers in XML. What the operations do is in `domain::s3`.

mod answer;
mod body;
mod checksum;
mod chunked;
mod document;
mod query;
mod range;
mod request;
mod target;

use std::{net::SocketAddr, sync::Arc};

use api::{Kind, Service, sigv4::SignedRequest};
use bytes::Bytes;
use domain::{
    Cx, RequestFacts, World, identity,
    s3::{self, Refusal, Request},
};
use http::{HeaderName, Method, Response, header, request::Parts};
use http_body_util::Full;
use types::{Fault, Region};

use self::{answer::Asked, target::Target};
use crate::{
    audit::{AuditLog, Record, Trail},
    pipeline::ReadBody,
};

pub use self::target::{is_meant, is_signed_for};

/// The largest object, and what chunks add to it.
pub const LONGEST_BODY: usize = s3::LARGEST_OBJECT + 64 * 1024;

/// Answers requests of S3.
pub struct S3 {
    world: Arc<World>,
    audit: AuditLog,
}

impl S3 {
    pub fn new(world: Arc<World>, audit: AuditLog) -> Self {
        Self { world, audit }
    }

    /// One request, one audit record, one answer.
    pub async fn respond(
        &self,
        parts: Parts,
        body: ReadBody,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let (begun, id) = (self.world.clock.now(), self.world.entropy.uuid());
        let mut trail = Trail {
            source_address: Some(peer.ip()),
            ..Trail::default()
        };
        let mut event = format!("{}:?", Service::S3);
        let asked = Asked::of(&parts, self.world.endpoint(), &id);
        let mut outcome = self
            .answer(&parts, body, &id, (&mut trail, &mut event))
            .await;
        let code = match &outcome {
            Ok(_) => "ok",
            Err(Refusal::Told { code, .. }) => code,
            Err(Refusal::Fault(fault)) => {
                tracing::error!(request.id = id, event, cause = %fault.chain(), "a request failed");
                "InternalError"
            }
        };
        let record = Record::of(&trail, begun, &id, &event, code);
        if let Err(error) = self.audit.write(&record) {
            // What nobody can see afterwards must not be answered as done.
            outcome = Err(Refusal::Fault(Fault::new(error)));
        }
        match outcome {
            Ok((request, answer)) => answer::answered(&asked, &parts, &request, answer),
            Err(refusal) => answer::refused(&asked, &refusal),
        }
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: ReadBody,
        id: &str,
        (trail, event): (&mut Trail, &mut String),
    ) -> Result<(Request, s3::Answer), Refusal> {
        let target = Target::parse(parts, self.world.endpoint())?;
        let wanted = request::parse(parts, target)?;
        wanted.operation().action.clone_into(event);
        let signed = SignedRequest::parse_s3(parts)?;
        trail.access_key_id = Some(signed.access_key_id.clone());
        let mut db = self.world.store.read().await?;
        let caller = identity::authenticate(&mut db, &self.world, &signed, Service::S3).await?;
        let region: Region = signed.scope.region.parse().map_err(Fault::new)?;
        trail.region = Some(region.clone());
        trail.caller = Some(caller.clone());
        let wanted = body::read(parts, body, wanted)?;
        if wanted.kind() == Kind::Write {
            // Whoever waits for a turn to write must not keep a reader from others.
            drop(db);
            db = self.world.store.write().await?;
        }
        let facts = RequestFacts {
            id: id.to_owned(),
            source_ip: trail.source_address,
            user_agent: text_of(parts, &header::USER_AGENT),
            referer: text_of(parts, &header::REFERER),
            secure: false,
            answer_form: api::AnswerForm::default(),
        };
        let cx = Cx::new(Arc::clone(&self.world), db, caller, region, facts);
        let answer = act(cx, wanted.clone(), trail).await?;
        Ok((wanted, answer))
    }
}

/// Runs the operation, and keeps what it wrote if it succeeded.
async fn act(mut cx: Cx, wanted: Request, trail: &mut Trail) -> Result<s3::Answer, Refusal> {
    let outcome = s3::run(&mut cx, wanted).await;
    let ended = cx.end();
    trail.decided = ended.decided;
    match outcome {
        Ok(answer) => {
            ended.session.commit().await?;
            Ok(answer)
        }
        Err(refusal) => {
            ended.session.rollback();
            Err(refusal)
        }
    }
}

fn text_of(parts: &Parts, name: &HeaderName) -> Option<String> {
    parts.headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn is_head(parts: &Parts) -> bool {
    parts.method == Method::HEAD
}
