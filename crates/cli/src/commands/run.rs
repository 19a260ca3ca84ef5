//! `sealift run`: does this task definition start, with these secrets, under this role?

mod call;
mod follow;
mod outcome;
mod pulls;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use self::{call::LaunchType, outcome::Outcome};
use crate::{
    aws::ServiceError,
    logging,
    output::{Output, print_json},
    settings::{Places, Serving},
    target::Target,
};

/// The exit code of a task that could not start, as `docker run` has it for a container.
const COULD_NOT_START: u8 = 125;

#[derive(Args)]
pub struct Arguments {
    /// Task definition file, JSON as for `aws ecs register-task-definition --cli-input-json`
    task_definition: PathBuf,
    /// Cluster to run the task in
    #[arg(long, default_value = "default")]
    cluster: String,
    /// Where the task runs [default: FARGATE for a definition that is for Fargate and not for EC2, else EC2]
    #[arg(long, value_enum, ignore_case = true)]
    launch_type: Option<LaunchType>,
    /// What is printed once the task has stopped; `json` sends the containers' logs to standard error
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    serving: Serving,
}

/// Registers the task definition, runs one task of it, streams its logs, and exits with its essential container's
/// code; with 125 and the stopped reason where it could not start.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    logging::start(LevelFilter::WARN, None)?;
    let definition = read_definition(&arguments.task_definition)?;
    let mut target = Target::find(&arguments.places, &arguments.serving).await?;
    let readings = target.readings.take();
    let mut outcome = start_and_follow(&target, &definition, &arguments).await;
    target.close().await;
    if let (Ok(outcome), Some(mut readings)) = (&mut outcome, readings) {
        outcome.secrets_read_as = readings.try_recv().ok().map(|reading| reading.reader);
    }

    match outcome {
        Ok(outcome) => {
            if arguments.output == Output::Json {
                print_json(&outcome)?;
            } else if let Some(reason) = outcome.why_it_did_not_start() {
                eprintln!("{reason}");
            }
            Ok(ExitCode::from(outcome.exit_code))
        }
        // The server's own words are the answer to "does it start?".
        Err(error) if error.is::<ServiceError>() => {
            if arguments.output == Output::Json {
                let error = json!({ "error": error.to_string(), "exitCode": COULD_NOT_START });
                print_json(&error)?;
            } else {
                eprintln!("{error}");
            }
            Ok(ExitCode::from(COULD_NOT_START))
        }
        Err(error) => Err(error),
    }
}

fn read_definition(path: &std::path::Path) -> Result<Value> {
    let text = std::fs::read(path)
        .with_context(|| format!("cannot read the task definition `{}`", path.display()))?;
    let definition: Value = serde_json::from_slice(&text)
        .with_context(|| format!("`{}` is not valid JSON", path.display()))?;
    if !definition.is_object() {
        bail!(
            "`{}` must hold a JSON object, as for `aws ecs register-task-definition`",
            path.display()
        );
    }
    Ok(definition)
}

async fn start_and_follow(
    target: &Target,
    definition: &Value,
    arguments: &Arguments,
) -> Result<Outcome> {
    let client = &target.client;
    let registered = client.ecs("RegisterTaskDefinition", definition).await?;
    let registered = registered.get("taskDefinition").unwrap_or(&Value::Null);
    let arn = registered.get("taskDefinitionArn").and_then(Value::as_str);
    let arn = arn.context("RegisterTaskDefinition answered without an ARN")?;

    let input = call::of(registered, arn, &arguments.cluster, arguments.launch_type);
    let started = client.ecs("RunTask", &input).await?;
    let Some(task) = started.pointer("/tasks/0/taskArn").and_then(Value::as_str) else {
        let reason = started
            .pointer("/failures/0/reason")
            .and_then(Value::as_str)
            .unwrap_or("no reason given");
        return Ok(Outcome::not_placed(reason, COULD_NOT_START));
    };
    if let Some(from) = outcome::secrets_from(&started, "/tasks/0") {
        eprintln!("sealift: the secrets of this task come from: {from}");
    }
    let logs_to_stderr = arguments.output == Output::Json;
    let shown = pulls::show(client.clone(), &arguments.cluster, task);
    let stopped = follow::until_stopped(client, &arguments.cluster, task, logs_to_stderr).await;
    shown.end().await;
    let stopped = stopped?;
    Ok(Outcome::of(&stopped, definition, COULD_NOT_START))
}
