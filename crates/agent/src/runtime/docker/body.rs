//! The body of Docker's create call, out of a payload. Pure.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, NetworkingConfig,
    PortBinding,
};
use ecs::acs::{Container, PortMapping};
use serde::de::DeserializeOwned;

use super::{NewContainer, RuntimeError, volume};
use crate::{resolve::Json, runtime::TaskLimits};

/// Docker refuses fewer CPU shares.
const FEWEST_CPU_SHARES: i64 = 2;
const MIB: i64 = 1024 * 1024;
const SHORT_ID: usize = 12;

/// The network that a container joins.
pub(super) enum Network {
    OfTheAccount,
    Named(String),
}

/// How the network of another container is named.
const JOINED: &str = "container:";

/// Which network the payload asks for.
pub(super) fn network(container: &NewContainer<'_>) -> Result<Network, RuntimeError> {
    let of_the_host = host_config(container)?.network_mode;
    let mode = container
        .task
        .network_mode
        .as_ref()
        .or(of_the_host.as_ref());
    match mode.map_or("bridge", String::as_str) {
        "" | "bridge" | "default" => Ok(Network::OfTheAccount),
        named @ ("host" | "none") => Ok(Network::Named(named.to_owned())),
        "awsvpc" => match &container.network_holder {
            Some(holder) => Ok(Network::Named(format!("{JOINED}{holder}"))),
            None => Err(RuntimeError::HostConfig(
                "the task has no network that its containers could join".to_owned(),
            )),
        },
        other => Err(RuntimeError::HostConfig(format!(
            "network mode {other} is not supported"
        ))),
    }
}

/// The create call for this container on this network.
pub(super) fn create_body(
    new: &NewContainer<'_>,
    network: &str,
) -> Result<ContainerCreateBody, RuntimeError> {
    let container = new.container;
    let config = container
        .docker_config
        .as_ref()
        .and_then(|c| c.config.as_deref());
    let mut body: ContainerCreateBody =
        document(config, "config").map_err(RuntimeError::ContainerConfig)?;

    body.image = Some(new.image.to_owned());
    if container.command.is_some() {
        body.cmd.clone_from(&container.command);
    }
    if container.entry_point.is_some() {
        body.entrypoint.clone_from(&container.entry_point);
    }
    // AWS: variables in the raw configuration replace all others. A control plane never sends any.
    body.env.get_or_insert_with(|| variables(new));
    body.labels
        .get_or_insert_default()
        .extend(new.labels.clone());
    let mut host = complete_host_config(new, network)?;
    if network.starts_with(JOINED) {
        // An engine refuses what belongs to the network's owner. The ports are open to whoever knows the address.
        body.hostname = None;
        body.network_disabled = None;
        host.port_bindings = None;
        (host.dns, host.dns_search, host.extra_hosts) = (None, None, None);
    } else {
        body.exposed_ports = Some(exposed_ports(&container.port_mappings));
        body.networking_config = links(new, network);
    }
    body.host_config = Some(host);
    Ok(body)
}

/// What containers ask of name resolution, together.
#[derive(Default)]
pub(super) struct NameResolution {
    pub servers: Option<Vec<String>>,
    pub search_domains: Option<Vec<String>>,
    pub hosts: Option<Vec<String>>,
}

impl NameResolution {
    pub fn add(&mut self, container: &Container) -> Result<(), RuntimeError> {
        let host = host_config_of(container)?;
        for (all, own) in [
            (&mut self.servers, host.dns),
            (&mut self.search_domains, host.dns_search),
            (&mut self.hosts, host.extra_hosts),
        ] {
            for entry in own.unwrap_or_default() {
                let all = all.get_or_insert_default();
                if !all.contains(&entry) {
                    all.push(entry);
                }
            }
        }
        Ok(())
    }
}

fn host_config(new: &NewContainer<'_>) -> Result<HostConfig, RuntimeError> {
    host_config_of(new.container)
}

fn host_config_of(container: &Container) -> Result<HostConfig, RuntimeError> {
    let config = container.docker_config.as_ref();
    document(config.and_then(|c| c.host_config.as_deref()), "host config")
        .map_err(RuntimeError::HostConfig)
}

fn complete_host_config(new: &NewContainer<'_>, network: &str) -> Result<HostConfig, RuntimeError> {
    let container = new.container;
    let mut host = host_config(new)?;
    host.network_mode = Some(network.to_owned());
    host.cpu_shares = Some(container.cpu.max(FEWEST_CPU_SHARES));
    if container.memory > 0 {
        host.memory = Some(container.memory.saturating_mul(MIB));
    }
    limit(&mut host, &new.limits);
    if container.privileged == Some(true) {
        host.privileged = Some(true);
    }
    if new.task.pid_mode.as_deref() == Some("host") {
        host.pid_mode = Some("host".to_owned());
    }
    if new.task.ipc_mode.as_deref() == Some("host") {
        host.ipc_mode = Some("host".to_owned());
    }
    if network != "host" {
        host.port_bindings = Some(port_bindings(&container.port_mappings));
    }
    let all = host.binds.get_or_insert_default();
    all.extend(binds(new)?);
    all.extend(new.binds.clone());
    host.volumes_from
        .get_or_insert_default()
        .extend(volumes_from(new));
    add_log_options(&mut host, new);
    Ok(host)
}

/// The limits of the whole task: those of its parent cgroup, or the container's own where it is alone in its task.
fn limit(host: &mut HostConfig, limits: &TaskLimits) {
    host.cgroup_parent.clone_from(&limits.cgroup_parent);
    host.nano_cpus = limits.nano_cpus;
    if let Some(most) = limits.memory_bytes {
        host.memory = Some(host.memory.unwrap_or(most).min(most));
    }
}

/// One of the payload's two JSON texts; an empty one where there is none.
fn document<T: DeserializeOwned + Default>(text: Option<&str>, what: &str) -> Result<T, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(T::default());
    };
    let unreadable = |why: String| format!("Unable to decode given {what}: {why}");
    Json::parse(text).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))
}

/// Here the values leave their wrapping: this is the one place where ECS, too, shows them.
fn variables(new: &NewContainer<'_>) -> Vec<String> {
    new.environment
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.expose_secret_str()?)))
        .collect()
}

fn protocol(mapping: &PortMapping) -> &str {
    mapping.protocol.as_deref().unwrap_or("tcp")
}

fn port_key(mapping: &PortMapping) -> Option<String> {
    let port = mapping.container_port.filter(|port| *port > 0)?;
    Some(format!("{port}/{}", protocol(mapping)))
}

fn exposed_ports(mappings: &[PortMapping]) -> Vec<String> {
    mappings.iter().filter_map(port_key).collect()
}

/// Host port 0 lets the engine choose.
fn port_bindings(mappings: &[PortMapping]) -> HashMap<String, Option<Vec<PortBinding>>> {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for mapping in mappings {
        if let Some(key) = port_key(mapping) {
            let host_port = mapping.host_port.unwrap_or(0).to_string();
            bindings
                .entry(key)
                .or_default()
                .get_or_insert_default()
                .push(PortBinding {
                    host_ip: None,
                    host_port: Some(host_port),
                });
        }
    }
    bindings
}

fn binds(new: &NewContainer<'_>) -> Result<Vec<String>, RuntimeError> {
    let mut binds = Vec::new();
    for point in &new.container.mount_points {
        let mut volumes = new.task.volumes.iter();
        let volume = volumes
            .find(|volume| volume.name == point.source_volume)
            .ok_or_else(|| {
                RuntimeError::Volume(format!("the task has no volume {}", point.source_volume))
            })?;
        let source = volume::source(new, volume);
        let read_only = if point.read_only { ":ro" } else { "" };
        binds.push(format!(
            "{}:{}{read_only}",
            source.name(),
            point.container_path
        ));
    }
    Ok(binds)
}

fn volumes_from(new: &NewContainer<'_>) -> Vec<String> {
    let peer = |name: &str| new.peers.get(name).cloned();
    new.container
        .volumes_from
        .iter()
        .filter_map(|from| {
            let id = peer(&from.source_container)?;
            Some(if from.read_only {
                format!("{id}:ro")
            } else {
                id
            })
        })
        .collect()
}

/// `name:alias` of a link, as an entry of the network: on a network of its own an engine takes links only there.
fn links(new: &NewContainer<'_>, network: &str) -> Option<NetworkingConfig> {
    let links: Vec<String> = new
        .container
        .links
        .iter()
        .filter_map(|link| {
            let (name, alias) = link.split_once(':').unwrap_or((link, link));
            let id = new.peers.get(name)?;
            // The network's name service knows a container by the first digits of its id, not by all of them.
            Some(format!("{}:{alias}", id.get(..SHORT_ID).unwrap_or(id)))
        })
        .collect();
    if links.is_empty() {
        return None;
    }
    let endpoint = EndpointSettings {
        links: Some(links),
        ..EndpointSettings::default()
    };
    Some(NetworkingConfig {
        endpoints_config: Some(HashMap::from([(network.to_owned(), endpoint)])),
    })
}

/// Defaults come before all others, secret options after them. An empty value, and one without a driver, changes nothing.
fn add_log_options(host: &mut HostConfig, new: &NewContainer<'_>) {
    if let Some(driver) = &new.log_driver {
        host.log_config = Some(HostConfigLogConfig {
            typ: Some(driver.name.clone()),
            config: Some(driver.options.clone().into_iter().collect()),
        });
    }
    let Some(log) = host.log_config.as_mut() else {
        return;
    };
    if log.typ.as_deref().unwrap_or_default().is_empty() {
        return;
    }
    let options = log.config.get_or_insert_default();
    for (name, value) in &new.log_defaults {
        let option = options.entry((*name).to_owned());
        option.or_insert_with(|| value.clone());
    }
    for (name, value) in &new.log_options {
        if let Some(text) = value.expose_secret_str()
            && !text.is_empty()
            && !name.is_empty()
        {
            options.insert(name.clone(), text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
