//! The messages that a control plane and its agents exchange over one ACS session, and their text form.
//!
//! Every text frame is one envelope, `{"type":"<Name>","message":{…}}`. Names and members are ECS's own; a member we
//! do not know is skipped, and a type we do not know is decoded as `Unknown`, which its reader ignores.

mod credentials;
mod envelope;
mod exec;
mod facts;
mod manifest;
mod payload;

pub use credentials::{
    Credentials, IAMRoleCredentialsAckRequest, IAMRoleCredentialsMessage, RoleType,
};
pub use envelope::{DecodeError, FromAgent, ToAgent};
pub use exec::{
    ExecAction, ExecData, ExecEvent, ExecReportMessage, ExecRequestMessage, ExecStart,
    TerminalSize, WINDOW,
};
pub use facts::{ContainerFacts, HeldSecret, TaskFactsMessage};
pub use manifest::{
    TaskIdentifier, TaskManifestMessage, TaskStopVerificationAck, TaskStopVerificationMessage,
};
pub use payload::{
    AckRequest, AsmAuthData, Container, Dependency, DockerConfig, DockerVolumeConfiguration,
    EcrAuthData, ElasticNetworkInterface, EnvironmentFile, FirelensConfiguration, HostVolume,
    MountPoint, PayloadMessage, PortMapping, RegistryAuthentication, RestartPolicy, Secret, Task,
    Volume, VolumeFrom,
};

use serde::{Deserialize, Serialize};

/// Keeps an idle session open; the agent answers each with a [`HeartbeatAckRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeartbeatMessage {
    pub message_id: String,
    pub healthy: bool,
}

/// The answer to a [`HeartbeatMessage`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeartbeatAckRequest {
    pub message_id: String,
}

/// What the other side wants in the agent's log: the message of `CloseMessage` and of every error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Notice {
    pub message: String,
}

#[cfg(test)]
mod tests;
