//! Which server a command talks to: the one named by `AWS_ENDPOINT_URL`, else the one that runs on the data directory,
//! else one brought up in this process for as long as the command lasts.

use std::{env, fs, net::SocketAddr};

use agent::DockerRuntime;
use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use server::{CredentialsFile, DEFAULT_PROFILE, Server};

use crate::{
    aws::AwsClient,
    local_agents::LocalAgents,
    settings::{Places, Serving, Stored},
};

/// The server to talk to. Keep it for as long as the command lasts: it may hold the server itself.
pub struct Target {
    pub client: AwsClient,
    own: Option<(Server, LocalAgents)>,
}

impl Target {
    /// Finds the server, or brings one up.
    pub async fn find(places: &Places, serving: &Serving) -> Result<Self> {
        let region = places.region.clone();
        if let Some(Endpoint { url, credentials }) = Endpoint::running(places, "ECS")? {
            let endpoint = url
                .parse()
                .with_context(|| format!("`{url}` is no address of a server"))?;
            return Ok(Self {
                client: AwsClient::new(endpoint, credentials, region)?,
                own: None,
            });
        }

        // Without an engine the task would wait for ever.
        let engine = DockerRuntime::connect().await;
        engine.context(
            "no container engine answers; start Docker, or name its address with DOCKER_HOST",
        )?;
        let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start(serving.config(places, free_port)?).await?;
        let agents = LocalAgents::start(&server, serving.ecs_config.as_deref())?;
        let endpoint = server
            .endpoint()
            .parse()
            .context("the server's own address")?;
        let client = AwsClient::new(endpoint, root_credentials(places)?, region)?;
        Ok(Self {
            client,
            own: Some((server, agents)),
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

/// Where a server is, and who asks it.
pub struct Endpoint {
    pub url: String,
    pub credentials: Credentials,
}

impl Endpoint {
    /// The server that the environment names for a service, such as `ECS`, else the one that runs on the data directory.
    fn running(places: &Places, service: &str) -> Result<Option<Self>> {
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
