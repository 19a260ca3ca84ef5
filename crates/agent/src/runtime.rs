//! What runs containers: the seam between the task engine and a container engine.

mod docker;

use std::{
    collections::BTreeMap,
    future::Future,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
pub use docker::DockerRuntime;
use ecs::acs::{Container, Task, TerminalSize};
use futures::stream::BoxStream;
use tokio::io::AsyncWrite;
use types::{SecretValue, Timestamp};

use crate::resolve::RegistryLogin;

/// A container engine. Every implementation passes the same suite (`tests/runtime_contract.rs`).
#[async_trait]
pub trait ContainerRuntime: Send + Sync + 'static {
    /// What the engine is and has, for the registration of the container instance.
    async fn engine(&self) -> Result<Engine, RuntimeError>;

    /// The image, if it is here.
    async fn local_image(&self, image: &str) -> Result<Option<LocalImage>, RuntimeError>;

    /// The digest that the registry gives for the image. No password stands in the error.
    async fn manifest_digest(
        &self,
        image: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<String, RuntimeError>;

    /// Pulls an image, by its digest where that is known. No password stands in the error.
    async fn pull(&self, pull: &Pull<'_>) -> Result<(), RuntimeError>;

    /// Starts a container that does nothing but have a network, which the containers of one task join; gives its id.
    async fn hold_network(&self, holder: &NetworkHolder<'_>) -> Result<String, RuntimeError>;

    /// Creates a container and gives its id. No value of the container stands in the error.
    async fn create(&self, container: &NewContainer<'_>) -> Result<String, RuntimeError>;

    /// Starts a container that was created. No value of the variables and log options of these names stands in the error.
    async fn start(&self, id: &str, secrets: &[String]) -> Result<(), RuntimeError>;

    /// Asks the container to stop, and kills it after the timeout. One that does not run is stopped already.
    async fn stop(&self, id: &str, timeout: Duration) -> Result<(), RuntimeError>;

    /// Returns once the container does not run any more.
    async fn wait(&self, id: &str) -> Result<(), RuntimeError>;

    /// How the container is; `None` where it is gone.
    async fn inspect(&self, id: &str) -> Result<Option<ContainerState>, RuntimeError>;

    /// All containers that carry these labels.
    async fn find(&self, labels: &[(&str, &str)]) -> Result<Vec<FoundContainer>, RuntimeError>;

    /// Removes a container. One that is gone is removed already.
    async fn remove(&self, id: &str) -> Result<(), RuntimeError>;

    /// Removes the volumes that were made for this task alone.
    async fn remove_task_volumes(&self, task_arn: &str) -> Result<(), RuntimeError>;

    /// Gives this host the address, on a network of its own.
    async fn ensure_link_local(&self, address: Ipv4Addr) -> Result<(), RuntimeError>;

    /// The addresses of the running containers of a task.
    async fn addresses_of_task(&self, task_arn: &str) -> Result<Vec<IpAddr>, RuntimeError>;

    /// Runs a command in a container, as its root.
    async fn exec(&self, id: &str, command: &ExecCommand) -> Result<Exec, RuntimeError>;

    /// What the engine knows of the task's containers, for the task itself.
    async fn details_of_task(&self, task_arn: &str) -> Result<Vec<ContainerDetails>, RuntimeError>;

    /// What the container uses, in the engine's own words; `None` where it does not run.
    async fn stats(&self, id: &str) -> Result<Option<serde_json::Value>, RuntimeError>;

    /// What the container wrote, from its beginning, and what it writes until it ends.
    fn logs(&self, id: &str) -> BoxStream<'static, Result<LogChunk, RuntimeError>>;
}

/// What an engine is and has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Engine {
    pub version: String,
    pub cpus: i64,
    pub memory_bytes: i64,
    /// As ECS names it: `x86_64` or `arm64`.
    pub architecture: String,
    pub log_drivers: Vec<String>,
    /// How it makes cgroups; `None` where it makes none that are known here.
    pub cgroup_driver: Option<CgroupDriver>,
    /// Whether the host has the one hierarchy of cgroup v2.
    pub unified_cgroups: bool,
}

/// Who makes the engine's cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupDriver {
    /// The engine, in the file system.
    Cgroupfs,
    /// systemd: a parent is a slice.
    Systemd,
}

/// An image on this host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalImage {
    /// The digest it was pulled by; `None` for an image that no registry gave.
    pub digest: Option<String>,
    /// The names of the variables that the image sets.
    pub environment: Vec<String>,
}

/// An image to be pulled.
pub struct Pull<'a> {
    /// The name that it is pulled by.
    pub source: &'a str,
    /// The name that it has here afterwards, where that is another one.
    pub tag_as: Option<&'a str>,
    pub digest: Option<&'a str>,
    pub login: Option<&'a RegistryLogin>,
    /// How long the registry may be silent once it said something.
    pub inactivity: Duration,
    pub progress: &'a (dyn Fn(PullProgress) + Send + Sync),
}

/// How far a pull is, in bytes. The total grows as layers become known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PullProgress {
    pub done: u64,
    pub total: u64,
}

/// All that a container is made of.
pub struct NewContainer<'a> {
    pub task: &'a Task,
    pub container: &'a Container,
    /// The image's name here.
    pub image: &'a str,
    pub name: String,
    /// The account of the task. Tasks of different accounts share neither network nor volumes.
    pub account: String,
    pub labels: BTreeMap<String, String>,
    pub environment: BTreeMap<String, SecretValue>,
    /// Mounts beyond those that the container asks for, as an engine's binds.
    pub binds: Vec<String>,
    /// A log driver in place of the one that the definition names.
    pub log_driver: Option<LogDriver>,
    /// Options of the log driver that the definition may have set otherwise.
    pub log_defaults: Vec<(&'static str, String)>,
    /// Options of the log driver that nobody may read, such as those from secrets.
    pub log_options: Vec<(String, SecretValue)>,
    /// The names of the variables and log options that hold values of secrets.
    pub secrets: Vec<String>,
    /// The ids of the task's other containers by name, for links and shared volumes.
    pub peers: BTreeMap<String, String>,
    /// The container whose network this one joins.
    pub network_holder: Option<String>,
    pub limits: TaskLimits,
}

/// How the limits of a whole task reach one of its containers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskLimits {
    /// The cgroup that has the limits, above those of the containers.
    pub cgroup_parent: Option<String>,
    /// Where the container is the whole task.
    pub nano_cpus: Option<i64>,
    /// Where the container is the whole task.
    pub memory_bytes: Option<i64>,
}

/// All that the holder of a task's network is made of.
pub struct NetworkHolder<'a> {
    pub task: &'a Task,
    pub name: String,
    /// The account of the task. Tasks of different accounts share no network.
    pub account: String,
    pub labels: BTreeMap<String, String>,
}

/// A log driver of an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogDriver {
    pub name: String,
    pub options: BTreeMap<String, String>,
}

/// How a container is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerState {
    pub phase: Phase,
    /// Set once it ended.
    pub exit_code: Option<i64>,
    pub oom_killed: bool,
    pub health: Health,
    pub bindings: Vec<NetworkBinding>,
    /// Where other containers of its network reach it.
    pub address: Option<IpAddr>,
    pub created_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// What an engine knows of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerDetails {
    pub id: String,
    /// In the task definition.
    pub name: String,
    /// On the engine.
    pub engine_name: String,
    pub image_id: String,
    pub labels: BTreeMap<String, String>,
    pub phase: Phase,
    pub exit_code: Option<i64>,
    pub health: Health,
    pub created_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Source and destination.
    pub mounts: Vec<(String, String)>,
    pub bindings: Vec<NetworkBinding>,
    /// Its own, or that of the network that it shares.
    pub address: Option<IpAddr>,
    /// How often its restart policy started it again. The agent knows; no engine does.
    pub restarts: u64,
}

/// Where in its life a container is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Created,
    Running,
    Exited,
}

/// What a container's health check says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Health {
    /// It has none, or it has not said anything yet.
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkBinding {
    pub bind_ip: String,
    pub container_port: i32,
    pub host_port: i32,
    pub protocol: String,
}

/// A container of ours that is on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundContainer {
    pub id: String,
    pub labels: BTreeMap<String, String>,
}

/// A command to run in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecCommand {
    pub command: Vec<String>,
    pub stdin: bool,
    /// The size of its terminal, if it is to have one.
    pub terminal: Option<TerminalSize>,
}

/// A command that runs.
pub struct Exec {
    pub output: BoxStream<'static, Result<LogChunk, RuntimeError>>,
    /// Its standard input; shutting it down ends it.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    pub control: Box<dyn ExecControl>,
}

/// What can be done about a command that runs.
#[async_trait]
pub trait ExecControl: Send + Sync {
    async fn resize(&self, size: TerminalSize) -> Result<(), RuntimeError>;

    /// The code that it ended with, once its output has ended.
    async fn exit_code(&self) -> Result<i64, RuntimeError>;

    /// Ends it as far as the engine lets us: nobody waits for it any more.
    async fn kill(&self);
}

/// A piece of what a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    pub stream: LogStream,
    pub bytes: Bytes,
}

/// Where a container wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    Stdout,
    Stderr,
}

/// Why an engine did not do what it was asked. The texts are its own, as a user of ECS reads them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    #[error("{0}")]
    NotFound(String),
    /// The host configuration of the payload cannot be read.
    #[error("{0}")]
    HostConfig(String),
    /// The container configuration of the payload cannot be read.
    #[error("{0}")]
    ContainerConfig(String),
    #[error("{0}")]
    Volume(String),
    #[error("{0}")]
    Engine(String),
}

impl RuntimeError {
    /// The same error with another text.
    #[must_use]
    pub(crate) fn map_text(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::NotFound(text) => Self::NotFound(change(text)),
            Self::HostConfig(text) => Self::HostConfig(change(text)),
            Self::ContainerConfig(text) => Self::ContainerConfig(change(text)),
            Self::Volume(text) => Self::Volume(change(text)),
            Self::Engine(text) => Self::Engine(change(text)),
        }
    }
}

/// Between two questions to an engine that does not answer.
const UNANSWERED_PAUSE: Duration = Duration::from_secs(1);

/// Asks until the engine answers: what it cannot tell now must not be taken for a container that is not there.
pub(crate) async fn answered<T, F>(ask: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, RuntimeError>>,
{
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => {
                tracing::warn!(%error, "the container engine does not answer");
                tokio::time::sleep(UNANSWERED_PAUSE).await;
            }
        }
    }
}
