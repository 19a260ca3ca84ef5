//! `sealift task`: looking into tasks that run.

mod exec;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command in a container of a running task, as its root
    Exec(exec::Arguments),
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Exec(arguments) => exec::run(arguments).await,
    }
}
