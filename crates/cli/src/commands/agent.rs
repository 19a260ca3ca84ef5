//! `sealift agent`: this host as a container instance of a server elsewhere.

use std::{io::Write as _, net::IpAddr, path::PathBuf, process::ExitCode, sync::Arc};

use agent::{
    AcsConnector, Agent, AgentError, AgentHandle, ConnectRefused, Duplex, LinkLocal, Pulls,
    ReadConfig, WebSockets,
};
use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use aws_config::{
    BehaviorVersion, environment::region::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain, profile::ProfileFileRegionProvider,
};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use clap::Args;
use ecs::names::DEFAULT_CLUSTER;
use http::Uri;
use server::DataDir;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing_subscriber::filter::LevelFilter;
use types::{OsEntropy, Region};

use crate::{
    agent_host::{AgentHost, Membership},
    agent_state::AgentState,
    ecs_config, local_agents, logging, paths, relay,
};

/// AWS: the code with which ECS's agent says that starting it again is of no use.
const TERMINAL: u8 = 5;

#[derive(Args)]
pub struct Arguments {
    /// Address of the server, `http://host:port` or `https://host`
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    endpoint_url: Uri,
    /// Reach a server beyond loopback over plain HTTP although secrets then cross the network in clear
    #[arg(long)]
    allow_plain_http_beyond_loopback: bool,
    /// Region of the cluster [default: what AWS's own configuration says, else us-east-1]
    #[arg(long, env = "AWS_REGION")]
    region: Option<Region>,
    /// What the agent keeps, one process at a time [default: $XDG_DATA_HOME/sealift-agent]
    #[arg(long, env = "SEALIFT_AGENT_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The agent's configuration; ECS_* variables win over it [default: /etc/ecs/ecs.config where it exists]
    #[arg(long, value_name = "FILE")]
    ecs_config: Option<PathBuf>,
    /// Serve 169.254.170.2 only while a task has a role or writes to CloudWatch Logs; other tasks then find no metadata
    #[arg(long, env = "SEALIFT_NO_TASK_METADATA")]
    no_task_metadata: bool,
}

/// Runs tasks until it is told to stop (SIGINT, SIGTERM). Their containers run on: the next `sealift agent` finds them.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let ReadConfig {
        config: ecs,
        warnings,
    } = ecs_config::read(arguments.ecs_config.as_deref())?;
    logging::start(LevelFilter::INFO, ecs_config::log_level(&ecs))?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let around = ecs_config::around(arguments.ecs_config.as_deref())?;
    let endpoint = arguments.endpoint()?;
    let region = arguments.region().await;
    let credentials = credentials(&endpoint, &region).await?;
    let cluster = ecs.cluster.clone();
    let cluster = cluster.unwrap_or_else(|| DEFAULT_CLUSTER.to_owned());
    let data_dir = DataDir::take(&arguments.data_dir()?)?;
    let mut state = AgentState::open(data_dir.path(), &cluster, &region, &OsEntropy)?;
    let mut stopped = told_to_stop()?;

    let Some(runtime) = local_agents::connect(&mut stopped).await else {
        return Ok(ExitCode::SUCCESS);
    };
    let api = relay::routes(&endpoint.parse()?)?;
    let link_local = LinkLocal::new(Arc::clone(&runtime) as _, api, !arguments.no_task_metadata);
    let host = AgentHost {
        endpoint,
        installation: state.installation().to_owned(),
        data_dir: data_dir.path().to_owned(),
        ecs,
        around,
        pulls: Pulls::default(),
    };
    let member = Membership {
        cluster,
        region,
        credentials,
        container_instance_arn: state.container_instance_arn().map(str::to_owned),
    };
    let (remembered, is_remembered) = watch::channel(false);
    let connector = Arc::new(OnceRemembered { is_remembered });
    let agent = Agent::start(host.config(member, &link_local), runtime, connector);
    let work = work(&agent, &mut state, &remembered);
    tokio::select! {
        worked = work => worked?,
        _ = stopped.wait_for(|stopped| *stopped) => {
            tracing::info!("stopping; running tasks go on and are found again at the next start");
        }
    }
    end(agent, &state).await
}

/// Keeps which container instance this is, and says so; then it is the agent's turn, to its end.
async fn work(
    agent: &AgentHandle,
    state: &mut AgentState,
    remembered: &watch::Sender<bool>,
) -> Result<()> {
    if let Some(arn) = agent.container_instance_arn().await {
        state.remember(&arn)?;
        remembered.send_replace(true);
        let mut out = std::io::stdout();
        writeln!(out, "sealift agent is {arn}")?;
        out.flush()?;
        agent.ended().await;
    }
    Ok(())
}

async fn end(agent: AgentHandle, state: &AgentState) -> Result<ExitCode> {
    match agent.shutdown().await {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // AWS: a credential that lacks the right may get it; what else is refused stays refused.
        Err(error @ AgentError::RegistrationRefused(_))
            if !error.to_string().contains("AccessDenied") =>
        {
            eprintln!("sealift: {error}");
            if state.container_instance_arn().is_some() {
                eprintln!(
                    "sealift: if this container instance is gone for good, remove `{}` to join as a new one",
                    state.path().display()
                );
            }
            Ok(ExitCode::from(TERMINAL))
        }
        Err(error) => Err(error.into()),
    }
}

/// Sessions, once it is on disk whose they are: what is handed over in one must be found again by the next process.
struct OnceRemembered {
    is_remembered: watch::Receiver<bool>,
}

#[async_trait]
impl AcsConnector for OnceRemembered {
    async fn connect(&self, upgrade: http::Request<()>) -> Result<Duplex, ConnectRefused> {
        let mut is_remembered = self.is_remembered.clone();
        if is_remembered.wait_for(|is| *is).await.is_err() {
            // The process ends.
            std::future::pending::<()>().await;
        }
        WebSockets.connect(upgrade).await
    }
}

impl Arguments {
    /// The server's origin. What is told there and heard from there must not be read on the way.
    fn endpoint(&self) -> Result<String> {
        let url = &self.endpoint_url;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
            // An address may hold a password, so it is not repeated.
            bail!("the endpoint is not `http://host[:port]` or `https://host[:port]`");
        };
        if !matches!(scheme, "http" | "https")
            || authority.as_str().contains('@')
            || !matches!(url.path(), "" | "/")
            || url.query().is_some()
        {
            bail!("the endpoint is not `http://host[:port]` or `https://host[:port]`");
        }
        let plain = scheme == "http" && !is_loopback(authority.host());
        if plain && !self.allow_plain_http_beyond_loopback {
            bail!(
                "refusing to reach {url}: plain HTTP would carry secrets in clear beyond this machine; \
                 name an https:// address, or say --allow-plain-http-beyond-loopback"
            );
        }
        Ok(format!("{scheme}://{authority}"))
    }

    async fn region(&self) -> Region {
        if let Some(region) = &self.region {
            return region.clone();
        }
        // Without a last resort, the network would be asked whether this is a machine of EC2.
        let configured = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::builder().build())
            .region()
            .await;
        let configured = configured.and_then(|region| region.as_ref().parse().ok());
        configured.unwrap_or_else(|| "us-east-1".parse().expect("is a region"))
    }

    fn data_dir(&self) -> Result<PathBuf> {
        match &self.data_dir {
            Some(dir) => std::path::absolute(dir)
                .with_context(|| format!("cannot resolve `{}`", dir.display())),
            None => Ok(paths::default_data_dir()?.with_file_name("sealift-agent")),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The instance's credentials, where every AWS SDK looks for them: variables, profiles, roles to assume.
async fn credentials(endpoint: &str, region: &Region) -> Result<SharedCredentialsProvider> {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_config::Region::new(region.to_string()))
        .load()
        .await;
    let provider = sdk.credentials_provider();
    let provider = provider.context("AWS's configuration names no credentials")?;
    let found = provider.provide_credentials().await;
    found.context("no credentials for this container instance; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")?;
    Ok(provider)
}

/// Turns true once the process is told to stop.
fn told_to_stop() -> Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_replace(true);
        stop.closed().await;
    });
    Ok(stopped)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn endpoint(url: &str, more: &[&str]) -> Result<String> {
        let words = ["agent", "--endpoint-url", url];
        let cli = Cli::try_parse_from(words.iter().chain(more))?;
        cli.arguments.endpoint()
    }

    #[test]
    fn plain_http_leaves_this_machine_only_where_the_operator_says_so() {
        for fine in [
            "http://127.0.0.1:4566",
            "http://localhost:4566",
            "http://[::1]:4566",
            "https://ecs.example.com",
        ] {
            assert_eq!(endpoint(fine, &[]).unwrap(), fine);
        }
        let far = "http://10.0.0.5:4566";
        let refused = endpoint(far, &[]).unwrap_err().to_string();
        assert!(refused.contains("plain HTTP"), "{refused}");
        assert_eq!(
            endpoint(far, &["--allow-plain-http-beyond-loopback"]).unwrap(),
            far
        );
    }

    #[test]
    fn an_endpoint_is_an_origin_and_holds_no_password() {
        for bad in [
            "127.0.0.1:4566",
            "ftp://127.0.0.1",
            "http://127.0.0.1/path",
            "http://user:word@127.0.0.1",
        ] {
            let refused = endpoint(bad, &[]).unwrap_err().to_string();
            assert!(!refused.contains("word"), "{refused}");
        }
    }
}
