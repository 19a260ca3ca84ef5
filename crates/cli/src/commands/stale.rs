//! `sealift stale`: running tasks that hold an outdated version of a secret, and since when.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use server::operator::Stale;

use crate::{
    operator::OperatorSettings,
    output::{Output, print_json},
};

#[derive(Args)]
pub struct Arguments {
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let stale = arguments.settings.ask(Stale {}).await?;
    if arguments.output == Output::Json {
        print_json(&serde_json::json!({ "stale": stale }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    for held in stale {
        writeln!(
            out,
            "{}  {}/{}  {}  {} -> {}  since {}",
            held.task_arn,
            held.container,
            held.name,
            held.arn,
            held.version,
            held.current_version.unwrap_or_default(),
            held.outdated_since.unwrap_or_default(),
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
