//! One session: heartbeats, payloads until they are acknowledged, the manifest, and credentials before they end.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{
    World,
    ecs::agents::{self, Handover, Instance},
};
use ecs::acs::{
    ExecAction, ExecEvent, ExecReportMessage, FromAgent, HeartbeatMessage, Notice,
    TaskStopVerificationAck, TaskStopVerificationMessage, ToAgent,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};
use types::{Fault, Timestamp};

use crate::exec::ExecOrder;

/// Agents close a session in which nothing was said for a minute.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// An agent that leaves so many heartbeats without an answer is not there.
const UNANSWERED_HEARTBEATS: u32 = 3;
/// A payload without an acknowledgement is sent again. Repeating is harmless.
const REPEAT: Duration = Duration::from_secs(15);
/// How often credentials are looked at.
const LOOK_AT_CREDENTIALS: Duration = Duration::from_mins(1);
/// They are renewed when less than this is left of them.
const RENEW_BEFORE_SECS: i64 = 2 * 60 * 60;
/// An agent that takes no frame for so long is not there.
const SEND_WITHIN: Duration = Duration::from_secs(30);

/// Agents renew their session within 35 minutes, and are admitted anew. One that does not is made to, so that nobody whose
/// credentials have ended keeps a session.
const LIFETIME: Duration = Duration::from_mins(40);

/// A session, while it is open.
pub struct Session {
    world: Arc<World>,
    instance: Instance,
    to_agent: mpsc::Sender<String>,
    from_agent: mpsc::Receiver<String>,
    wake: Arc<Notify>,
    orders: mpsc::UnboundedReceiver<ExecOrder>,
    /// Who hears of the commands that run over the session.
    execs: HashMap<String, mpsc::UnboundedSender<ExecEvent>>,
    end: watch::Receiver<bool>,
    /// What was sent and not acknowledged, by message id.
    in_flight: HashMap<String, InFlight>,
    /// When the first of the tasks' credentials ends, as far as this session sent them.
    credentials_end: Option<Timestamp>,
    unanswered_heartbeats: u32,
    opened: Instant,
}

struct InFlight {
    told: Handover,
    frame: String,
}

/// Why a session ends.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the agent closed it")]
    ByAgent,
    #[error("another session of the same instance took its place, or the server stops")]
    Replaced,
    #[error("the agent does not answer")]
    Silent,
    #[error("it is old; reconnect to continue")]
    Aged,
    #[error("the database failed: {}", .0.chain())]
    Fault(#[from] Fault),
}

impl Session {
    pub fn new(
        world: Arc<World>,
        instance: Instance,
        to_agent: mpsc::Sender<String>,
        from_agent: mpsc::Receiver<String>,
        wake: Arc<Notify>,
        orders: mpsc::UnboundedReceiver<ExecOrder>,
        end: watch::Receiver<bool>,
    ) -> Self {
        Self {
            world,
            instance,
            to_agent,
            from_agent,
            wake,
            orders,
            execs: HashMap::new(),
            end,
            in_flight: HashMap::new(),
            credentials_end: None,
            unanswered_heartbeats: 0,
            opened: Instant::now(),
        }
    }

    /// Talks with the agent until one side has enough. `new_agent`: its process has just begun.
    pub async fn run(mut self, new_agent: bool) {
        let instance = self.instance.arn();
        tracing::info!(instance, "an agent is connected");
        let ended = match self.begin(new_agent).await {
            Ok(()) => self.converse().await,
            Err(ended) => ended,
        };
        if let Ended::Fault(_) = &ended {
            tracing::error!(instance, reason = %ended, "an agent's session ended");
        } else {
            tracing::info!(instance, reason = %ended, "an agent's session ended");
        }
        let notice = Notice {
            message: ended.to_string(),
        };
        // The agent may be gone already; it reads the end of the session all the same.
        let _ = self
            .to_agent
            .try_send(ToAgent::CloseMessage(notice).encode());
    }

    /// What every connection begins with: credentials, and the manifest of what should run.
    async fn begin(&mut self, new_agent: bool) -> Result<(), Ended> {
        agents::set_connected(&self.world, &self.instance, true).await?;
        self.send_credentials().await?;
        if new_agent {
            agents::resend_all(&self.world, &self.instance).await?;
        }
        let manifest = agents::manifest(&self.world, &self.instance).await?;
        self.send(ToAgent::from(manifest).encode()).await?;
        self.send_outstanding().await
    }

    async fn converse(&mut self) -> Ended {
        let mut heartbeat = every(HEARTBEAT);
        let mut repeat = every(REPEAT);
        let mut credentials = every(LOOK_AT_CREDENTIALS);
        loop {
            let step = tokio::select! {
                frame = self.from_agent.recv() => match frame {
                    Some(frame) => self.hear(&frame).await,
                    None => Err(Ended::ByAgent),
                },
                Some(order) = self.orders.recv() => self.pass_on(order).await,
                () = self.wake.notified() => self.send_outstanding().await,
                _ = heartbeat.tick() => self.send_heartbeat().await,
                _ = repeat.tick() => self.repeat().await,
                _ = credentials.tick() => self.renew_credentials().await,
                () = ended(&mut self.end) => Err(Ended::Replaced),
            };
            if let Err(ended) = step {
                return ended;
            }
        }
    }

    async fn hear(&mut self, frame: &str) -> Result<(), Ended> {
        match FromAgent::decode(frame) {
            Ok(FromAgent::HeartbeatAckRequest(_)) => self.unanswered_heartbeats = 0,
            Ok(FromAgent::AckRequest(ack)) => {
                if let Some(sent) = self.in_flight.remove(&ack.message_id) {
                    agents::acknowledge(&self.world, &self.instance, &sent.told).await?;
                }
            }
            Ok(FromAgent::TaskStopVerificationMessage(question)) => {
                self.verify_stops(question).await?;
            }
            Ok(FromAgent::ExecReportMessage(report)) => self.tell(report),
            Ok(FromAgent::TaskFactsMessage(facts)) => {
                agents::take_facts(&self.world, &self.instance, &facts).await?;
            }
            // That the agent has its credentials changes nothing here; who did not get them is sent new ones in time.
            Ok(FromAgent::IAMRoleCredentialsAckRequest(_)) => {}
            Ok(FromAgent::Unknown(kind)) => {
                tracing::debug!(kind, "an agent says what we do not know");
            }
            Err(error) => tracing::warn!(%error, "an agent sent an unreadable frame"),
        }
        Ok(())
    }

    /// Says to the agent what a caller says about a command.
    async fn pass_on(&mut self, order: ExecOrder) -> Result<(), Ended> {
        let id = order.message.exec_id.clone();
        if order.message.action == ExecAction::Cancel {
            self.execs.remove(&id);
        }
        self.execs.extend(order.events.map(|events| (id, events)));
        self.send(ToAgent::from(order.message).encode()).await
    }

    /// Tells a caller what its command does.
    fn tell(&mut self, report: ExecReportMessage) {
        let is_over = matches!(report.event, ExecEvent::Exited(_) | ExecEvent::Failed(_));
        if let Some(events) = self.execs.get(&report.exec_id) {
            // A caller who is gone has the command ended.
            let _ = events.send(report.event);
        }
        if is_over {
            self.execs.remove(&report.exec_id);
        }
    }

    async fn verify_stops(&mut self, question: TaskStopVerificationMessage) -> Result<(), Ended> {
        let stop_tasks =
            agents::confirm_stops(&self.world, &self.instance, question.stop_candidates).await?;
        let ack = TaskStopVerificationAck {
            message_id: question.message_id,
            generated_at: self.world.clock.now().as_millis(),
            stop_tasks,
        };
        self.send(ToAgent::from(ack).encode()).await
    }

    /// Tells the agent what it was not told yet.
    async fn send_outstanding(&mut self) -> Result<(), Ended> {
        for told in agents::outstanding(&self.world, &self.instance).await? {
            if self.in_flight.values().any(|sent| sent.told == told) {
                continue;
            }
            // What was wanted of the task before is wanted no more, and not repeated.
            self.in_flight.retain(|_, sent| sent.told.task != told.task);
            let payload = agents::payload(&self.world, &self.instance, &told).await?;
            if let Some(payload) = payload {
                let id = payload.message_id.clone();
                let frame = ToAgent::from(payload).encode();
                self.in_flight.insert(
                    id,
                    InFlight {
                        told,
                        frame: frame.clone(),
                    },
                );
                self.send(frame).await?;
            }
        }
        Ok(())
    }

    async fn repeat(&mut self) -> Result<(), Ended> {
        let outstanding = agents::outstanding(&self.world, &self.instance).await?;
        self.in_flight
            .retain(|_, sent| outstanding.contains(&sent.told));
        let frames: Vec<String> = self
            .in_flight
            .values()
            .map(|sent| sent.frame.clone())
            .collect();
        for frame in frames {
            self.send(frame).await?;
        }
        Ok(())
    }

    async fn send_heartbeat(&mut self) -> Result<(), Ended> {
        if self.unanswered_heartbeats >= UNANSWERED_HEARTBEATS {
            return Err(Ended::Silent);
        }
        // Not while a command runs over it.
        if self.opened.elapsed() >= LIFETIME && self.execs.is_empty() {
            return Err(Ended::Aged);
        }
        self.unanswered_heartbeats += 1;
        let heartbeat = HeartbeatMessage {
            message_id: self.world.entropy.uuid(),
            healthy: true,
        };
        self.send(ToAgent::from(heartbeat).encode()).await
    }

    async fn renew_credentials(&mut self) -> Result<(), Ended> {
        let soon = self.world.clock.now().plus_secs(RENEW_BEFORE_SECS);
        match self.credentials_end {
            Some(end) if end < soon => self.send_credentials().await,
            _ => Ok(()),
        }
    }

    async fn send_credentials(&mut self) -> Result<(), Ended> {
        let current = agents::current_credentials(&self.world, &self.instance).await?;
        self.credentials_end = current.iter().map(|credentials| credentials.expires).min();
        for credentials in current {
            self.send(ToAgent::from(credentials.message).encode())
                .await?;
        }
        Ok(())
    }

    async fn send(&self, frame: String) -> Result<(), Ended> {
        match timeout(SEND_WITHIN, self.to_agent.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::ByAgent),
            Err(_) => Err(Ended::Silent),
        }
    }
}

/// Returns once the session is to end; also when nobody is left who could end it.
async fn ended(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|end| *end).await;
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
