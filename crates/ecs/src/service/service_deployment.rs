//! The record of one attempt to deploy a service, which ECS calls a service deployment: where it went from, what to, and
//! how it ended. A [`Deployment`] is a revision of the service with its tasks; the way back from one that failed belongs to
//! the same attempt.

use serde::{Deserialize, Serialize};
use types::Timestamp;

use super::{Deployment, Instances, Rollout, Service, ServiceStatus, Task};
use crate::states::Status;

/// How far a service deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentStatus {
    Pending,
    InProgress,
    Successful,
    StopRequested,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

/// One attempt to deploy a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDeployment {
    /// It is for whoever stores it to give: what has none yet is new.
    pub id: String,
    pub status: DeploymentStatus,
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub target: Revision,
    /// The revisions that had tasks when it began, by the ids of their deployments.
    pub sources: Vec<String>,
    pub rollback: Option<Rollback>,
    /// Whether the circuit breaker has ended it.
    pub tripped: bool,
    /// How many of its tasks had failed when it was given up: on the way back its deployment is forgotten.
    pub failed: usize,
    /// How it stood when it ended.
    pub figures: Option<Figures>,
}

/// What a deployment's tasks are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// That of its deployment: `ecs-svc/` and a number.
    pub id: String,
    pub family: String,
    pub revision: i64,
    pub settings: String,
    pub created_at: Timestamp,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    pub reason: String,
    pub started_at: Timestamp,
    /// The deployment that is gone back to; there is none where none was ever completed.
    pub to: Option<String>,
}

/// The numbers of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Tasks that failed, as the circuit breaker counts.
    pub failed: usize,
    /// How many failed tasks end it; `None` without a circuit breaker.
    pub threshold: Option<usize>,
    pub target: Counts,
    /// In the order of the sources.
    pub sources: Vec<Counts>,
}

/// The tasks of one revision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub requested: usize,
    pub running: usize,
    pub pending: usize,
}

/// A service deployment that has ended cannot be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service deployment has ended")]
pub struct HasEnded;

impl DeploymentStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::StopRequested => "STOP_REQUESTED",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed
        )
    }
}

impl From<&Deployment> for Revision {
    fn from(deployment: &Deployment) -> Self {
        Self {
            id: deployment.id.clone(),
            family: deployment.family.clone(),
            revision: deployment.revision,
            settings: deployment.settings.clone(),
            created_at: deployment.created_at,
        }
    }
}

impl ServiceDeployment {
    pub(super) fn new(target: &Deployment, sources: Vec<String>) -> Self {
        Self {
            id: String::new(),
            status: DeploymentStatus::Pending,
            reason: None,
            created_at: target.created_at,
            updated_at: target.created_at,
            started_at: None,
            finished_at: None,
            stopped_at: None,
            target: target.into(),
            sources,
            rollback: None,
            tripped: false,
            failed: 0,
            figures: None,
        }
    }

    fn turn(&mut self, status: DeploymentStatus, reason: Option<&str>, now: Timestamp) {
        self.status = status;
        if let Some(reason) = reason {
            self.reason = Some(reason.to_owned());
        }
        self.updated_at = now;
        if status.has_ended() {
            self.finished_at = Some(now);
        }
        if status == DeploymentStatus::Stopped {
            self.stopped_at = Some(now);
        }
    }
}

impl Counts {
    /// The living tasks of a deployment. What is ending is neither running nor pending.
    pub fn of(deployment: &str, tasks: &[Task]) -> Self {
        let wanted = || {
            let of_it = tasks.iter().filter(|task| task.deployment == deployment);
            of_it.filter(|task| task.wanted && task.is_living())
        };
        let running = wanted().filter(|task| task.status == Status::Running);
        let (all, running) = (wanted().count(), running.count());
        Self {
            requested: all,
            running,
            pending: all - running,
        }
    }
}

impl Service {
    /// Begins the record of an attempt; the one before it ends here if it has not ended yet, and is history either way.
    pub(super) fn record_attempt(&mut self, target: &Deployment) {
        let now = target.created_at;
        let sources = self.deployments.iter().map(|d| d.id.clone()).collect();
        if let Some(mut earlier) = self.attempt.take() {
            if !earlier.status.has_ended() {
                // AWS: a deployment that another one overtakes is STOPPED; nobody quotes a reason.
                let reason = "Service deployment stopped because a new service deployment began.";
                earlier.turn(DeploymentStatus::Stopped, Some(reason), now);
                earlier.figures = Some(self.figures_of(&earlier, &[], self.desired_count));
            }
            self.history.push(earlier);
        }
        self.attempt = Some(ServiceDeployment::new(target, sources));
    }

    /// Asks for the end of the attempt that is under way; the next look begins it.
    ///
    /// AWS: one that is already on its way to an end goes on.
    pub fn request_stop(&mut self, roll_back: bool, now: Timestamp) -> Result<(), HasEnded> {
        let attempt = self.attempt.as_mut().filter(|one| !one.status.has_ended());
        let attempt = attempt.ok_or(HasEnded)?;
        if matches!(
            attempt.status,
            DeploymentStatus::Pending | DeploymentStatus::InProgress
        ) {
            let status = if roll_back {
                DeploymentStatus::RollbackRequested
            } else {
                DeploymentStatus::StopRequested
            };
            attempt.turn(status, None, now);
        }
        Ok(())
    }

    /// Follows what was asked for: an attempt starts, or somebody has stopped it.
    pub(super) fn follow_requests(&mut self, now: Timestamp) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        match attempt.status {
            DeploymentStatus::Pending => {
                attempt.started_at = Some(now);
                attempt.turn(DeploymentStatus::InProgress, None, now);
            }
            DeploymentStatus::StopRequested => {
                let reason = "Service deployment stopped by a user.";
                attempt.turn(DeploymentStatus::Stopped, Some(reason), now);
                self.fail_primary(reason, now);
            }
            DeploymentStatus::RollbackRequested => {
                let reason = "Service deployment rolled back by a user.";
                self.fail_primary(reason, now);
                self.begin_rollback(reason, now);
            }
            _ => {}
        }
    }

    fn fail_primary(&mut self, reason: &str, now: Timestamp) {
        if let Some(primary) = self.deployments.first_mut() {
            primary.end(Rollout::Failed, reason.to_owned(), now);
        }
        self.count_failures();
    }

    fn count_failures(&mut self) {
        if let (Some(attempt), Some(primary)) = (&mut self.attempt, self.deployments.first()) {
            attempt.failed = primary.failed_tasks;
        }
    }

    /// The way back, if there is any.
    pub(super) fn begin_rollback(&mut self, reason: &str, now: Timestamp) {
        let earlier = self.last_completed.clone();
        if let Some(attempt) = &mut self.attempt {
            attempt.rollback = Some(Rollback {
                reason: reason.to_owned(),
                started_at: now,
                to: earlier.as_ref().map(|d| d.id.clone()),
            });
            if earlier.is_some() {
                attempt.turn(DeploymentStatus::RollbackInProgress, Some(reason), now);
            } else {
                let reason = "There is no completed service deployment to roll back to.";
                attempt.turn(DeploymentStatus::RollbackFailed, Some(reason), now);
            }
        }
        if let Some(earlier) = earlier {
            self.roll_back_to(earlier, now);
        }
    }

    /// The circuit breaker has given the attempt up. Where there is a way back, that is part of it.
    pub(super) fn attempt_tripped(&mut self, rolls_back: bool, now: Timestamp) {
        self.count_failures();
        if let Some(attempt) = &mut self.attempt {
            attempt.tripped = true;
            if !rolls_back {
                let reason = "ECS deployment circuit breaker: tasks failed to start.";
                attempt.turn(DeploymentStatus::Stopped, Some(reason), now);
            }
        }
        if rolls_back {
            let reason = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
            self.begin_rollback(reason, now);
        }
    }

    /// The primary deployment is completed, and the attempt with it.
    pub(super) fn attempt_succeeded(&mut self, now: Timestamp) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        match attempt.status {
            DeploymentStatus::InProgress => attempt.turn(DeploymentStatus::Successful, None, now),
            DeploymentStatus::RollbackInProgress => {
                attempt.turn(DeploymentStatus::RollbackSuccessful, None, now);
            }
            _ => {}
        }
    }

    /// Keeps the numbers of an attempt that has just ended; one of a deleted service ends here.
    pub(super) fn close_attempt(&mut self, tasks: &[Task], instances: &Instances, now: Timestamp) {
        let deleted = self.status != ServiceStatus::Active;
        if let Some(attempt) = self.attempt.as_mut().filter(|_| deleted)
            && !attempt.status.has_ended()
        {
            let reason = "Service deployment stopped because the service was deleted.";
            attempt.turn(DeploymentStatus::Stopped, Some(reason), now);
        }
        let ended = |one: &&ServiceDeployment| one.status.has_ended() && one.figures.is_none();
        let Some(attempt) = self.attempt.as_ref().filter(ended) else {
            return;
        };
        let figures = self.figures_of(attempt, tasks, self.population(instances));
        if let Some(attempt) = &mut self.attempt {
            attempt.figures = Some(figures);
        }
    }

    /// How an attempt stands: as it ended, or as the tasks are.
    pub fn figures(
        &self,
        attempt: &ServiceDeployment,
        tasks: &[Task],
        instances: &Instances,
    ) -> Figures {
        let now = || self.figures_of(attempt, tasks, self.population(instances));
        attempt.figures.clone().unwrap_or_else(now)
    }

    fn figures_of(
        &self,
        attempt: &ServiceDeployment,
        tasks: &[Task],
        population: usize,
    ) -> Figures {
        let target = &attempt.target.id;
        let deployment = self.deployments.iter().find(|d| d.id == *target);
        let breaker = self.rules.breaker.as_ref();
        Figures {
            failed: deployment.map_or(attempt.failed, |d| d.failed_tasks),
            threshold: breaker.map(|breaker| breaker.threshold.failures(population)),
            target: self.counts(target, tasks, population),
            sources: attempt
                .sources
                .iter()
                .map(|id| self.counts(id, tasks, population))
                .collect(),
        }
    }

    /// The tasks of a deployment: the primary one asks for as many as there should be, an earlier one for no more than it
    /// still has.
    pub fn counts(&self, deployment: &str, tasks: &[Task], population: usize) -> Counts {
        let counts = Counts::of(deployment, tasks);
        if self.primary().is_some_and(|d| d.id == deployment) {
            Counts {
                requested: population,
                ..counts
            }
        } else {
            counts
        }
    }

    /// A revision that the service still remembers.
    pub fn revision(&self, id: &str) -> Option<Revision> {
        let target = self.attempt.as_ref().map(|attempt| &attempt.target);
        if let Some(target) = target.filter(|target| target.id == id) {
            return Some(target.clone());
        }
        let mut known = self.deployments.iter().chain(&self.last_completed);
        known.find(|d| d.id == id).map(Revision::from)
    }
}

#[cfg(test)]
mod tests;
