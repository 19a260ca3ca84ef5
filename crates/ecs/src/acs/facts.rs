//! What an agent knows of its tasks beside their states: the health of containers, and which versions of which secrets
//! they hold.
//!
//! Ours alone. ECS's agent reports health to another service, and nobody knows what its containers hold; a control plane
//! that does not know this message ignores it.

use serde::{Deserialize, Serialize};

/// All that is known of a task now. It takes the place of what was said of the task before, so it can be repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskFactsMessage {
    pub task_arn: String,
    pub containers: Vec<ContainerFacts>,
}

/// What is known of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerFacts {
    pub name: String,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: String,
    pub secrets: Vec<HeldSecret>,
}

/// A name that a secret was injected under, and what stands behind it: never the value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldSecret {
    pub name: String,
    /// `asm` or `ssm`.
    pub provider: String,
    /// What the task definition says.
    pub value_from: String,
    pub arn: String,
    /// The version id of a secret, the number of a parameter's version.
    pub version: String,
}
