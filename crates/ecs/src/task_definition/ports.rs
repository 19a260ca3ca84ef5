//! The rules about port mappings.

use std::collections::BTreeSet;

use api::ecs::{ContainerDefinition, NetworkMode, TransportProtocol};

use super::{Definition, Invalid, name_of};

pub(super) fn validate(
    container: &ContainerDefinition,
    definition: &Definition,
) -> Result<(), Invalid> {
    let name = name_of(container);
    let mappings = container.port_mappings.as_deref().unwrap_or_default();
    if !mappings.is_empty() && definition.network_mode == Some(NetworkMode::None) {
        return Err(Invalid(format!(
            "Invalid setting for container '{name}'. Port mappings are not allowed with networkMode=none."
        )));
    }
    let mut taken = BTreeSet::new();
    for mapping in mappings {
        let port = mapping.container_port;
        let range = mapping.container_port_range.as_deref();
        match (port, range) {
            (Some(port), None) => in_range(name, "containerPort", port, 1)?,
            (None, Some(range)) => port_range(name, range)?,
            _ => {
                return Err(Invalid(format!(
                    "Invalid setting for container '{name}'. Specify exactly one of 'containerPort' and 'containerPortRange'."
                )));
            }
        }
        let Some(host) = mapping.host_port else {
            continue;
        };
        in_range(name, "hostPort", host, 0)?;
        same_port(definition, port, host)?;
        let protocol = mapping.protocol.unwrap_or(TransportProtocol::Tcp).as_str();
        if host != 0 && !taken.insert((host, protocol)) {
            return Err(Invalid(format!(
                "Invalid setting for container '{name}'. The host port {host}/{protocol} is mapped more than once."
            )));
        }
    }
    Ok(())
}

fn in_range(name: &str, member: &str, port: i32, least: i32) -> Result<(), Invalid> {
    if (least..=65_535).contains(&port) {
        Ok(())
    } else {
        Err(Invalid(format!(
            "Invalid setting for container '{name}'. The value {port} of '{member}' must be between {least} and 65535."
        )))
    }
}

fn port_range(name: &str, range: &str) -> Result<(), Invalid> {
    let bounds = range
        .split_once('-')
        .and_then(|(from, to)| Some((from.parse::<u16>().ok()?, to.parse::<u16>().ok()?)));
    match bounds {
        Some((from, to)) if 0 < from && from <= to => Ok(()),
        _ => Err(Invalid(format!(
            "Invalid setting for container '{name}'. The containerPortRange '{range}' is not a range of ports."
        ))),
    }
}

fn same_port(definition: &Definition, port: Option<i32>, host: i32) -> Result<(), Invalid> {
    let mode = match definition.network_mode {
        Some(NetworkMode::Awsvpc) => "awsvpc",
        Some(NetworkMode::Host) => "host",
        _ => return Ok(()),
    };
    if host == 0 || Some(host) == port {
        return Ok(());
    }
    Err(Invalid(format!(
        "When networkMode={mode}, the host ports and container ports in port mappings must match."
    )))
}
