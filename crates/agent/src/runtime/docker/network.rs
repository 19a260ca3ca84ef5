//! The bridge network of an account. Tasks of one account meet on it; tasks of another never do.

use std::{collections::HashMap, net::Ipv4Addr, time::Duration};

use bollard::{
    Docker,
    errors::Error,
    models::{Ipam, IpamConfig, Network, NetworkCreateRequest},
    query_parameters::ListNetworksOptionsBuilder,
};
use tokio::sync::Mutex;

use super::{RuntimeError, engine_error};

/// The networks that were found or made so far, by account.
#[derive(Default)]
pub(super) struct Networks {
    known: Mutex<HashMap<String, String>>,
}

impl Networks {
    /// The id of the account's network, which is made where there is none.
    pub async fn of_account(&self, docker: &Docker, account: &str) -> Result<String, RuntimeError> {
        let mut known = self.known.lock().await;
        let name = format!("sealift-{account}");
        let found = find(docker, &name).await?;
        if let Some(id) = known.get(account)
            && found.iter().any(|network| network.id.as_ref() == Some(id))
        {
            return Ok(id.clone());
        }
        let id = if found.is_empty() {
            create(docker, &name, account).await?
        } else {
            the_only_one(docker, &name).await?
        };
        known.insert(account.to_owned(), id.clone());
        Ok(id)
    }
}

/// The network whose gateway is a link-local address of this host. Nothing joins it.
const LINK_LOCAL: &str = "sealift-link-local";

/// Gives this host an address, as the gateway of a network of its own.
pub(super) async fn ensure_link_local(
    docker: &Docker,
    address: Ipv4Addr,
) -> Result<(), RuntimeError> {
    if !find(docker, LINK_LOCAL).await?.is_empty() {
        return Ok(());
    }
    let [a, b, c, _] = address.octets();
    let subnet = IpamConfig {
        subnet: Some(format!("{a}.{b}.{c}.0/24")),
        gateway: Some(address.to_string()),
        ..IpamConfig::default()
    };
    let request = NetworkCreateRequest {
        name: LINK_LOCAL.to_owned(),
        driver: Some("bridge".to_owned()),
        ipam: Some(Ipam {
            config: Some(vec![subnet]),
            ..Ipam::default()
        }),
        ..NetworkCreateRequest::default()
    };
    match docker.create_network(request).await {
        Ok(_) => Ok(()),
        // Another process was faster: it has the same name, or the same addresses.
        Err(_) if !find(docker, LINK_LOCAL).await?.is_empty() => Ok(()),
        Err(error) => Err(engine_error(error)),
    }
}

/// How long another process may take to remove the network that it made too late.
const LOOKS: u32 = 20;
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// The network of this name, once there is exactly one.
async fn the_only_one(docker: &Docker, name: &str) -> Result<String, RuntimeError> {
    for _ in 0..LOOKS {
        match find(docker, name).await?.as_slice() {
            [network] => return Ok(network.id.clone().unwrap_or_default()),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(RuntimeError::Engine(format!(
        "there is not exactly one network {name}"
    )))
}

/// What an engine says while there is a second network of the same name.
pub(super) fn is_ambiguous(error: &RuntimeError) -> bool {
    error.to_string().contains("is ambiguous")
}

async fn find(docker: &Docker, name: &str) -> Result<Vec<Network>, RuntimeError> {
    let options = ListNetworksOptionsBuilder::new()
        .filters(&HashMap::from([("name", vec![name])]))
        .build();
    let mut found = docker
        .list_networks(Some(options))
        .await
        .map_err(engine_error)?;
    // The filter finds parts of names too.
    found.retain(|network| network.name.as_deref() == Some(name));
    Ok(found)
}

/// Makes the network. An engine accepts a second one of the same name, and then refuses to start containers on either:
/// where two processes made one each, the younger is taken away again by whoever made it.
async fn create(docker: &Docker, name: &str, account: &str) -> Result<String, RuntimeError> {
    let labels = HashMap::from([("sealift.account".to_owned(), account.to_owned())]);
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        labels: Some(labels),
        ..NetworkCreateRequest::default()
    };
    let created = match docker.create_network(request).await {
        Ok(created) => created.id,
        // Another process was faster, and the engine noticed.
        Err(Error::DockerResponseServerError {
            status_code: 409, ..
        }) => return the_only_one(docker, name).await,
        Err(error) => return Err(engine_error(error)),
    };
    let oldest = find(docker, name)
        .await?
        .into_iter()
        .min_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)))
        .and_then(|network| network.id);
    if oldest.is_some_and(|oldest| oldest != created) {
        docker
            .remove_network(&created)
            .await
            .map_err(engine_error)?;
    }
    the_only_one(docker, name).await
}
