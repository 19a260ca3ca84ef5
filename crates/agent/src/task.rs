//! One task from payload to end: `NONE → PULLED → CREATED → RUNNING → STOPPED` for each of its containers.
//!
//! A task has one owner, which alone changes its state. Everything that takes time (looking up, pulling, fetching
//! values, creating, starting, waiting) is a job beside it that ends in an event. After each event the owner asks
//! [`plan`] what is possible next.

mod accept;
mod dependencies;
mod environment;
mod held;
mod images;
mod owner;
mod plan;
mod reporting;
mod steps;

pub(crate) use accept::accept;
use std::net::IpAddr;

use ecs::acs::{Credentials, HeldSecret};
pub(crate) use owner::Owner;
use types::Timestamp;

use crate::{
    report::{ContainerReport, ReportedStatus},
    resolve::ResolveError,
    runtime::{Health, NetworkBinding, RuntimeError},
};

/// What the control plane wants of a task that is known already.
pub(crate) enum Command {
    ExecutionRole(Credentials),
    Stop,
}

/// What others may know of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub wanted_running: bool,
    pub stopped_at: Option<Timestamp>,
}

/// How far a container has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    #[default]
    None,
    ManifestPulled,
    Pulled,
    Created,
    Running,
    Stopped,
}

impl Known {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::ManifestPulled => "MANIFEST_PULLED",
            Self::Pulled => "PULLED",
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What the owner knows of one container.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub known: Known,
    /// A step is under way; its event is to come.
    pub busy: bool,
    /// It was told to stop.
    pub stopping: bool,
    /// When it was started, if it ever was.
    pub started_at: Option<Timestamp>,
    pub health: Health,
    pub runtime_id: Option<String>,
    pub image_digest: Option<String>,
    /// The image's name here, where that is not the container's.
    pub image_here: Option<String>,
    pub manifest_failed: bool,
    pub exit_code: Option<i64>,
    /// The first error is kept.
    pub reason: Option<String>,
    pub bindings: Vec<NetworkBinding>,
    /// The address of the task, where its containers share one network.
    pub address: Option<IpAddr>,
    /// Which versions of which secrets it was created with.
    pub held: Vec<HeldSecret>,
}

impl Record {
    fn report(&self, name: &str, status: ReportedStatus) -> ContainerReport {
        ContainerReport {
            name: name.to_owned(),
            status,
            image_digest: self.image_digest.clone(),
            runtime_id: self.runtime_id.clone(),
            exit_code: self.exit_code,
            reason: self.reason.clone(),
            bindings: self.bindings.clone(),
            address: self.address,
        }
    }
}

/// An error of a container by ECS's name for it: `CannotStartContainerError: …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {text}")]
pub(crate) struct ContainerError {
    name: &'static str,
    text: String,
}

impl ContainerError {
    const NO_TOKEN: &str = "CannotPullECRContainerError";

    /// No token for the ECR registry of the image.
    fn no_token(error: &ResolveError) -> Self {
        Self::new(Self::NO_TOKEN, error.to_string())
    }

    fn is_no_token(&self) -> bool {
        self.name == Self::NO_TOKEN
    }

    fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
        }
    }

    /// An engine's error under the name of the step it happened in, unless it has a name of its own.
    fn of(name: &'static str, error: &RuntimeError) -> Self {
        let name = match error {
            RuntimeError::HostConfig(_) => "HostConfigError",
            RuntimeError::ContainerConfig(_) => "DockerClientConfigError",
            RuntimeError::Volume(_) => "CannotCreateVolumeError",
            RuntimeError::NotFound(_) | RuntimeError::Engine(_) => name,
        };
        Self::new(name, error.to_string())
    }
}
