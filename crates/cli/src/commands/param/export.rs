//! `sealift param export`: what lies below a path, as a file.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use parameter_files::{Entry, Key, Problem, write};
use serde_json::json;
use types::SecretValue;

use super::{
    Format, Server, USAGE,
    parameters::{Parameters, slashed},
    path_of, report,
};
use crate::output::{Output, print_json};

#[derive(Args)]
pub struct Arguments {
    /// The path whose parameters are exported; their names in the file are relative to it
    path: String,
    /// How the file is written [default: as its name tells]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file, readable by its owner alone
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Replace the file where it is there already
    #[arg(long, requires = "to")]
    force: bool,
    /// Print the values to standard output instead
    #[arg(long, conflicts_with = "to")]
    values: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    if arguments.to.is_none() && !arguments.values {
        eprintln!(
            "sealift: an export holds values; name a file for them with --to, or ask for them here with --values"
        );
        return Ok(ExitCode::from(USAGE));
    }
    let format = Format::choose(arguments.format, arguments.to.as_deref())?;
    let path = path_of(&arguments.path)?;
    let (target, parameters) = arguments.server.find().await?;
    let entries = entries(&parameters, path, !format.is_chamber()).await;
    target.close().await;

    let entries = entries?;
    let written = entries.and_then(|entries| {
        let keys: Vec<_> = entries.iter().map(|entry| entry.key.to_string()).collect();
        Ok((keys, write(format.of_files(), &entries)?))
    });
    let (keys, contents) = match written {
        Ok(written) => written,
        Err(problems) => {
            report(&problems);
            bail!("the format cannot hold these, so nothing was written");
        }
    };
    let Some(file) = &arguments.to else {
        io::stdout().lock().write_all(contents.expose_secret())?;
        return Ok(ExitCode::SUCCESS);
    };
    save(file, &contents, arguments.force)
        .with_context(|| format!("cannot write `{}`", file.display()))?;
    match arguments.output {
        Output::Json => print_json(&json!({ "file": file, "path": arguments.path, "keys": keys }))?,
        Output::Text => eprintln!("{} parameters in `{}`", keys.len(), file.display()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The parameters below a path as entries of a file.
async fn entries(
    parameters: &Parameters,
    path: &str,
    recursive: bool,
) -> Result<Result<Vec<Entry>, Vec<Problem>>> {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for one in parameters.values(path, recursive).await? {
        let name = slashed(&one.name.context("a parameter came without a name")?);
        let value = one.value.context("a parameter came without a value")?;
        let below = name
            .strip_prefix(path)
            .and_then(|key| key.strip_prefix('/'));
        match below.and_then(Key::parse) {
            Some(key) => entries.push(Entry {
                key,
                value: SecretValue::from(value),
            }),
            None => problems.push(Problem {
                at: name,
                why: "is not below the path".to_owned(),
            }),
        }
    }
    Ok(if problems.is_empty() {
        Ok(entries)
    } else {
        Err(problems)
    })
}

/// Writes a file that only its owner can read, from before the first byte is in it.
fn save(path: &Path, contents: &SecretValue, replace: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    let mut file: File = if replace {
        let file = options.create(true).truncate(true).open(path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file
    } else {
        options.create_new(true).open(path)?
    };
    file.write_all(contents.expose_secret())?;
    file.sync_all()
}
