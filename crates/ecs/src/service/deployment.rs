//! One deployment of a service.

use serde::{Deserialize, Serialize};
use types::Timestamp;

/// The longest pause between attempts to start tasks that do not start.
const LONGEST_PAUSE_SECS: i64 = 15 * 60;
/// The longest pause where all that is missing is a place: one may be free at any moment.
const LONGEST_WAIT_FOR_A_PLACE_SECS: i64 = 60;

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Rollout {
    InProgress,
    Completed,
    /// It starts nothing any more.
    Failed,
}

impl Rollout {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// One version of a service's tasks, and how its roll-out goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `ecs-svc/` and a number.
    pub id: String,
    pub family: String,
    pub revision: i64,
    /// What its tasks are started with beside the task definition: whoever runs the service can read it.
    pub settings: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub rollout: Rollout,
    pub reason: String,
    /// As the circuit breaker counts.
    pub failed_tasks: usize,
    /// Since when it is the way back from one that failed. It is not given up itself.
    #[serde(default)]
    pub rolling_back_since: Option<Timestamp>,
    #[serde(default)]
    pub throttle: Throttle,
}

/// How often in a row tasks did not start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Attempts that failed one after the other. Tasks that were started together are one attempt.
    pub failures: u32,
    pub last_failure: Option<Timestamp>,
    /// The last attempt found no place for a task.
    pub no_place: bool,
}

impl Deployment {
    pub fn new(id: String, family: &str, revision: i64, settings: String, now: Timestamp) -> Self {
        Self {
            reason: format!("ECS deployment {id} in progress."),
            id,
            family: family.to_owned(),
            revision,
            settings,
            created_at: now,
            updated_at: now,
            rollout: Rollout::InProgress,
            failed_tasks: 0,
            rolling_back_since: None,
            throttle: Throttle::default(),
        }
    }

    /// Whether it may start tasks at this moment.
    pub(super) fn may_start(&self, now: Timestamp) -> bool {
        self.rollout != Rollout::Failed && self.throttle.until().is_none_or(|until| until <= now)
    }

    pub(super) fn end(&mut self, rollout: Rollout, reason: String, now: Timestamp) {
        self.rollout = rollout;
        self.reason = reason;
        self.updated_at = now;
    }
}

impl Throttle {
    /// Notes a task that did not start.
    pub(super) fn failed(&mut self, attempted_at: Timestamp, no_place: bool, now: Timestamp) {
        if self.last_failure.is_none_or(|last| attempted_at >= last) {
            self.failures = self.failures.saturating_add(1);
            self.last_failure = Some(now);
            self.no_place = no_place;
        }
    }

    /// When the next attempt may be made.
    pub(super) fn until(&self) -> Option<Timestamp> {
        let longest = if self.no_place {
            LONGEST_WAIT_FOR_A_PLACE_SECS
        } else {
            LONGEST_PAUSE_SECS
        };
        let doublings = self.failures.saturating_sub(1).min(16);
        let pause = (1_i64 << doublings).min(longest);
        Some(self.last_failure?.plus_secs(pause))
    }
}
