//! `sealift operator backup`

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;
use server::operator::Backup;

use crate::{
    operator::OperatorSettings,
    output::{Output, print_json},
};

#[derive(Args)]
pub struct Arguments {
    /// The file to make; it must not exist
    file: PathBuf,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let file = std::path::absolute(&arguments.file)
        .with_context(|| format!("cannot resolve `{}`", arguments.file.display()))?;
    let done = arguments.settings.ask(Backup { file }).await?;
    if arguments.output == Output::Json {
        print_json(&done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "backed up {} bytes to {}; it is worth nothing without the root key (fingerprint {}): keep a copy of that too, \
         and elsewhere",
        done.bytes,
        done.file.display(),
        done.root_key_fingerprint,
    )?;
    Ok(ExitCode::SUCCESS)
}
