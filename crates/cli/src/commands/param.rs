//! `sealift param`: the hierarchies of Parameter Store as trees and files.
//!
//! All of it goes through the AWS API with the official SDK, as whoever the environment names. No value is printed
//! that was not asked for.

mod export;
mod import;
mod parameters;
mod tree;

use std::{path::Path, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use parameter_files::Problem;
use tracing_subscriber::filter::LevelFilter;

use self::parameters::Parameters;
use crate::{
    logging,
    settings::{Places, Stored},
    target::StoreTarget,
};

/// The exit code of a command that was called wrongly, as clap has it.
const USAGE: u8 = 2;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what lies below a path: names, types and versions, and values only if asked
    Tree(tree::Arguments),
    /// Write what lies below a path to a file
    Export(export::Arguments),
    /// Make parameters of what a file holds; says for each what became of it
    Import(import::Arguments),
}

/// The server to ask.
#[derive(Args)]
struct Server {
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    stored: Stored,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Dotenv,
    Json,
    Yaml,
    /// JSON as of `chamber export`, for the layout /service/key
    Chamber,
    /// Dotenv as of `chamber export --format dotenv`
    ChamberDotenv,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    logging::start(LevelFilter::WARN, None)?;
    match arguments.command {
        Command::Tree(arguments) => tree::run(arguments).await,
        Command::Export(arguments) => export::run(arguments).await,
        Command::Import(arguments) => import::run(arguments).await,
    }
}

impl Server {
    async fn find(&self) -> Result<(StoreTarget, Parameters)> {
        let target = StoreTarget::find(&self.places, &self.stored, "SSM").await?;
        let parameters = Parameters::new(&target, &self.places.region());
        Ok((target, parameters))
    }
}

impl Format {
    /// The format that was named, or else the one that the file's name tells.
    fn choose(named: Option<Self>, file: Option<&Path>) -> Result<Self> {
        let told = || {
            let file = file?;
            let name = file.file_name()?.to_str()?;
            match file.extension().and_then(|extension| extension.to_str()) {
                _ if name == ".env" || name.starts_with(".env.") => Some(Self::Dotenv),
                Some("env") => Some(Self::Dotenv),
                Some("json") => Some(Self::Json),
                Some("yaml" | "yml") => Some(Self::Yaml),
                _ => None,
            }
        };
        match named.or_else(told) {
            Some(format) => Ok(format),
            None => bail!("name the format of the file with --format"),
        }
    }

    fn is_chamber(self) -> bool {
        matches!(self, Self::Chamber | Self::ChamberDotenv)
    }

    fn of_files(self) -> parameter_files::Format {
        match self {
            Self::Dotenv => parameter_files::Format::Dotenv,
            Self::Json => parameter_files::Format::Json,
            Self::Yaml => parameter_files::Format::Yaml,
            Self::Chamber => parameter_files::Format::Chamber,
            Self::ChamberDotenv => parameter_files::Format::ChamberDotenv,
        }
    }
}

/// A path without the slash at its end: empty for the top.
fn path_of(text: &str) -> Result<&str> {
    match text.strip_suffix('/').unwrap_or(text) {
        "" => Ok(""),
        path if path.starts_with('/') => Ok(path),
        _ => bail!("a path begins with a slash: `/{text}`"),
    }
}

/// Says on standard error what cannot be.
fn report(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{}: {}", problem.at, problem.why);
    }
}
