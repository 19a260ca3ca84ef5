//! The manifest: what should run on an instance, and the careful way to stop what should not.

use serde::{Deserialize, Serialize};

/// A task by name, with what is wanted of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskIdentifier {
    pub task_arn: String,
    pub task_cluster_arn: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
}

/// All tasks of the instance. Ignored unless its timeline is greater than every sequence number before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskManifestMessage {
    pub message_id: String,
    pub cluster_arn: String,
    pub container_instance_arn: String,
    /// Epoch milliseconds.
    pub generated_at: i64,
    pub timeline: i64,
    pub tasks: Vec<TaskIdentifier>,
}

/// The agent's question after a manifest: these run here and are not in it, are they to stop?
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskStopVerificationMessage {
    /// That of the manifest.
    pub message_id: String,
    pub stop_candidates: Vec<TaskIdentifier>,
}

/// The answer: exactly these stop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskStopVerificationAck {
    /// That of the manifest. Another id is ignored, and each counts once.
    pub message_id: String,
    /// Epoch milliseconds.
    pub generated_at: i64,
    pub stop_tasks: Vec<TaskIdentifier>,
}
