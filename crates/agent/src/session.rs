//! The session with the control plane: it is opened, kept, read, answered, and opened again.

mod messages;
mod upgrade;

use std::{sync::Arc, time::Duration};

use aws_sdk_ecs::Client;
use ecs::acs::{FromAgent, ToAgent};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};
pub(crate) use upgrade::SessionIdentity;

use self::messages::Conversation;
use crate::{
    AcsConnector, AgentConfig, ConnectRefused, Duplex,
    agent::told_to_stop,
    backoff::{Backoff, fraction},
    exec::Execs,
    registration::discover_poll_endpoint,
    tasks::Tasks,
};

/// Something recognised must come within this time and up to as much again, else the session counts as dead.
const SILENCE: Duration = Duration::from_mins(1);
/// The agent renews a session by itself after this time and up to five minutes more.
const LIFETIME: Duration = Duration::from_mins(30);
/// How long an address stays good.
const ENDPOINT_LIFETIME: Duration = Duration::from_hours(12);
/// The pause after the control plane said that this instance was deregistered.
const DEREGISTERED_PAUSE: Duration = Duration::from_hours(1);

/// Keeps one session open as long as the agent lives.
pub(crate) struct Sessions {
    pub config: AgentConfig,
    pub client: Client,
    pub connector: Arc<dyn AcsConnector>,
    pub identity: SessionIdentity,
    pub tasks: Arc<Tasks>,
    pub shutdown: watch::Receiver<bool>,
}

/// Why a session is over.
enum Ended {
    /// The other side closed it after it had said something, or it reached its age: come back at once.
    Normally,
    /// It never was one, or said nothing: come back later.
    Badly,
    Deregistered,
}

impl Sessions {
    /// Runs until shutdown.
    pub async fn run(mut self) {
        let mut shutdown = self.shutdown.clone();
        tokio::select! {
            () = self.reconnect_for_ever() => {}
            () = told_to_stop(&mut shutdown) => {}
        }
    }

    async fn reconnect_for_ever(&mut self) {
        let mut backoff =
            Backoff::new(Duration::from_millis(250), 1.5, Duration::from_mins(2), 0.2);
        let mut endpoint: Option<(String, Instant)> = None;
        // The highest sequence number seen; it guards against manifests that were overtaken.
        let mut conversation = Conversation::new(self.tasks.clone());
        let mut connected_before = false;
        loop {
            let begun = Instant::now();
            let ended = match self.endpoint(&mut endpoint).await {
                Ok(address) => {
                    let opened = self.open(&address, !connected_before).await;
                    self.serve(opened, &mut conversation, &mut connected_before)
                        .await
                }
                Err(error) => {
                    tracing::warn!(error, "no address for the session");
                    Ended::Badly
                }
            };
            if begun.elapsed() >= SILENCE {
                backoff.reset();
            }
            match ended {
                // Who spoke with us is there, however often it went away before.
                Ended::Normally => backoff.reset(),
                Ended::Badly => sleep(backoff.next_wait(self.config.entropy.as_ref())).await,
                Ended::Deregistered => sleep(DEREGISTERED_PAUSE).await,
            }
        }
    }

    async fn endpoint(&self, known: &mut Option<(String, Instant)>) -> Result<String, String> {
        if let Some((address, since)) = known
            && since.elapsed() < ENDPOINT_LIFETIME
        {
            return Ok(address.clone());
        }
        let arn = &self.identity.container_instance_arn;
        let address = discover_poll_endpoint(&self.client, &self.config, arn).await?;
        *known = Some((address.clone(), Instant::now()));
        Ok(address)
    }

    async fn open(&self, endpoint: &str, send_credentials: bool) -> Result<Duplex, ConnectRefused> {
        let upgrade = upgrade::signed(&self.config, &self.identity, endpoint, send_credentials)
            .await
            .map_err(|error| ConnectRefused {
                status: 0,
                body: error,
            })?;
        self.connector.connect(upgrade).await
    }

    async fn serve(
        &self,
        opened: Result<Duplex, ConnectRefused>,
        conversation: &mut Conversation,
        connected_before: &mut bool,
    ) -> Ended {
        match opened {
            Ok(duplex) => {
                tracing::info!(cluster = self.config.cluster, "session open");
                *connected_before = true;
                self.converse(duplex, conversation).await
            }
            Err(refused) if refused.body.contains("InactiveInstanceException") => {
                tracing::error!("this container instance was deregistered");
                Ended::Deregistered
            }
            Err(refused) => {
                tracing::warn!(
                    status = refused.status,
                    error = refused.body,
                    "session refused"
                );
                Ended::Badly
            }
        }
    }

    async fn converse(&self, mut duplex: Duplex, conversation: &mut Conversation) -> Ended {
        let entropy = self.config.entropy.as_ref();
        let expires = Instant::now() + LIFETIME + Duration::from_mins(5).mul_f64(fraction(entropy));
        let patience = || Instant::now() + SILENCE.mul_f64(1.0 + fraction(entropy));
        let mut silent_until = patience();
        // A session is not renewed while a command runs over it.
        let mut postponed = expires;
        let mut spoke = false;
        let mut execs = Execs::new(self.tasks.clone(), duplex.outgoing.clone());
        let telling = tell_facts(self.tasks.clone(), duplex.outgoing.clone());
        tokio::pin!(telling);
        loop {
            let frame = tokio::select! {
                // Beside what is read: a control plane that waits for its reader must not be waited for.
                () = &mut telling => return Ended::Normally,
                frame = duplex.incoming.recv() => frame,
                () = sleep_until(silent_until) => {
                    tracing::warn!("the control plane is silent, closing the session");
                    return Ended::Badly;
                }
                () = sleep_until(expires.max(postponed)) => {
                    if execs.is_idle() {
                        return Ended::Normally;
                    }
                    postponed = Instant::now() + SILENCE;
                    continue;
                }
            };
            let Some(frame) = frame else {
                tracing::info!("session closed by the control plane");
                return if spoke { Ended::Normally } else { Ended::Badly };
            };
            match ToAgent::decode(&frame) {
                Ok(ToAgent::Unknown(kind)) => tracing::debug!(kind, "message ignored"),
                Ok(message) => {
                    spoke = true;
                    silent_until = patience();
                    let message = match message {
                        ToAgent::ExecRequestMessage(request) => {
                            execs.take(request);
                            continue;
                        }
                        message => message,
                    };
                    for answer in conversation.answer(message) {
                        if !say(&duplex, &answer).await {
                            return Ended::Normally;
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "message ignored"),
            }
        }
    }
}

/// Tells all that is known of tasks beside their states, and then what is new, for as long as anybody listens.
async fn tell_facts(tasks: Arc<Tasks>, control_plane: mpsc::Sender<String>) {
    let mut changes = tasks.facts().changes();
    let mut told = 0;
    loop {
        let (upto, facts) = tasks.facts().since(told);
        told = upto;
        for facts in facts {
            let frame = FromAgent::from(facts).encode();
            if control_plane.send(frame).await.is_err() {
                return;
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

async fn say(duplex: &Duplex, message: &FromAgent) -> bool {
    duplex.outgoing.send(message.encode()).await.is_ok()
}
