//! The `sealift` command.

mod access_key;
mod agent_host;
mod agent_state;
mod aws;
mod commands;
mod ecs_config;
mod engine;
mod local_agents;
mod logging;
mod operator;
mod output;
mod paths;
mod relay;
mod secrets_source;
mod settings;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Run Amazon ECS task definitions on any machine, with their secrets, under the task execution role.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything in one process: endpoint and agent. Prints one ready line, then logs
    Up(commands::up::Arguments),
    /// Make this host a container instance of a server elsewhere, and run its tasks
    Agent(commands::agent::Arguments),
    /// Print export lines for the server that runs on the data directory
    Env(commands::env::Arguments),
    /// Make another account, list accounts, make new access keys in place of lost or old ones
    Account(commands::account::Arguments),
    /// Rotate the root key; back the database up
    Operator(commands::operator::Arguments),
    /// Show, export and import hierarchies of Parameter Store
    Param(commands::param::Arguments),
    /// Register a task definition, run one task of it, stream its logs, exit with its essential container's code
    Run(commands::run::Arguments),
    /// Look into tasks that run
    Task(commands::task::Arguments),
    /// List running tasks that hold an outdated version of a secret, and since when
    Stale(commands::stale::Arguments),
    /// List who holds a secret, and who may read it
    Trace(commands::trace::Arguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start the runtime")),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Up(arguments) => commands::up::run(arguments).await,
            Command::Agent(arguments) => commands::agent::run(arguments).await,
            Command::Env(arguments) => commands::env::run(&arguments),
            Command::Account(arguments) => commands::account::run(arguments).await,
            Command::Operator(arguments) => commands::operator::run(arguments).await,
            Command::Param(arguments) => commands::param::run(arguments).await,
            Command::Run(arguments) => commands::run::run(arguments).await,
            Command::Task(arguments) => commands::task::run(arguments).await,
            Command::Stale(arguments) => commands::stale::run(arguments).await,
            Command::Trace(arguments) => commands::trace::run(arguments).await,
        }
    });
    outcome.unwrap_or_else(|error| fail(&error))
}

/// One sentence with its causes on standard error, and exit code 1.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("sealift: {error:#}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_of_every_command_fit_together() {
        super::Cli::command().debug_assert();
    }
}
