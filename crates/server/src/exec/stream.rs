//! One command's streams, between a caller's connection and an agent's session.

use ecs::acs::{ExecAction, ExecData, ExecEvent, ExecRequestMessage, WINDOW};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, split},
    sync::mpsc::{self, Receiver, UnboundedReceiver, UnboundedSender},
};

use super::wire::{Heard, Said};

/// So many things that a caller said wait to be passed on.
const SAID: usize = 16;

/// A command that an agent was asked to run. Dropping it ends the command.
pub struct ExecStream {
    exec_id: String,
    orders: UnboundedSender<ExecOrder>,
    events: UnboundedReceiver<ExecEvent>,
}

/// Something to be said to an agent, and for a new command who hears of it.
pub struct ExecOrder {
    pub message: ExecRequestMessage,
    pub events: Option<UnboundedSender<ExecEvent>>,
}

impl ExecStream {
    /// Begins a command with its first order.
    pub fn begin(
        exec_id: String,
        start: ExecAction,
        orders: UnboundedSender<ExecOrder>,
    ) -> Option<Self> {
        let (heard, events) = mpsc::unbounded_channel();
        let order = ExecOrder {
            message: ExecRequestMessage {
                exec_id: exec_id.clone(),
                action: start,
            },
            events: Some(heard),
        };
        orders.send(order).ok()?;
        Some(Self {
            exec_id,
            orders,
            events,
        })
    }

    fn say(&self, action: ExecAction) {
        let message = ExecRequestMessage {
            exec_id: self.exec_id.clone(),
            action,
        };
        let order = ExecOrder {
            message,
            events: None,
        };
        // Where the session is over, its end is heard next.
        let _ = self.orders.send(order);
    }
}

impl Drop for ExecStream {
    fn drop(&mut self) {
        self.say(ExecAction::Cancel);
    }
}

/// Carries until the command or the caller ends.
pub async fn carry(upgrade: OnUpgrade, stream: ExecStream) {
    match upgrade.await {
        Ok(upgraded) => between(upgraded, stream).await,
        Err(error) => tracing::debug!(%error, "a caller did not wait for the command"),
    }
}

async fn between(upgraded: Upgraded, mut stream: ExecStream) {
    let (reader, mut writer) = split(TokioIo::new(upgraded));
    let (said, mut hears) = mpsc::channel(SAID);
    let listening = tokio::spawn(listen(reader, said));
    pass_on(&mut hears, &mut writer, &mut stream).await;
    listening.abort();
}

async fn listen(mut from: impl AsyncRead + Unpin, to: mpsc::Sender<Said>) {
    // Whatever ends it, the end of the channel says so.
    while let Ok(Some(said)) = Said::read(&mut from).await {
        if to.send(said).await.is_err() {
            return;
        }
    }
}

async fn pass_on(
    said: &mut Receiver<Said>,
    writer: &mut (impl AsyncWrite + Unpin),
    stream: &mut ExecStream,
) {
    let mut window = WINDOW;
    loop {
        let heard = tokio::select! {
            said = said.recv(), if window > 0 => {
                match said {
                    Some(Said::Input(bytes)) => {
                        window = window.saturating_sub(bytes.len());
                        stream.say(ExecAction::Input(ExecData::of(&bytes)));
                    }
                    Some(Said::EndOfInput) => stream.say(ExecAction::EndOfInput),
                    Some(Said::Resize(size)) => stream.say(ExecAction::Resize(size)),
                    None => return,
                }
                continue;
            }
            event = stream.events.recv() => match event {
                Some(ExecEvent::Taken(bytes)) => {
                    window = window.saturating_add(bytes);
                    continue;
                }
                Some(ExecEvent::Stdout(data)) => Heard::Stdout(data.bytes().unwrap_or_default()),
                Some(ExecEvent::Stderr(data)) => Heard::Stderr(data.bytes().unwrap_or_default()),
                Some(ExecEvent::Exited(code)) => Heard::Exited(code),
                Some(ExecEvent::Failed(text)) => Heard::Failed(text),
                None => Heard::Failed("the agent that has the container went away".to_owned()),
            },
        };
        if heard.write(writer).await.is_err() {
            return;
        }
        match heard {
            Heard::Stdout(bytes) | Heard::Stderr(bytes) => {
                stream.say(ExecAction::Taken(bytes.len()));
            }
            Heard::Exited(_) | Heard::Failed(_) => return,
        }
    }
}
