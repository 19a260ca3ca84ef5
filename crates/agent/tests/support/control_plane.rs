//! A control plane that says what a test tells it to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent::{AcsConnector, ConnectRefused, Duplex};
use async_trait::async_trait;
use ecs::acs::{FromAgent, PayloadMessage, Task, ToAgent};
use tokio::sync::{Mutex, mpsc};

use super::{CLUSTER_ARN, INSTANCE_ARN};

/// The agent's way to this control plane: each opened session goes to the test.
pub struct Connector {
    opened: mpsc::UnboundedSender<(http::Request<()>, Duplex)>,
    refusals: Mutex<Vec<ConnectRefused>>,
    attempts: std::sync::Mutex<Vec<Instant>>,
}

#[async_trait]
impl AcsConnector for Connector {
    async fn connect(&self, upgrade: http::Request<()>) -> Result<Duplex, ConnectRefused> {
        self.attempts.lock().unwrap().push(Instant::now());
        if let Some(refusal) = self.refusals.lock().await.pop() {
            return Err(refusal);
        }
        let (ours, agents) = Duplex::pair(16);
        let gone = |_| ConnectRefused {
            status: 503,
            body: "the test is over".into(),
        };
        self.opened.send((upgrade, ours)).map_err(gone)?;
        Ok(agents)
    }
}

/// The control plane's end.
pub struct ControlPlane {
    pub connector: Arc<Connector>,
    opened: mpsc::UnboundedReceiver<(http::Request<()>, Duplex)>,
}

impl ControlPlane {
    pub fn new() -> Self {
        let (sender, opened) = mpsc::unbounded_channel();
        let connector = Arc::new(Connector {
            opened: sender,
            refusals: Mutex::default(),
            attempts: std::sync::Mutex::default(),
        });
        Self { connector, opened }
    }

    /// Refuses this many sessions first.
    pub async fn refuse(&self, times: usize, body: &str) {
        let refusal = ConnectRefused {
            status: 400,
            body: body.into(),
        };
        *self.connector.refusals.lock().await = vec![refusal; times];
    }

    pub fn attempts(&self) -> Vec<Instant> {
        self.connector.attempts.lock().unwrap().clone()
    }

    /// The next session that the agent opens.
    pub async fn session(&mut self) -> Session {
        let opened = tokio::time::timeout(Duration::from_secs(30), self.opened.recv());
        let (upgrade, duplex) = opened.await.expect("a session is opened").unwrap();
        Session {
            upgrade,
            duplex,
            sent: 0,
        }
    }
}

/// One open session.
pub struct Session {
    pub upgrade: http::Request<()>,
    duplex: Duplex,
    sent: i64,
}

impl Session {
    pub async fn say(&mut self, message: impl Into<ToAgent>) {
        self.say_text(message.into().encode()).await;
    }

    pub async fn say_text(&mut self, text: String) {
        self.duplex.outgoing.send(text).await.unwrap();
    }

    /// Hands tasks over and gives the message id.
    pub async fn hand_over(&mut self, tasks: Vec<Task>) -> String {
        self.sent += 1;
        let message_id = format!("payload-{}", self.sent);
        self.say(PayloadMessage {
            message_id: message_id.clone(),
            cluster_arn: CLUSTER_ARN.into(),
            container_instance_arn: INSTANCE_ARN.into(),
            generated_at: 1_795_338_000_000,
            seq_num: self.sent,
            timeline: None,
            tasks,
        })
        .await;
        message_id
    }

    /// What the agent says next that ECS's own could say too.
    pub async fn hear(&mut self) -> FromAgent {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(10), self.duplex.incoming.recv());
            let frame = frame
                .await
                .expect("the agent answers")
                .expect("the session is open");
            match FromAgent::decode(&frame).unwrap() {
                FromAgent::TaskFactsMessage(_) => {}
                said => return said,
            }
        }
    }

    /// Everything of that kind that the agent says within half a second.
    pub async fn hear_all(&mut self) -> Vec<FromAgent> {
        let mut heard = Vec::new();
        let pause = Duration::from_millis(500);
        while let Ok(Some(frame)) = tokio::time::timeout(pause, self.duplex.incoming.recv()).await {
            match FromAgent::decode(&frame).unwrap() {
                FromAgent::TaskFactsMessage(_) => {}
                said => heard.push(said),
            }
        }
        heard
    }
}
