//! `sealift task exec`: a command in a container of a running task, for whoever may `ecs:ExecuteCommand` there.

mod terminal;

use std::{
    io::{self, Read as _},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use ecs::acs::TerminalSize;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::json;
use server::exec_wire::{Heard, Said};
use tokio::{
    io::{AsyncWrite, split},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use self::terminal::Raw;
use crate::{aws::ServiceError, settings::Places, target::Endpoint};

/// The exit code where the command could not be run at all, as `docker exec` has it.
const COULD_NOT_RUN: u8 = 126;
/// So much is read of the standard input at once.
const PIECE: usize = 16 * 1024;

#[derive(Args)]
pub struct Arguments {
    /// Id or ARN of the task; it must have been run with enableExecuteCommand
    task: String,
    /// Container to run it in, where the task has more than one
    #[arg(long)]
    container: Option<String>,
    /// Cluster of the task
    #[arg(long)]
    cluster: Option<String>,
    /// Pass standard input on
    #[arg(short, long)]
    interactive: bool,
    /// Give the command a terminal, of this one's size
    #[arg(short, long)]
    tty: bool,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
    #[command(flatten)]
    places: Places,
}

/// Runs the command, and exits with its code.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let endpoint = Endpoint::find(&arguments.places, "ECS")?;
    let client = endpoint.client(&arguments.places)?;
    let terminal = if arguments.tty {
        let size = terminal::size();
        Some(size.context("--tty wants standard input and output to be a terminal")?)
    } else {
        None
    };
    let asked = json!({
        "cluster": arguments.cluster.or_else(|| cluster_of(&arguments.task)),
        "task": arguments.task,
        "container": arguments.container,
        "command": arguments.command,
        "stdin": arguments.interactive,
        "terminal": terminal,
    });
    match client.exec(&asked).await {
        Ok(connection) => {
            let raw = terminal.map(|_| Raw::enter()).transpose()?;
            let ended = talk(connection, arguments.interactive, terminal).await;
            drop(raw);
            Ok(ExitCode::from(ended?))
        }
        Err(error) if error.is::<ServiceError>() => {
            eprintln!("{error}");
            Ok(ExitCode::from(COULD_NOT_RUN))
        }
        Err(error) => Err(error),
    }
}

/// The cluster that a task's ARN names.
fn cluster_of(task: &str) -> Option<String> {
    let (_, rest) = task.split_once(":task/")?;
    rest.split_once('/').map(|(cluster, _)| cluster.to_owned())
}

/// Passes both sides on until the command ends; its exit code.
async fn talk(connection: Upgraded, stdin: bool, terminal: Option<TerminalSize>) -> Result<u8> {
    let (mut reader, mut writer) = split(TokioIo::new(connection));
    let (said, mut says) = mpsc::channel(1);
    if stdin {
        listen_to_stdin(said.clone());
    }
    if terminal.is_some() {
        tokio::spawn(follow_size(said.clone()));
    }
    let (heard, mut events) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Ok(Some(one)) = Heard::read(&mut reader).await {
            if heard.send(one).await.is_err() {
                return;
            }
        }
    });
    loop {
        tokio::select! {
            Some(said) = says.recv() => say(&mut writer, &said).await?,
            heard = events.recv() => match heard {
                Some(Heard::Stdout(bytes)) => pass_on(&bytes, io::stdout())?,
                Some(Heard::Stderr(bytes)) => pass_on(&bytes, io::stderr())?,
                Some(Heard::Exited(code)) => return Ok(u8::try_from(code).unwrap_or(u8::MAX)),
                Some(Heard::Failed(text)) => {
                    eprintln!("{text}");
                    return Ok(COULD_NOT_RUN);
                }
                None => bail!("the server closed the connection"),
            },
        }
    }
}

async fn say(to: &mut (impl AsyncWrite + Unpin), said: &Said) -> Result<()> {
    let written = said.write(to).await;
    written.context("the server closed the connection")
}

fn pass_on(bytes: &[u8], mut to: impl io::Write) -> Result<()> {
    to.write_all(bytes).and_then(|()| to.flush())?;
    Ok(())
}

/// Reads in a thread of its own, which nobody waits for: a read of a terminal cannot be given up.
fn listen_to_stdin(to: mpsc::Sender<Said>) {
    std::thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        loop {
            let said = match io::stdin().read(&mut piece) {
                Ok(0) | Err(_) => Said::EndOfInput,
                Ok(length) => Said::Input(piece.get(..length).unwrap_or_default().to_vec()),
            };
            let over = said == Said::EndOfInput;
            if to.blocking_send(said).is_err() || over {
                return;
            }
        }
    });
}

/// Tells the size of the terminal whenever it changes.
async fn follow_size(to: mpsc::Sender<Said>) {
    let Ok(mut changes) = signal(SignalKind::window_change()) else {
        return;
    };
    while changes.recv().await.is_some() {
        if let Some(size) = terminal::size()
            && to.send(Said::Resize(size)).await.is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_s_arn_names_its_cluster() {
        let arn = "arn:aws:ecs:us-east-1:111122223333:task/web/0123";
        assert_eq!(cluster_of(arn).as_deref(), Some("web"));
        assert_eq!(cluster_of("0123"), None);
    }
}
