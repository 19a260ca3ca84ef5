//! Which server a command talks to: the one named by `AWS_ENDPOINT_URL`, else the one that runs on the data directory,
//! else one brought up in this process for as long as the command lasts.

use std::{env, fs, net::SocketAddr};

use agent::{DockerRuntime, resolve::Reading};
use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use server::{CredentialsFile, DEFAULT_PROFILE, Server};
use tokio::sync::broadcast;

use crate::{
    aws::AwsClient,
    ecs_config,
    local_agents::{AwsForAgents, LocalAgents},
    secrets_source::Aws,
    settings::{Places, Serving, Stored},
};

/// The server to talk to. Keep it for as long as the command lasts: it may hold the server itself.
pub struct Target {
    pub client: AwsClient,
    own: Option<(Server, LocalAgents)>,
    /// Who reads the tasks' values in AWS, where the agent of this process does it.
    pub readings: Option<broadcast::Receiver<Reading>>,
}

impl Target {
    /// Finds the server, or brings one up.
    pub async fn find(places: &Places, serving: &Serving) -> Result<Self> {
        let aws = serving.source.load().await?;
        let running = match &aws {
            None => Endpoint::running(places, "ECS")?,
            Some(_) => running_from_aws(places).await?,
        };
        if let Some(endpoint) = running {
            return Ok(Self {
                client: endpoint.client(places)?,
                own: None,
                readings: None,
            });
        }
        if let Some(aws) = &aws {
            aws.announce().await?;
        }
        Self::bring_up(places, serving, aws).await
    }

    async fn bring_up(places: &Places, serving: &Serving, aws: Option<Aws>) -> Result<Self> {
        // Without an engine the task would wait for ever.
        let engine = DockerRuntime::connect().await;
        engine.context(
            "no container engine answers; start Docker, or name its address with DOCKER_HOST",
        )?;
        let places = places.or_in(aws.as_ref().and_then(|aws| aws.region.clone()));
        let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let ecs = ecs_config::read(serving.ecs_config.as_deref())?;
        let around = ecs_config::around(serving.ecs_config.as_deref())?;
        for warning in ecs.warnings {
            tracing::warn!("{warning}");
        }
        let mut config = serving.config(&places, free_port)?;
        config.local_cluster.clone_from(&ecs.config.cluster);
        let account = config.first_account.clone();
        let server = Server::start(config).await?;
        let readings = aws.as_ref().map(|aws| aws.account.watch());
        let aws = aws.map(|aws| AwsForAgents {
            account,
            aws: aws.account,
        });
        let tells_tasks = !serving.no_task_metadata;
        let agents = LocalAgents::start(&server, ecs.config, around, tells_tasks, aws);
        let endpoint = server
            .endpoint()
            .parse()
            .context("the server's own address")?;
        let client = AwsClient::new(endpoint, root_credentials(&places)?, places.region())?;
        Ok(Self {
            client,
            own: Some((server, agents)),
            readings,
        })
    }

    /// Ends the server of this process, if there is one.
    pub async fn close(self) {
        if let Some((server, agents)) = self.own {
            agents.stop().await;
            server.stop().await;
        }
    }
}

/// The server that reads tasks' values from AWS already. What else AWS_ENDPOINT_URL names then is the user's AWS; a
/// server on the data directory that keeps the values itself cannot be told otherwise by a command.
async fn running_from_aws(places: &Places) -> Result<Option<Endpoint>> {
    if let Ok(Some(named)) = Endpoint::named(places, "ECS")
        && let Ok(client) = named.client(places)
        && client.reads_from_aws().await
    {
        return Ok(Some(named));
    }
    let Some(own) = Endpoint::of_data_dir(places)? else {
        return Ok(None);
    };
    if !own.client(places)?.reads_from_aws().await {
        bail!(
            "the server that runs on this data directory, at {}, keeps the secrets itself; start it with `sealift up --secrets-from aws`, \
             or let this command bring up one of its own with another --data-dir",
            own.url
        );
    }
    Ok(Some(own))
}

/// Where a server is, and who asks it.
pub struct Endpoint {
    pub url: String,
    pub credentials: Credentials,
}

impl Endpoint {
    /// The server that the environment names for a service, such as `ECS`, else the one that runs on the data directory.
    fn running(places: &Places, service: &str) -> Result<Option<Self>> {
        match Self::named(places, service)? {
            Some(named) => Ok(Some(named)),
            None => Self::of_data_dir(places),
        }
    }

    /// The server to ask about what runs there.
    pub fn find(places: &Places, service: &str) -> Result<Self> {
        let running = Self::running(places, service)?;
        running.context("no server runs on this data directory; start one with `sealift up`, or name one with AWS_ENDPOINT_URL")
    }

    pub fn client(&self, places: &Places) -> Result<AwsClient> {
        let url = &self.url;
        let endpoint = url.parse();
        let endpoint = endpoint.with_context(|| format!("`{url}` is no address of a server"))?;
        AwsClient::new(endpoint, self.credentials.clone(), places.region())
    }

    /// The server that the environment names.
    fn named(places: &Places, service: &str) -> Result<Option<Self>> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let named = variable(&format!("AWS_ENDPOINT_URL_{service}"));
        if let Some(url) = named.or_else(|| variable("AWS_ENDPOINT_URL")) {
            let credentials = match environment_credentials() {
                Some(credentials) => credentials,
                None => root_credentials(places)
                    .context("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")?,
            };
            return Ok(Some(Self { url, credentials }));
        }
        Ok(None)
    }

    /// The server that runs on the data directory.
    fn of_data_dir(places: &Places) -> Result<Option<Self>> {
        let data_dir = places.data_dir()?;
        let url = fs::read_to_string(server::endpoint_file(&data_dir)).ok();
        let url = url.filter(|_| server::is_in_use(&data_dir));
        url.map(|url| {
            Ok(Self {
                url: url.trim().to_owned(),
                credentials: root_credentials(places)?,
            })
        })
        .transpose()
    }
}

/// A server for what needs no containers: it is found as [`Target`] is, and brought up without an agent.
pub struct StoreTarget {
    pub endpoint: Endpoint,
    own: Option<Server>,
}

impl StoreTarget {
    /// Finds the server for a service, or brings one up.
    pub async fn find(places: &Places, stored: &Stored, service: &str) -> Result<Self> {
        if let Some(endpoint) = Endpoint::running(places, service)? {
            return Ok(Self {
                endpoint,
                own: None,
            });
        }
        let mut config = stored.config(places)?;
        config.local_agent = false;
        let server = Server::start(config).await?;
        let endpoint = Endpoint {
            url: server.endpoint().to_owned(),
            credentials: root_credentials(places)?,
        };
        Ok(Self {
            endpoint,
            own: Some(server),
        })
    }

    /// Ends the server of this process, if there is one.
    pub async fn close(self) {
        if let Some(server) = self.own {
            server.stop().await;
        }
    }
}

fn environment_credentials() -> Option<Credentials> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (id, secret) = (
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
    );
    Some(Credentials::new(
        id,
        secret,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    ))
}

/// The root user's key of the server on this machine.
fn root_credentials(places: &Places) -> Result<Credentials> {
    let file = places.credentials_file()?;
    let Some(key) = CredentialsFile::read(&file)?.key(DEFAULT_PROFILE)? else {
        bail!("there is no credentials file `{}`", file.display());
    };
    let secret = key
        .secret
        .expose_secret_str()
        .context("the secret access key is not text")?;
    Ok(Credentials::new(
        &key.id,
        secret,
        None,
        None,
        "credentials file",
    ))
}
