//! Starts a task from an ECS agent payload: resolves secrets, drives a container runtime.
//!
//! The agent sees its control plane as ECS's own agent does: it registers a container instance through the ECS API,
//! holds one [session](AcsConnector) on which tasks are handed to it, and reports what becomes of them. It keeps no
//! state of its own: after a restart the payloads come again, and it finds its containers by their labels.

mod agent;
mod backoff;
mod cgroup;
mod config;
mod connector;
mod ecs_api;
mod exec;
mod facts;
mod firelens;
mod host_logins;
mod labels;
mod link_local;
mod pulls;
mod reason;
mod redact;
mod registration;
mod report;
pub mod resolve;
pub mod runtime;
mod session;
mod task;
mod tasks;
mod websocket;
mod wording;

pub use agent::{Agent, AgentError, AgentHandle};
pub use config::{AgentConfig, EcsConfig, ImagePullBehavior, InvalidSetting, LogLevel, ReadConfig};
pub use connector::{AcsConnector, ConnectRefused, Duplex};
pub use host_logins::{HostLogins, UnreadableLogins};
pub use link_local::{ADDRESS as LINK_LOCAL_ADDRESS, LinkLocal, LinkLocalError};
pub use pulls::{PullEvent, PullStep, Pulls};
pub use runtime::DockerRuntime;
pub use websocket::WebSockets;
pub use wording::{UnknownWording, Wording};
