//! `sealift param import`: parameters from a file.
//!
//! A file that cannot be understood as a whole changes nothing. After that every parameter is written by itself: one
//! that fails keeps none of the others from being written, and each is told.

use std::{
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use clap::{Args, ValueEnum};
use parameter_files::{Entry, read};
use serde::Serialize;
use serde_json::json;

use super::{
    Format, Server,
    parameters::{Current, Existing, Parameters, in_words},
    path_of, report,
};
use crate::output::{Output, print_json};

#[derive(Args)]
pub struct Arguments {
    /// The file; `-` is standard input
    file: PathBuf,
    /// How the file is written [default: as its name tells]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The path that the parameters are made below; with chamber's formats, /service
    #[arg(long, default_value = "/")]
    prefix: String,
    /// The type of new parameters [default: SecureString]
    #[arg(long = "type", value_enum)]
    type_: Option<Type>,
    /// The KMS key of SecureString parameters [default: the account's own]
    #[arg(long)]
    key_id: Option<String>,
    /// The tier [default: the account's own]
    #[arg(long, value_enum)]
    tier: Option<Tier>,
    /// Write a new version where a parameter has another value already
    #[arg(long)]
    overwrite: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Type {
    String,
    StringList,
    SecureString,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tier {
    #[value(name = "Standard")]
    Standard,
    #[value(name = "Advanced")]
    Advanced,
    #[value(name = "Intelligent-Tiering")]
    IntelligentTiering,
}

/// What became of one entry.
#[derive(Serialize)]
struct Outcome {
    name: String,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Created,
    Overwritten,
    /// It has that value already.
    Unchanged,
    /// It has another value, and was not to be overwritten.
    Conflict,
    Failed,
    WouldCreate,
    WouldOverwrite,
    /// The caller may not read what is there.
    WouldWrite,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let format = Format::choose(arguments.format, Some(&arguments.file))?;
    let prefix = path_of(&arguments.prefix)?;
    let text = text_of(&arguments)?;
    let entries = match read(format.of_files(), &text) {
        Ok(entries) => entries,
        Err(problems) => {
            report(&problems);
            bail!(
                "`{}` cannot be read as a whole, so nothing was imported",
                arguments.file.display()
            );
        }
    };
    let (target, parameters) = arguments.server.find().await?;
    let outcomes = import(&parameters, &arguments, format, prefix, &entries).await;
    target.close().await;
    let outcomes = outcomes?;
    match arguments.output {
        Output::Json => print_json(&json!({ "parameters": outcomes }))?,
        Output::Text => {
            let mut out = io::stdout().lock();
            for outcome in &outcomes {
                writeln!(out, "{}", outcome.line())?;
            }
        }
    }
    let all_well = outcomes.iter().all(|outcome| outcome.error.is_none());
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn text_of(arguments: &Arguments) -> Result<String> {
    let shown = arguments.file.display();
    let mut text = String::new();
    if arguments.file.as_os_str() == "-" {
        io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(&arguments.file).and_then(|mut file| file.read_to_string(&mut text))
    }
    .with_context(|| format!("cannot read `{shown}`"))?;
    Ok(text)
}

async fn import(
    parameters: &Parameters,
    arguments: &Arguments,
    format: Format,
    prefix: &str,
    entries: &[Entry],
) -> Result<Vec<Outcome>> {
    let name_of = |entry: &Entry| format!("{prefix}/{}", entry.key);
    let names: Vec<_> = entries.iter().map(name_of).collect();
    let existing = parameters.existing(&names).await?;
    let mut outcomes = Vec::with_capacity(entries.len());
    for (name, entry) in names.into_iter().zip(entries) {
        let current = match &existing {
            Existing::Known(known) => known.get(&name),
            Existing::Unreadable => None,
        };
        let action = match current {
            Some(current) if current.value == entry.value => Action::Unchanged,
            Some(_) if !arguments.overwrite => Action::Conflict,
            Some(_) if arguments.dry_run => Action::WouldOverwrite,
            Some(_) => Action::Overwritten,
            None if arguments.dry_run && matches!(existing, Existing::Unreadable) => {
                Action::WouldWrite
            }
            None if arguments.dry_run => Action::WouldCreate,
            None => Action::Created,
        };
        outcomes.push(match action {
            Action::Created | Action::Overwritten => {
                put(parameters, arguments, format, name, entry, current).await
            }
            Action::Conflict => Outcome {
                error: Some("has another value already; say --overwrite to replace it".to_owned()),
                version: current.map(|current| current.version),
                name,
                action,
            },
            _ => Outcome {
                version: current.map(|current| current.version),
                error: None,
                name,
                action,
            },
        });
    }
    Ok(outcomes)
}

async fn put(
    parameters: &Parameters,
    arguments: &Arguments,
    format: Format,
    name: String,
    entry: &Entry,
    current: Option<&Current>,
) -> Outcome {
    let type_ = match (arguments.type_, current) {
        // What is there keeps its type unless another was named.
        (None, Some(_)) => None,
        (None, None) => Some(Type::SecureString),
        (named, _) => named,
    };
    let next = current.map_or(1, |current| current.version + 1);
    let put = parameters
        .put()
        .name(&name)
        .value(entry.value.expose_secret_str().unwrap_or_default())
        .overwrite(arguments.overwrite)
        .set_type(type_.map(Type::of_sdk))
        .set_key_id(arguments.key_id.clone())
        .set_tier(arguments.tier.map(Tier::of_sdk))
        // Where chamber looks for the number of a version.
        .set_description(format.is_chamber().then(|| next.to_string()));
    match put.send().await {
        Ok(answer) => Outcome {
            action: if answer.version == 1 {
                Action::Created
            } else {
                Action::Overwritten
            },
            version: Some(answer.version),
            error: None,
            name,
        },
        Err(error) => Outcome {
            action: Action::Failed,
            version: current.map(|current| current.version),
            error: Some(in_words(error).to_string()),
            name,
        },
    }
}

impl Outcome {
    fn line(&self) -> String {
        let action = match self.action {
            Action::Created => "created",
            Action::Overwritten => "overwritten",
            Action::Unchanged => "unchanged",
            Action::Conflict => "conflict",
            Action::Failed => "failed",
            Action::WouldCreate => "would create",
            Action::WouldOverwrite => "would overwrite",
            Action::WouldWrite => "would write",
        };
        let error = self.error.as_ref();
        let error = error.map_or(String::new(), |error| format!(": {error}"));
        format!("{action:<15} {}{error}", self.name)
    }
}

impl Type {
    fn of_sdk(self) -> ParameterType {
        match self {
            Self::String => ParameterType::String,
            Self::StringList => ParameterType::StringList,
            Self::SecureString => ParameterType::SecureString,
        }
    }
}

impl Tier {
    fn of_sdk(self) -> ParameterTier {
        match self {
            Self::Standard => ParameterTier::Standard,
            Self::Advanced => ParameterTier::Advanced,
            Self::IntelligentTiering => ParameterTier::IntelligentTiering,
        }
    }
}
