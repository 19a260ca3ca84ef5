//! Commands in running containers, asked for through the session with the control plane.
//!
//! Each runs beside the session and says what it has to say there. They end with it: nobody would hear them any more.

use std::{collections::HashMap, sync::Arc};

use ecs::acs::{
    ExecAction, ExecData, ExecEvent, ExecReportMessage, ExecRequestMessage, ExecStart, FromAgent,
    WINDOW,
};
use futures::StreamExt as _;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use crate::{
    runtime::{Exec, ExecCommand, LogChunk, LogStream, RuntimeError},
    tasks::Tasks,
};

/// A frame holds no more than this of a stream.
const PIECE: usize = 16 * 1024;

/// The commands of one session.
pub(crate) struct Execs {
    tasks: Arc<Tasks>,
    frames: mpsc::Sender<String>,
    running: HashMap<String, UnboundedSender<ExecAction>>,
}

impl Execs {
    pub fn new(tasks: Arc<Tasks>, frames: mpsc::Sender<String>) -> Self {
        Self {
            tasks,
            frames,
            running: HashMap::new(),
        }
    }

    /// Whether a command runs. The session is not renewed under it.
    pub fn is_idle(&mut self) -> bool {
        self.running.retain(|_, actions| !actions.is_closed());
        self.running.is_empty()
    }

    /// Begins a command, or passes on what is said about one.
    pub fn take(&mut self, request: ExecRequestMessage) {
        let ExecRequestMessage { exec_id, action } = request;
        if let ExecAction::Start(start) = action {
            let (actions, received) = mpsc::unbounded_channel();
            self.running.insert(exec_id.clone(), actions);
            let reports = Reports {
                exec_id,
                frames: self.frames.clone(),
            };
            tokio::spawn(run(self.tasks.clone(), start, received, reports));
        } else if let Some(actions) = self.running.get(&exec_id) {
            // One that has ended does not listen any more.
            let _ = actions.send(action);
        }
    }
}

/// Says on the session what one command does.
#[derive(Clone)]
struct Reports {
    exec_id: String,
    frames: mpsc::Sender<String>,
}

impl Reports {
    /// Whether the session took it.
    async fn send(&self, event: ExecEvent) -> bool {
        let report = ExecReportMessage {
            exec_id: self.exec_id.clone(),
            event,
        };
        let frame = FromAgent::from(report).encode();
        self.frames.send(frame).await.is_ok()
    }

    async fn output(&self, chunk: &LogChunk) -> bool {
        for piece in chunk.bytes.chunks(PIECE) {
            let data = ExecData::of(piece);
            let event = match chunk.stream {
                LogStream::Stdout => ExecEvent::Stdout(data),
                LogStream::Stderr => ExecEvent::Stderr(data),
            };
            if !self.send(event).await {
                return false;
            }
        }
        true
    }
}

async fn run(
    tasks: Arc<Tasks>,
    start: ExecStart,
    actions: UnboundedReceiver<ExecAction>,
    reports: Reports,
) {
    let end = match begin(&tasks, &start).await {
        Ok(exec) => serve(exec, start.stdin, actions, &reports).await,
        Err(error) => Some(ExecEvent::Failed(error.to_string())),
    };
    if let Some(end) = end {
        reports.send(end).await;
    }
}

async fn begin(tasks: &Tasks, start: &ExecStart) -> Result<Exec, RuntimeError> {
    let (task, name) = (&start.task_arn, &start.container_name);
    let Some(container) = tasks.container(task, name).await? else {
        return Err(RuntimeError::NotFound(format!(
            "the container {name} of the task is not here"
        )));
    };
    tracing::info!(task.arn = task, container = name, "a command runs");
    let command = ExecCommand {
        command: start.command.clone(),
        stdin: start.stdin,
        terminal: start.terminal,
    };
    tasks.runtime().exec(&container, &command).await
}

/// Passes streams on until the command ends; what is left to say then. `None` where nobody waits for it any more.
async fn serve(
    exec: Exec,
    stdin: bool,
    mut actions: UnboundedReceiver<ExecAction>,
    reports: &Reports,
) -> Option<ExecEvent> {
    let Exec {
        mut output,
        input,
        control,
    } = exec;
    let (to_input, inputs) = mpsc::unbounded_channel();
    let mut to_input = Some(to_input).filter(|_| stdin);
    tokio::spawn(write(input, inputs, reports.clone()));
    let mut window = WINDOW;
    loop {
        tokio::select! {
            chunk = output.next(), if window > 0 => match chunk {
                Some(Ok(chunk)) => {
                    window = window.saturating_sub(chunk.bytes.len());
                    if !reports.output(&chunk).await {
                        control.kill().await;
                        return None;
                    }
                }
                Some(Err(error)) => return Some(ExecEvent::Failed(error.to_string())),
                None => break,
            },
            action = actions.recv() => match action {
                Some(ExecAction::Input(data)) => {
                    if let (Some(input), Some(bytes)) = (&to_input, data.bytes()) {
                        // A command that reads no more is about to end.
                        let _ = input.send(bytes);
                    }
                }
                Some(ExecAction::EndOfInput) => to_input = None,
                Some(ExecAction::Resize(size)) => {
                    if let Err(error) = control.resize(size).await {
                        tracing::debug!(%error, "a terminal keeps its size");
                    }
                }
                Some(ExecAction::Taken(bytes)) => window = window.saturating_add(bytes),
                Some(ExecAction::Start(_)) => {}
                Some(ExecAction::Cancel) | None => {
                    control.kill().await;
                    return None;
                }
            },
        }
    }
    Some(match control.exit_code().await {
        Ok(code) => ExecEvent::Exited(code),
        Err(error) => ExecEvent::Failed(error.to_string()),
    })
}

/// Writes the command's input, and says what it took. The end of the channel is the end of the input.
async fn write(
    mut input: std::pin::Pin<Box<dyn AsyncWrite + Send>>,
    mut inputs: UnboundedReceiver<Vec<u8>>,
    reports: Reports,
) {
    while let Some(bytes) = inputs.recv().await {
        let written = async {
            input.write_all(&bytes).await?;
            input.flush().await
        };
        if written.await.is_err() || !reports.send(ExecEvent::Taken(bytes.len())).await {
            return;
        }
    }
    // One that is gone needs no end.
    let _ = input.shutdown().await;
}
