//! Commands in running containers, asked for through the control plane. Ours alone: ECS's own agent has a session manager
//! for them, and skips what it does not know.
//!
//! Several run over one session side by side. Neither side sends more than [`WINDOW`] bytes of a stream before the other
//! has said that it took some, so that a reader who stops reading holds up nobody else.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use types::SecretValue;

use super::credentials::secret_text;

/// How many bytes of a stream may be on their way.
pub const WINDOW: usize = 256 * 1024;

/// What the control plane says about a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecRequestMessage {
    pub exec_id: String,
    pub action: ExecAction,
}

/// What becomes of a command from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExecAction {
    Start(ExecStart),
    Input(ExecData),
    EndOfInput,
    Resize(TerminalSize),
    /// So many bytes of output were taken.
    Taken(usize),
    /// Nobody waits for it any more.
    Cancel,
}

/// A command to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecStart {
    pub task_arn: String,
    pub container_name: String,
    pub command: Vec<String>,
    /// Whether something will be sent to its standard input.
    pub stdin: bool,
    /// The size of the terminal to run it in, if it is to have one.
    pub terminal: Option<TerminalSize>,
}

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

/// A piece of a stream, in base64. Programs print their secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecData {
    #[serde(with = "secret_text")]
    pub data: SecretValue,
}

impl ExecData {
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            data: SecretValue::from(BASE64_STANDARD.encode(bytes)),
        }
    }

    /// The bytes, unless that is no base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let text = self.data.expose_secret_str()?;
        BASE64_STANDARD.decode(text).ok()
    }
}

/// What the agent says about a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecReportMessage {
    pub exec_id: String,
    pub event: ExecEvent,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExecEvent {
    Stdout(ExecData),
    Stderr(ExecData),
    /// So many bytes of input were taken.
    Taken(usize),
    /// It ended with this code.
    Exited(i64),
    /// It could not be run, or nothing more is known of it.
    Failed(String),
}
