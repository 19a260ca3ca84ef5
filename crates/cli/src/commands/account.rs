//! `sealift account`: the accounts of the server on this data directory, whether it runs or not.

mod create;
mod list;
mod rotate_keys;

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
    /// Make another account, with a root user and its access key
    Create(create::Arguments),
    /// List the accounts and the ids of their root users' access keys
    List(list::Arguments),
    /// Make a new access key for a root user or a user, and end the old ones; also for keys that were lost
    RotateKeys(rotate_keys::Arguments),
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Create(arguments) => create::run(arguments).await,
        Command::List(arguments) => list::run(arguments).await,
        Command::RotateKeys(arguments) => rotate_keys::run(arguments).await,
    }
}
