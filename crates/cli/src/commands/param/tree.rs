//! `sealift param tree`: what lies below a path.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use parameter_files::{Node, tree};
use serde::Serialize;

use super::{
    Server,
    parameters::{Parameters, slashed},
    path_of,
};
use crate::output::{Output, print_json};

#[derive(Args)]
pub struct Arguments {
    /// Where to begin
    #[arg(default_value = "/")]
    path: String,
    /// Print the values too
    #[arg(long)]
    values: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// A parameter as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    name: String,
    #[serde(rename = "type")]
    type_: String,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = path_of(&arguments.path)?;
    let (target, parameters) = arguments.server.find().await?;
    let shown = look(&parameters, path, arguments.values).await;
    target.close().await;
    let shown = shown?;
    match arguments.output {
        Output::Json => print_json(&shown)?,
        Output::Text => {
            let nodes: Vec<_> = shown.iter().map(node).collect();
            io::stdout()
                .lock()
                .write_all(tree(path, &nodes).as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn look(parameters: &Parameters, path: &str, with_values: bool) -> Result<Vec<Shown>> {
    if with_values {
        let values = parameters.values(path, true).await?.into_iter();
        let shown = values.map(|one| Shown {
            name: one.name.unwrap_or_default(),
            type_: one
                .r#type
                .map(|type_| type_.to_string())
                .unwrap_or_default(),
            version: one.version,
            value: one.value,
        });
        return Ok(shown.collect());
    }
    // Not even an encrypted value is asked for.
    let described = parameters.describe(path).await?.into_iter();
    let shown = described.map(|one| Shown {
        name: one.name.unwrap_or_default(),
        type_: one
            .r#type
            .map(|type_| type_.to_string())
            .unwrap_or_default(),
        version: one.version,
        value: None,
    });
    Ok(shown.collect())
}

fn node(shown: &Shown) -> Node {
    // In quotes, so that a value of several lines stays in its place and steers no terminal.
    let value = shown.value.as_ref();
    let value = value.map_or(String::new(), |value| format!("  {value:?}"));
    Node {
        path: slashed(&shown.name),
        about: format!("{}  v{}{value}", shown.type_, shown.version),
    }
}
