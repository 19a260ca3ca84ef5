//! `sealift trace`: who holds a secret or parameter, and who may read it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use server::operator::Trace;

use crate::{
    operator::OperatorSettings,
    output::{Output, print_json},
};

#[derive(Args)]
pub struct Arguments {
    /// The secret or parameter: its name in the first account, or its ARN
    secret: String,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let secret = arguments.secret;
    let traced = arguments.settings.ask(Trace { secret }).await?;
    if arguments.output == Output::Json {
        print_json(&traced)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{}", traced.arn)?;
    for held in traced.held_by {
        let outdated = held
            .outdated_since
            .map_or(String::new(), |since| format!("  outdated since {since}"));
        writeln!(
            out,
            "held by  {}  {}/{}  {}{outdated}",
            held.task_arn, held.container, held.name, held.version
        )?;
    }
    for reader in traced.readable_by {
        writeln!(out, "readable by  {}  {}", reader.arn, reader.because)?;
    }
    Ok(ExitCode::SUCCESS)
}
