//! `sealift operator rotate-root-key`

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;
use server::operator::{RootKeyRotated, RotateRootKey};

use crate::{
    operator::OperatorSettings,
    output::{Output, print_json},
};

#[derive(Args)]
pub struct Arguments {
    /// End sessions that were made before, rather than letting them live until they expire: for a root key that leaked
    #[arg(long)]
    end_sessions: bool,
    /// Where to write the new root key, where the old one comes from SEALIFT_ROOT_KEY
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let new_key_file = arguments.new_key_file.as_deref().map(std::path::absolute);
    let command = RotateRootKey {
        end_sessions: arguments.end_sessions,
        new_key_file: new_key_file
            .transpose()
            .context("cannot resolve the path of --new-key-file")?,
    };
    let done = arguments.settings.ask(command).await?;
    if arguments.output == Output::Json {
        print_json(&done)?;
    } else {
        tell(&done)?;
        if arguments.end_sessions {
            let mut out = io::stdout().lock();
            writeln!(
                out,
                "sessions that were made before have ended; start the server anew, so that its own agent has new ones"
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(done: &RootKeyRotated) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} things are sealed under the new root key (fingerprint {}) in {}",
        done.resealed,
        done.fingerprint,
        done.root_key_file.display()
    )?;
    if done.unreadable > 0 {
        writeln!(
            out,
            "{} could not be opened, before as little as now; the log names them",
            done.unreadable
        )?;
    }
    if let Some(former) = &done.former_root_key_file {
        writeln!(
            out,
            "the old one is {}: remove it once no backup is needed that was made before",
            former.display()
        )?;
    }
    if done.restart_needed {
        writeln!(
            out,
            "start the server with the new root key in SEALIFT_ROOT_KEY: until then the old one still opens the database"
        )?;
    }
    Ok(())
}
