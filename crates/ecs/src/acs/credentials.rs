//! Temporary credentials of a task's roles, on their way to the agent.

use std::fmt;

use serde::{Deserialize, Serialize};
use types::SecretValue;

/// Credentials of one role of one task, made by the control plane.
///
/// The id is the path under which the credentials endpoint hands them out, so it is as confidential as they are.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Credentials {
    pub credentials_id: String,
    pub role_arn: String,
    pub access_key_id: String,
    #[serde(with = "secret_text")]
    pub secret_access_key: SecretValue,
    #[serde(with = "secret_text")]
    pub session_token: SecretValue,
    /// RFC 3339, as it is repeated in the acknowledgement.
    pub expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_scope: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("role_arn", &self.role_arn)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// Whose credentials they are: the containers' own, or those that secrets are read with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleType {
    TaskApplication,
    TaskExecution,
    /// The execution role, narrowed to writing logs: for the log drivers of the host, in whose configuration the id of
    /// the credentials can be read. Ours alone.
    TaskExecutionLogs,
    /// A type that we do not know; its message is ignored without an answer.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Replaces the credentials of a task's role, also under a new id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IAMRoleCredentialsMessage {
    pub message_id: String,
    pub task_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_cluster_arn: Option<String>,
    pub role_type: RoleType,
    pub role_credentials: Credentials,
}

/// The agent has these credentials now. Sent for each role of a payload and for each refresh.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IAMRoleCredentialsAckRequest {
    pub message_id: String,
    pub credentials_id: String,
    pub expiration: String,
}

impl fmt::Debug for IAMRoleCredentialsAckRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IAMRoleCredentialsAckRequest")
            .field("message_id", &self.message_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// The two members that are secret, to and from JSON text.
pub(super) mod secret_text {
    use serde::{Deserialize as _, Deserializer, Serializer, ser::Error as _};
    use types::SecretValue;

    pub fn serialize<S: Serializer>(value: &SecretValue, to: S) -> Result<S::Ok, S::Error> {
        let text = value
            .expose_secret_str()
            .ok_or_else(|| S::Error::custom("credentials are text"))?;
        to.serialize_str(text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretValue, D::Error> {
        String::deserialize(from).map(SecretValue::from)
    }
}
