//! What commands print: text for people, JSON for programs (`-o json`).

use std::io::{self, Write as _};

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

/// The form of a command's answer.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

/// Prints an answer that holds no secret.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}
