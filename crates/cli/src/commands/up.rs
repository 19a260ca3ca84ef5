//! `sealift up`: everything in one process.

use std::{io::Write as _, net::SocketAddr, process::ExitCode};

use agent::ReadConfig;
use anyhow::{Result, bail};
use clap::Args;
use server::Server;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    ecs_config,
    local_agents::{AwsForAgents, LocalAgents},
    logging,
    settings::{Places, Serving},
};

#[derive(Args)]
pub struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "SEALIFT_LISTEN", default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// Listen beyond loopback although secrets then cross the network in clear
    #[arg(long)]
    allow_plain_http_beyond_loopback: bool,
    /// Run no agent in this process
    #[arg(long, env = "SEALIFT_NO_AGENT")]
    no_agent: bool,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    serving: Serving,
}

/// Serves until it is told to stop (SIGINT, SIGTERM). Tasks run on: the next `sealift up` finds them again.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let ReadConfig {
        config: ecs,
        warnings,
    } = ecs_config::read(arguments.serving.ecs_config.as_deref())?;
    logging::start(LevelFilter::INFO, ecs_config::log_level(&ecs))?;
    let around = ecs_config::around(arguments.serving.ecs_config.as_deref())?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let aws = arguments.serving.source.load().await?;
    let places = arguments
        .places
        .or_in(aws.as_ref().and_then(|aws| aws.region.clone()));
    let mut config = arguments.serving.config(&places, arguments.listen)?;
    config.allow_plain_http_beyond_loopback = arguments.allow_plain_http_beyond_loopback;
    config.local_agent = !arguments.no_agent;
    config.local_cluster.clone_from(&ecs.cluster);

    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let first_account = config.first_account.clone();
    let server = Server::start(config).await?;
    if let Some(aws) = &aws {
        if aws.account.endpoint() == Some(server.endpoint()) {
            bail!(
                "AWS's own configuration leads to {}, which is this very server: take AWS_ENDPOINT_URL out of the environment, \
                 or name your account with --aws-profile or --aws-endpoint-url",
                server.endpoint()
            );
        }
        // AWS may be out of reach for now; each task says so that is.
        if let Err(error) = aws.announce().await {
            tracing::warn!("{error:#}");
        }
    }
    let aws = aws.map(|aws| AwsForAgents {
        account: first_account,
        aws: aws.account,
    });
    let tells_tasks = !arguments.serving.no_task_metadata;
    let agents = LocalAgents::start(&server, ecs, around, tells_tasks, aws);
    let mut out = std::io::stdout();
    writeln!(out, "sealift is ready at {}", server.endpoint())?;
    out.flush()?;

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping; running tasks go on and are found again at the next start");
    agents.stop().await;
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}
