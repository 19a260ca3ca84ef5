//! Where a task and its containers are in their life, and how the agent's reports move them on.
//!
//! The agent reports PENDING, RUNNING and STOPPED, sometimes twice and sometimes several states of one container in
//! one report. Everything here takes that idempotently: statuses only move forwards, and a known fact stays.
//!
//! The other statuses are the control plane's, and each lasts as long as its cause: none is a matter of time.
//!
//! | status | until |
//! | --- | --- |
//! | PROVISIONING | the task has its place; one with a network interface: until its agent is being told |
//! | PENDING | the agent has begun |
//! | ACTIVATING | all containers run; only with a network interface |
//! | RUNNING | it ends by itself, or somebody wants it to stop |
//! | DEACTIVATING | the agent has the order to stop it; only with a network interface |
//! | STOPPING | its containers have ended |
//! | DEPROVISIONING | the agent has taken its network interface away |

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use types::Timestamp;

use crate::{
    fargate,
    reasons::{self, Stop, StopCode},
};

/// The last known status of a task or container, in the order in which they follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    const ALL: [Self; 8] = [
        Self::Provisioning,
        Self::Pending,
        Self::Activating,
        Self::Running,
        Self::Deactivating,
        Self::Stopping,
        Self::Deprovisioning,
        Self::Stopped,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether the task counts as pending: it is on its way to RUNNING.
    pub fn is_pending(self) -> bool {
        self < Self::Running
    }

    /// Whether its containers have ended. What may be left is a network interface.
    pub fn has_ended(self) -> bool {
        self >= Self::Deprovisioning
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the statuses that tasks have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no task status")]
pub struct ParseStatusError(String);

impl FromStr for Status {
    type Err = ParseStatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| ParseStatusError(text.to_owned()))
    }
}

/// What the health check of a container says, or those of a task's containers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Health {
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

impl Health {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// A port of the host that leads to a port of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Binding {
    #[serde(rename = "bindIP")]
    pub bind_ip: Option<String>,
    pub container_port: Option<i32>,
    pub host_port: Option<i32>,
    pub protocol: Option<String>,
    pub container_port_range: Option<String>,
    pub host_port_range: Option<String>,
}

/// What is known of one container of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerState {
    /// The last part of the container's ARN.
    pub id: String,
    pub name: String,
    pub image: String,
    pub essential: bool,
    pub cpu: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<String>,
    pub last_status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network_bindings: Vec<Binding>,
    /// What its health check says, if its definition has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// The network interface of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interface {
    /// It has none of its own.
    #[default]
    None,
    /// Its agent has not made the network behind it, or has taken it away.
    Detached,
    Attached,
}

/// What is known of a task's progress: the part of it that reports change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The task runs under Fargate's name, and says so in its reasons.
    pub fargate: bool,
    pub interface: Interface,
    pub last_status: Status,
    /// Whether the task is to run; what is not to run is to be stopped.
    pub wanted: bool,
    pub containers: Vec<ContainerState>,
    pub stop: Option<Stop>,
    /// When its agent was heard of it first.
    pub connectivity_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub stopping_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub pull_started_at: Option<Timestamp>,
    pub pull_stopped_at: Option<Timestamp>,
    pub execution_stopped_at: Option<Timestamp>,
}

/// The agent's report of a task, or of one container where `status` is `None`.
#[derive(Debug, Clone, Default)]
pub struct TaskReport {
    pub status: Option<Status>,
    pub reason: String,
    pub containers: Vec<ContainerReport>,
    /// Whether the task's network interface is there, where the agent says so.
    pub attached: Option<bool>,
    pub pull_started_at: Option<Timestamp>,
    pub pull_stopped_at: Option<Timestamp>,
    pub execution_stopped_at: Option<Timestamp>,
}

/// One state of one container in a report.
#[derive(Debug, Clone, Default)]
pub struct ContainerReport {
    pub name: String,
    pub status: Option<Status>,
    pub image_digest: Option<String>,
    pub runtime_id: Option<String>,
    pub exit_code: Option<i32>,
    pub reason: Option<String>,
    pub network_bindings: Vec<Binding>,
}

impl Progress {
    /// A task that was just accepted.
    pub fn new(containers: Vec<ContainerState>) -> Self {
        Self {
            fargate: false,
            interface: Interface::None,
            last_status: Status::Provisioning,
            wanted: true,
            containers,
            stop: None,
            connectivity_at: None,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            pull_started_at: None,
            pull_stopped_at: None,
            execution_stopped_at: None,
        }
    }

    /// The task has its place.
    ///
    /// AWS: one with a network interface goes on provisioning, as that is still to be made.
    pub fn place(&mut self) {
        if self.interface == Interface::None {
            self.hand_over();
        }
    }

    /// The agent of its place is being told.
    pub fn hand_over(&mut self) {
        if self.last_status == Status::Provisioning {
            self.last_status = Status::Pending;
        }
    }

    /// Somebody wants the task stopped. The first cause stays.
    pub fn request_stop(&mut self, stop: Stop, now: Timestamp) {
        if self.wanted {
            self.wanted = false;
            self.stop = Some(stop);
            self.stopping_at = Some(now);
            self.deactivate();
        }
    }

    /// The agent has the order to stop the task.
    pub fn stop_handed_over(&mut self) {
        if !self.wanted && self.last_status < Status::Stopping {
            self.last_status = Status::Stopping;
        }
    }

    /// AWS: a running task with a network interface is deactivated before its agent hears that it is to stop. One that
    /// ends by itself is past that.
    fn deactivate(&mut self) {
        let by_itself = |stop: &Stop| stop.code == StopCode::EssentialContainerExited;
        if self.interface != Interface::None
            && !self.wanted
            && self.last_status == Status::Running
            && !self.stop.as_ref().is_some_and(by_itself)
        {
            self.last_status = Status::Deactivating;
        }
    }

    /// The task ends without an agent having had a part in it.
    pub fn end_unlaunched(&mut self, stop: Stop, now: Timestamp) {
        self.request_stop(stop, now);
        self.end(now);
    }

    /// Nobody is left who could take the network interface of a task away that has ended: it went with its instance.
    pub fn end_without_agent(&mut self, now: Timestamp) {
        if self.last_status == Status::Deprovisioning {
            self.end(now);
        }
    }

    /// Takes in one report of the agent's.
    pub fn fold(&mut self, report: &TaskReport, now: Timestamp) {
        let over = self.last_status == Status::Stopped;
        for entry in &report.containers {
            if let Some(container) = self.containers.iter_mut().find(|c| c.name == entry.name) {
                container.fold(entry, self.fargate);
            }
        }
        keep_first(&mut self.pull_started_at, report.pull_started_at);
        keep_first(&mut self.pull_stopped_at, report.pull_stopped_at);
        keep_first(&mut self.execution_stopped_at, report.execution_stopped_at);
        if over {
            return;
        }
        keep_first(&mut self.connectivity_at, Some(now));
        self.note_interface(report.attached);
        match report.status {
            Some(Status::Stopped) => {
                let stop = reasons::of_stopped_task(self, &report.reason);
                self.request_stop(stop, now);
                // An agent that says nothing of a network interface has none to take away.
                if self.interface == Interface::Attached && report.attached == Some(true) {
                    self.deprovision();
                } else {
                    self.end(now);
                }
            }
            Some(status) => self.advance(status, now),
            None => {}
        }
        if !self.last_status.has_ended() && self.essential_container_stopped() {
            let stop = reasons::of_stopped_task(self, "");
            self.request_stop(stop, now);
        }
    }

    /// What the health checks of the essential containers say together; `None` where there are none.
    pub fn health(&self) -> Option<Health> {
        let essential = self.containers.iter().filter(|c| c.essential);
        let checks: Vec<Health> = essential.filter_map(|c| c.health).collect();
        if checks.is_empty() {
            None
        } else if checks.contains(&Health::Unhealthy) {
            Some(Health::Unhealthy)
        } else if checks.contains(&Health::Unknown) {
            Some(Health::Unknown)
        } else {
            Some(Health::Healthy)
        }
    }

    /// Takes in what the health check of a container says. Of a container without one, nothing is known.
    pub fn note_health(&mut self, container: &str, health: Health) {
        let found = self.containers.iter_mut().find(|c| c.name == container);
        if let Some(known) = found.and_then(|c| c.health.as_mut()) {
            *known = health;
        }
    }

    fn advance(&mut self, reported: Status, now: Timestamp) {
        let status = match reported {
            // AWS: what is pending to the agent, which looks for the images now, is activating where there is a
            // network interface.
            Status::Pending if self.interface != Interface::None => Status::Activating,
            reported => reported,
        };
        if status > self.last_status {
            self.last_status = status;
        }
        if reported == Status::Running && !self.last_status.has_ended() {
            keep_first(&mut self.started_at, Some(now));
        }
        self.deactivate();
    }

    fn note_interface(&mut self, attached: Option<bool>) {
        if self.interface != Interface::None {
            self.interface = match attached {
                Some(true) => Interface::Attached,
                Some(false) => Interface::Detached,
                None => self.interface,
            };
        }
    }

    fn deprovision(&mut self) {
        self.last_status = Status::Deprovisioning;
        self.stop_containers();
    }

    fn end(&mut self, now: Timestamp) {
        self.last_status = Status::Stopped;
        self.note_interface(Some(false));
        keep_first(&mut self.stopped_at, Some(now));
        self.stop_containers();
    }

    fn stop_containers(&mut self) {
        for container in &mut self.containers {
            container.last_status = Status::Stopped;
        }
    }

    fn essential_container_stopped(&self) -> bool {
        self.containers
            .iter()
            .any(|c| c.essential && c.last_status == Status::Stopped)
    }
}

impl ContainerState {
    fn fold(&mut self, report: &ContainerReport, fargate: bool) {
        if let Some(status) = report.status
            && status > self.last_status
        {
            self.last_status = status;
        }
        keep_first(&mut self.image_digest, report.image_digest.clone());
        keep_first(&mut self.runtime_id, report.runtime_id.clone());
        // AWS: a container that ended at once is reported RUNNING with its exit code already there; the code counts,
        // the status follows in the next report.
        keep_first(&mut self.exit_code, report.exit_code);
        let reason = report.reason.as_deref().filter(|r| !r.is_empty());
        let reason = reason.map(|reason| {
            if fargate {
                fargate::container_reason(reason, &self.image)
            } else {
                reason.to_owned()
            }
        });
        keep_first(&mut self.reason, reason.as_deref().map(reasons::cut));
        if !report.network_bindings.is_empty() {
            self.network_bindings.clone_from(&report.network_bindings);
        }
    }
}

fn keep_first<T>(known: &mut Option<T>, reported: Option<T>) {
    if known.is_none() {
        *known = reported;
    }
}

#[cfg(test)]
pub(crate) mod tests;
