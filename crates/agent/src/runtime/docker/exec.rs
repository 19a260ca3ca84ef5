//! Commands in containers, through Docker's exec.

use std::env;

use async_trait::async_trait;
use bollard::{
    Docker,
    exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults},
};
use ecs::acs::TerminalSize;
use futures::{StreamExt as _, TryStreamExt as _};
use rustix::process::{Pid, Signal, kill_process};

use super::{Exec, ExecCommand, RuntimeError, engine_error, log_chunk};
use crate::runtime::ExecControl;

/// AWS: a command runs as root, whatever the container's user is.
const ROOT: &str = "0";

/// How often an engine is asked for an exit code.
const LOOKS: u32 = 50;

/// Creates and starts a command.
pub(super) async fn start(
    docker: &Docker,
    container: &str,
    wanted: &ExecCommand,
) -> Result<Exec, RuntimeError> {
    let tty = wanted.terminal.is_some();
    let options = CreateExecOptions {
        attach_stdin: Some(wanted.stdin),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(tty),
        cmd: Some(wanted.command.clone()),
        user: Some(ROOT.to_owned()),
        ..CreateExecOptions::default()
    };
    let created = docker.create_exec(container, options).await;
    let control = DockerExec {
        docker: docker.clone(),
        id: created.map_err(engine_error)?.id,
    };
    let options = StartExecOptions {
        detach: false,
        tty,
        output_capacity: None,
    };
    let started = docker.start_exec(&control.id, Some(options)).await;
    let StartExecResults::Attached { output, input } = started.map_err(engine_error)? else {
        return Err(RuntimeError::Engine(
            "the engine detached from the command".to_owned(),
        ));
    };
    if let Some(size) = wanted.terminal {
        control.resize(size).await?;
    }
    Ok(Exec {
        output: output.map_ok(log_chunk).map_err(engine_error).boxed(),
        input,
        control: Box::new(control),
    })
}

struct DockerExec {
    docker: Docker,
    id: String,
}

#[async_trait]
impl ExecControl for DockerExec {
    async fn resize(&self, size: TerminalSize) -> Result<(), RuntimeError> {
        let options = ResizeExecOptions {
            height: size.rows,
            width: size.columns,
        };
        let resized = self.docker.resize_exec(&self.id, options).await;
        resized.map_err(engine_error)
    }

    async fn exit_code(&self) -> Result<i64, RuntimeError> {
        // The streams end a moment before the engine knows of the end.
        for _ in 0..LOOKS {
            let inspected = self.docker.inspect_exec(&self.id).await;
            if let Some(code) = inspected.map_err(engine_error)?.exit_code {
                return Ok(code);
            }
            tokio::time::sleep(super::network::PAUSE).await;
        }
        Err(RuntimeError::Engine(
            "the engine names no exit code".to_owned(),
        ))
    }

    /// Docker has no call for this. On its own host, the process can be told; elsewhere it sees the end of its input.
    async fn kill(&self) {
        let is_local = env::var("DOCKER_HOST").map_or(true, |host| host.starts_with("unix://"));
        let Ok(inspected) = self.docker.inspect_exec(&self.id).await else {
            return;
        };
        let runs = inspected.running == Some(true);
        let pid = inspected.pid.and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.filter(|_| runs && is_local).and_then(Pid::from_raw) {
            // One that is gone by now is what we want.
            let _ = kill_process(pid, Signal::HUP);
            tokio::time::sleep(super::network::PAUSE).await;
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
