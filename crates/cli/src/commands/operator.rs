//! `sealift operator`: what whoever owns the installation does with it, whether its server runs or not.

mod backup;
mod rotate_root_key;

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
    /// Make a new root key and seal everything under it, while the server serves
    RotateRootKey(rotate_root_key::Arguments),
    /// Copy the SQLite database into a new file, while the server serves
    Backup(backup::Arguments),
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::RotateRootKey(arguments) => rotate_root_key::run(arguments).await,
        Command::Backup(arguments) => backup::run(arguments).await,
    }
}
