//! One request, as its operation sees it.

use std::{net::IpAddr, sync::Arc};

use api::OperationAccess;
use store::Session;
use types::{AccountId, Arn, Entropy, Fault, Region, Timestamp};

use crate::{World, access::Decided, identity::Caller};

/// The caller, the region, the open session of the store, and the time: everything an operation works with.
///
/// The pipeline makes it and ends it; what the operation saved is kept or undone there, and every decision that was
/// taken on the way goes into the audit record.
pub struct Cx {
    pub world: Arc<World>,
    pub db: Session,
    pub caller: Caller,
    /// From the scope of the signature.
    pub region: Region,
    pub request: RequestFacts,
    pub(crate) decided: Vec<Decided>,
    /// The operation that runs, and its line in the table of who asks for what; none in the server's own jobs.
    pub(crate) running: Option<(&'static str, &'static OperationAccess)>,
    now: Timestamp,
    after_commit: Vec<fn(&World)>,
}

/// What is known of a request beside its body.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// The request id that the caller, the audit record and the operator's log all have.
    pub id: String,
    /// Absent for requests that the server makes for a caller, as on AWS.
    pub source_ip: Option<IpAddr>,
    pub user_agent: Option<String>,
    pub referer: Option<String>,
    /// Whether the request came over TLS (`aws:SecureTransport`).
    pub secure: bool,
    /// What the caller wants the answer in.
    pub answer_form: api::AnswerForm,
}

impl Cx {
    pub fn new(
        world: Arc<World>,
        db: Session,
        caller: Caller,
        region: Region,
        request: RequestFacts,
    ) -> Self {
        let now = world.clock.now();
        Self {
            world,
            db,
            caller,
            region,
            request,
            decided: Vec::new(),
            running: None,
            now,
            after_commit: Vec::new(),
        }
    }

    /// For what the server finds out by itself, as somebody whom it imagines to ask. It only reads.
    pub(crate) async fn imagined(
        world: &Arc<World>,
        caller: Caller,
        region: &Region,
    ) -> Result<Self, Fault> {
        let db = world.store.read().await?;
        let facts = RequestFacts {
            id: world.entropy.uuid(),
            source_ip: None,
            referer: None,
            user_agent: None,
            secure: true,
            answer_form: api::AnswerForm::default(),
        };
        Ok(Self::new(
            Arc::clone(world),
            db,
            caller,
            region.clone(),
            facts,
        ))
    }

    /// The moment of the request; it does not move while the operation runs.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The caller's account.
    pub fn account(&self) -> &AccountId {
        &self.caller.account
    }

    /// The partition of the request's region, the second part of every ARN made here.
    pub fn partition(&self) -> &'static str {
        self.region.partition()
    }

    /// The ARN of a regional resource in the caller's account.
    pub fn arn(&self, service: &str, resource: impl Into<String>) -> Arn {
        Arn::new(
            self.partition(),
            service,
            self.region.as_str(),
            self.account().as_str(),
            resource,
        )
    }

    pub fn entropy(&self) -> &dyn Entropy {
        self.world.entropy.as_ref()
    }

    /// Has something done once this operation's writes are on disk, such as waking a job; never if they are undone.
    pub fn after_commit(&mut self, action: fn(&World)) {
        self.after_commit.push(action);
    }

    /// Ends the request.
    pub fn end(self) -> Ended {
        Ended {
            session: self.db,
            after_commit: self.after_commit,
            decided: self.decided,
        }
    }
}

/// What is left of a request once its operation has answered.
pub struct Ended {
    /// To be committed or rolled back.
    pub session: Session,
    /// What to do after a commit.
    pub after_commit: Vec<fn(&World)>,
    /// For the audit record, in the order in which they were taken.
    pub decided: Vec<Decided>,
}
