//! The job that rotates secrets: it claims what is due, calls the operator's rotators step by step, and reports.
//!
//! The rows say what is wanted and how far it is, so it does not matter when this runs or how often, and on how many
//! servers over one store. It runs at once after every committed wish, and every second for what has become due.

mod config;
mod https;
mod invocation;
mod message;
mod output;
mod program;
mod spellings;
mod task;
mod users;

use std::{sync::Arc, time::Duration};

use domain::{
    World,
    identity::Caller,
    secretsmanager::rotation::{self, Claim, Found, Kind, Progress, Rotator},
};
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};
use types::Fault;

pub use config::{RotatorsError, read as read_rotators};

use crate::audit::{AuditLog, Record, Trail};
use invocation::{Invocation, InvokeError};

const SWEEP: Duration = Duration::from_secs(1);
const RENEW: Duration = Duration::from_secs(10);

/// So many rotators run at once.
const MOST: usize = 8;

/// What the job works with.
#[derive(Clone)]
pub struct Runner {
    pub world: Arc<World>,
    pub audit: AuditLog,
    /// Stands for this server in leases, now and after a restart.
    pub owner: Arc<str>,
}

impl Runner {
    /// Runs until `stop` turns true. A rotator that is called then is ended; its step is taken again at the next start.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        self.release().await;
        let mut running = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.world.rotation.rung() => {}
                _ = sweep.tick() => {}
                Some(_) = running.join_next() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            let free = MOST.saturating_sub(running.len());
            match rotation::claim_due(&self.world, &self.owner, i64::try_from(free).unwrap_or(0))
                .await
            {
                Ok(found) => {
                    for found in found {
                        let this = self.clone();
                        running.spawn(async move { this.carry_out(found).await });
                    }
                }
                Err(fault) => {
                    tracing::error!(cause = %fault.chain(), "due rotations could not be claimed; it is tried again");
                }
            }
        }
        running.shutdown().await;
        self.release().await;
    }

    /// What this server was at before is free to be claimed.
    async fn release(&self) {
        if let Err(fault) = rotation::release_all(&self.world, &self.owner).await {
            tracing::error!(cause = %fault.chain(), "rotations could not be released; they wait for their lease to end");
        }
    }

    async fn carry_out(&self, found: Found) {
        let claim = match found {
            Found::Run(claim) => claim,
            Found::Abandoned(claim) => {
                return self.record(
                    &claim,
                    "Abandoned",
                    "failed",
                    Some("its pending version was taken away"),
                );
            }
        };
        let arn = claim.secret_arn.clone();
        if let Err(fault) = self.attempt(claim).await {
            // The lease runs out, and the step is taken again.
            tracing::error!(secret.arn = arn, cause = %fault.chain(), "a rotation was interrupted");
        }
    }

    /// One attempt: steps until the last has succeeded or one has failed.
    async fn attempt(&self, mut claim: Claim) -> Result<(), Fault> {
        self.record(&claim, "Started", "ok", None);
        let outcome = loop {
            match self.step(&claim).await {
                Err(InvokeError::Fault(fault)) => return Err(fault),
                Err(error) => break Err(error),
                Ok(()) => {}
            }
            match rotation::step_succeeded(&self.world, &claim, &self.owner).await? {
                Progress::Next(step) => claim.step = step,
                progress => break Ok(progress),
            }
        };
        match outcome {
            Ok(Progress::Done) => self.record(&claim, "Succeeded", "ok", None),
            Ok(Progress::Gone) => {
                self.record(&claim, "Abandoned", "failed", Some("it was cancelled"));
            }
            Ok(progress) => {
                let why = "finishSecret: it ended without moving AWSCURRENT to the new version";
                self.record_failure(&claim, &progress, why);
            }
            Err(error) => {
                let why = format!("{}: {error}", claim.step.as_str());
                let progress = rotation::attempt_failed(&self.world, &claim, &self.owner).await?;
                self.record_failure(&claim, &progress, &why);
            }
        }
        Ok(())
    }

    /// Calls the rotator for one step, and keeps the claim meanwhile.
    async fn step(&self, claim: &Claim) -> Result<(), InvokeError> {
        let rotator = self
            .world
            .settings
            .rotators
            .find(&claim.function_arn, &claim.secret_arn)
            .ok_or_else(|| InvokeError::Unknown(claim.function_arn.clone()))?;
        let session = rotation::open_session(&self.world, claim, &rotator).await?;
        let invocation = Invocation {
            world: &self.world,
            claim,
            rotator: &rotator,
            session: &session,
        };
        let called = invocation.call();
        tokio::pin!(called);
        let mut renewals = tokio::time::interval(RENEW);
        renewals.tick().await;
        loop {
            tokio::select! {
                outcome = &mut called => return outcome,
                _ = renewals.tick() => {
                    // A rotation that was cancelled finishes its step all the same: half a step would be worse.
                    rotation::renew(&self.world, claim, &self.owner).await.map_err(InvokeError::Fault)?;
                }
            }
        }
    }

    fn record_failure(&self, claim: &Claim, progress: &Progress, why: &str) {
        let detail = match progress {
            Progress::Again(at) => format!("{why}; the next attempt is at {}", at.to_iso8601()),
            _ => why.to_owned(),
        };
        tracing::warn!(
            secret.arn = claim.secret_arn,
            secret.version = claim.version,
            detail,
            "a rotation failed"
        );
        self.record(claim, "Failed", "failed", Some(&detail));
        if *progress == Progress::GivenUp && claim.kind == Kind::Rotate {
            self.record(
                claim,
                "Abandoned",
                "failed",
                Some("there is no time for another attempt in its window"),
            );
        }
    }

    /// A line of the audit log, under the name that CloudTrail gives the event.
    fn record(&self, claim: &Claim, what: &str, outcome: &str, detail: Option<&str>) {
        let prefix = match claim.kind {
            Kind::Rotate => "Rotation",
            Kind::Test => "TestRotation",
        };
        let event = format!("secretsmanager:{prefix}{what}");
        let trail = Trail {
            region: Some(claim.region.clone()),
            caller: Some(Caller::service(
                "secretsmanager.amazonaws.com",
                &claim.account,
            )),
            ..Trail::default()
        };
        let id = self.world.entropy.uuid();
        let line = Record {
            resource: Some(&claim.secret_arn),
            detail,
            ..Record::of(&trail, self.world.clock.now(), &id, &event, outcome)
        };
        if let Err(error) = self.audit.write(&line) {
            tracing::error!(%error, event, secret.arn = claim.secret_arn, "the audit log could not be written");
        }
    }
}

/// What a rotator is called, for people to read.
fn describe(rotator: &Rotator) -> String {
    format!("rotator `{}`", rotator.name)
}
