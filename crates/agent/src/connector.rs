//! How an agent reaches a control plane: text frames in both directions, opened by a signed request.

use async_trait::async_trait;
use tokio::sync::mpsc;

/// An open session. Dropping it closes it.
pub struct Duplex {
    pub outgoing: mpsc::Sender<String>,
    pub incoming: mpsc::Receiver<String>,
}

impl Duplex {
    /// The two ends of a session inside one process.
    pub fn pair(frames: usize) -> (Self, Self) {
        let (to_b, from_a) = mpsc::channel(frames);
        let (to_a, from_b) = mpsc::channel(frames);
        let a = Self {
            outgoing: to_b,
            incoming: from_b,
        };
        let b = Self {
            outgoing: to_a,
            incoming: from_a,
        };
        (a, b)
    }
}

/// The control plane did not open the session. `body` names the exception, as ECS writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the session was refused with status {status}: {body}")]
pub struct ConnectRefused {
    pub status: u16,
    pub body: String,
}

/// Opens sessions: in one process by handing the request to the server, between hosts over a websocket.
#[async_trait]
pub trait AcsConnector: Send + Sync + 'static {
    /// Opens the session that this signed websocket upgrade asks for. The other side verifies exactly this request.
    async fn connect(&self, upgrade: http::Request<()>) -> Result<Duplex, ConnectRefused>;
}
