//! A service and its scheduler, as values: what is wanted, which deployments there are, and what is to be done next.
//!
//! Whoever runs it gives it the ended tasks ([`Service::take_note`]), lets it draw conclusions ([`Service::advance`]), does
//! what it asks for ([`Service::steps`]) and tells it what came of that. Nothing here reads a clock or a database, so
//! the server and the simulation drive the same code.

mod advance;
mod daemon;
mod deployment;
mod events;
mod notes;
mod replica;
mod rules;
mod service_deployment;
mod steps;

use serde::{Deserialize, Serialize};
use types::Timestamp;

pub use deployment::{Deployment, Rollout};
pub use events::Event;
pub use rules::{Breaker, Rules, Threshold};
pub use service_deployment::{
    Counts, DeploymentStatus, Figures, HasEnded, Revision, Rollback, ServiceDeployment,
};
pub use steps::{Start, Steps, Stop};

use crate::states::{Health, Status};

/// Whether a service still wants anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ServiceStatus {
    Active,
    /// It was deleted and its last tasks are ending.
    Draining,
    Inactive,
}

impl ServiceStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// How many tasks a service has: a number of its own, or one on each container instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Strategy {
    Replica,
    Daemon,
}

/// A service: everything its scheduler remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub name: String,
    pub status: ServiceStatus,
    pub strategy: Strategy,
    /// What is asked for; a daemon has one task on each instance instead.
    pub desired_count: usize,
    pub rules: Rules,
    /// The newest first: that one is the primary deployment, which alone starts tasks.
    pub deployments: Vec<Deployment>,
    /// What a failed deployment is rolled back to. It stays known after its last task has gone.
    pub last_completed: Option<Deployment>,
    /// The newest first.
    pub events: Vec<Event>,
    /// Whether the last thing it reached was a steady state.
    pub steady: bool,
    /// The last attempt to deploy it, under way or not.
    #[serde(default)]
    pub attempt: Option<ServiceDeployment>,
    /// Attempts that are over and no longer the last one: for whoever stores them to keep elsewhere.
    #[serde(skip)]
    pub history: Vec<ServiceDeployment>,
}

/// One task of a service, as far as its scheduler cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub id: String,
    /// The id of its deployment.
    pub deployment: String,
    pub status: Status,
    /// Whether it is to run; what is not to run is ending.
    pub wanted: bool,
    /// `None` where no essential container has a health check.
    pub health: Option<Health>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_by: EndedBy,
    pub instance: Option<String>,
}

/// Why a task ended, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// Itself: its containers ended or could not be started.
    Itself,
    /// Its health checks.
    Health,
    /// Somebody wanted it to end: a user, or the scheduler.
    Wish,
}

/// The container instances of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instances {
    /// Those that are active, whether or not their agents are connected.
    pub active: Vec<String>,
    /// Those of them that tasks can be started on now.
    pub ready: Vec<String>,
}

impl Service {
    /// A new service with its first deployment.
    pub fn new(
        name: &str,
        strategy: Strategy,
        desired_count: usize,
        rules: Rules,
        first: Deployment,
    ) -> Self {
        let mut service = Self {
            name: name.to_owned(),
            status: ServiceStatus::Active,
            strategy,
            desired_count,
            rules,
            deployments: Vec::new(),
            last_completed: None,
            events: Vec::new(),
            steady: false,
            attempt: None,
            history: Vec::new(),
        };
        service.deploy(first);
        service
    }

    /// The deployment that starts tasks.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// Begins to replace all tasks by those of this deployment.
    pub fn deploy(&mut self, deployment: Deployment) {
        self.record_attempt(&deployment);
        self.make_primary(deployment);
    }

    fn make_primary(&mut self, deployment: Deployment) {
        self.steady = false;
        self.deployments.insert(0, deployment);
    }

    /// Asks for another number of tasks.
    pub fn scale(&mut self, desired_count: usize) {
        if self.desired_count != desired_count {
            self.desired_count = desired_count;
            self.steady = false;
        }
    }

    /// Ends the service: its tasks stop, and then it is inactive.
    pub fn drain(&mut self) {
        if self.status == ServiceStatus::Active {
            self.status = ServiceStatus::Draining;
            self.desired_count = 0;
            self.steady = false;
        }
    }

    /// How many tasks there should be.
    pub fn population(&self, instances: &Instances) -> usize {
        match (self.status, self.strategy) {
            (ServiceStatus::Active, Strategy::Replica) => self.desired_count,
            (ServiceStatus::Active, Strategy::Daemon) => instances.active.len(),
            (ServiceStatus::Draining | ServiceStatus::Inactive, _) => 0,
        }
    }

    fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|d| d.id == id)
    }

    fn is_primary(&self, task: &Task) -> bool {
        self.primary().is_some_and(|d| d.id == task.deployment)
    }

    /// Whether the task counts as healthy.
    ///
    /// AWS: one without a health check does so 40 s after it is RUNNING.
    pub fn is_healthy(&self, task: &Task, now: Timestamp) -> bool {
        task.is_up() && self.healthy_from(task).is_some_and(|from| from <= now)
    }

    /// When the task counts as healthy, if it goes on as it is.
    fn healthy_from(&self, task: &Task) -> Option<Timestamp> {
        match task.health {
            Some(Health::Healthy) => task.started_at,
            Some(Health::Unknown | Health::Unhealthy) => None,
            None => Some(task.started_at?.plus_secs(self.rules.healthy_after_secs)),
        }
    }
}

impl Task {
    /// Whether it takes part in anything: what has ended and only waits for its network to go is over.
    pub fn is_living(&self) -> bool {
        !self.status.has_ended()
    }

    /// It runs, is to run on, and nothing is known against it.
    fn is_up(&self) -> bool {
        self.wanted && self.status == Status::Running && self.health != Some(Health::Unhealthy)
    }
}

#[cfg(test)]
mod tests;
