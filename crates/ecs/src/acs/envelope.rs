//! The envelope around every message, and which messages go in which direction.

use serde::{Deserialize, Serialize};

use super::{
    AckRequest, ExecReportMessage, ExecRequestMessage, HeartbeatAckRequest, HeartbeatMessage,
    IAMRoleCredentialsAckRequest, IAMRoleCredentialsMessage, Notice, PayloadMessage,
    TaskFactsMessage, TaskManifestMessage, TaskStopVerificationAck, TaskStopVerificationMessage,
};

/// A text frame that is no message. It says where the text went wrong, never what stood there: frames hold credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} is not a readable message (line {line}, column {column})")]
pub struct DecodeError {
    kind: String,
    line: usize,
    column: usize,
}

impl DecodeError {
    fn new(kind: &str, error: &serde_json::Error) -> Self {
        Self {
            kind: kind.to_owned(),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// The first look at a frame: only what it is.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
}

/// The second look, once the type is known, so that no untyped copy of the content is made on the way.
#[derive(Deserialize)]
struct Content<T> {
    message: T,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a T,
}

fn decode<T: for<'de> Deserialize<'de>>(kind: &str, text: &str) -> Result<T, DecodeError> {
    serde_json::from_str::<Content<T>>(text)
        .map(|content| content.message)
        .map_err(|error| DecodeError::new(kind, &error))
}

fn encode<T: Serialize>(kind: &str, message: &T) -> String {
    serde_json::to_string(&Envelope { kind, message })
        .expect("a message is made of strings, numbers, lists and maps with string keys")
}

/// One direction of a session: an enum of its messages with their envelope codec.
macro_rules! direction {
    ($(#[$doc:meta])* $direction:ident { $($kind:ident($message:ident)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $direction {
            $($kind($message),)+
            /// A type that we do not know, by its name.
            Unknown(String),
        }

        impl $direction {
            /// Reads one text frame.
            pub fn decode(text: &str) -> Result<Self, DecodeError> {
                let Head { kind } = serde_json::from_str(text)
                    .map_err(|error| DecodeError::new("the frame", &error))?;
                match kind.as_str() {
                    $(stringify!($kind) => decode(&kind, text).map(Self::$kind),)+
                    _ => Ok(Self::Unknown(kind)),
                }
            }

            /// Writes one text frame.
            pub fn encode(&self) -> String {
                match self {
                    $(Self::$kind(message) => encode(stringify!($kind), message),)+
                    Self::Unknown(kind) => encode(kind, &serde_json::Map::new()),
                }
            }
        }

        $(impl From<$message> for $direction {
            fn from(message: $message) -> Self {
                Self::$kind(message)
            }
        })+
    };
}

direction! {
    /// What a control plane says.
    ToAgent {
        HeartbeatMessage(HeartbeatMessage),
        PayloadMessage(PayloadMessage),
        IAMRoleCredentialsMessage(IAMRoleCredentialsMessage),
        TaskManifestMessage(TaskManifestMessage),
        TaskStopVerificationAck(TaskStopVerificationAck),
        CloseMessage(Notice),
        ExecRequestMessage(ExecRequestMessage),
    }
}

direction! {
    /// What an agent says: acknowledgements, its question after a manifest, and facts that are none of ECS's. All else it
    /// reports through the ECS API.
    FromAgent {
        HeartbeatAckRequest(HeartbeatAckRequest),
        AckRequest(AckRequest),
        IAMRoleCredentialsAckRequest(IAMRoleCredentialsAckRequest),
        TaskStopVerificationMessage(TaskStopVerificationMessage),
        ExecReportMessage(ExecReportMessage),
        TaskFactsMessage(TaskFactsMessage),
    }
}
