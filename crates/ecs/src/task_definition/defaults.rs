//! What ECS fills in when a task definition is registered.

use api::ecs::{
    ContainerDefinition, HealthCheck, HostVolumeProperties, NetworkMode, TransportProtocol, Volume,
};

use super::{
    Definition,
    sizes::{task_cpu, task_memory},
};

/// The definition as ECS gives it back: with empty lists, zeros and the values it takes for granted.
pub fn with_defaults(mut definition: Definition) -> Definition {
    definition.volumes.get_or_insert_default();
    definition.placement_constraints.get_or_insert_default();
    for volume in definition.volumes.iter_mut().flatten() {
        host_of_empty_volume(volume);
    }
    let mode = definition.network_mode;
    for container in &mut definition.container_definitions {
        fill(container, mode);
    }
    // AWS: "1 vCPU" and "2GB" come back as the number of units.
    let number = |text: Option<String>, read: fn(&str) -> Option<i64>| {
        text.map(|t| read(&t).map_or(t, |n| n.to_string()))
    };
    definition.cpu = number(definition.cpu.take(), task_cpu);
    definition.memory = number(definition.memory.take(), task_memory);
    definition
}

fn host_of_empty_volume(volume: &mut Volume) {
    let elsewhere = volume.docker_volume_configuration.is_some()
        || volume.efs_volume_configuration.is_some()
        || volume.s3files_volume_configuration.is_some()
        || volume
            .fsx_windows_file_server_volume_configuration
            .is_some()
        || volume.configured_at_launch == Some(true);
    if !elsewhere && volume.host.is_none() {
        volume.host = Some(HostVolumeProperties::default());
    }
}

fn fill(container: &mut ContainerDefinition, mode: Option<NetworkMode>) {
    container.cpu.get_or_insert(0);
    container.essential.get_or_insert(true);
    container.environment.get_or_insert_default();
    container.mount_points.get_or_insert_default();
    container.volumes_from.get_or_insert_default();
    container.system_controls.get_or_insert_default();
    for mapping in container.port_mappings.get_or_insert_default() {
        mapping.protocol.get_or_insert(TransportProtocol::Tcp);
        if mapping.host_port.is_none() && mapping.container_port_range.is_none() {
            let same = matches!(mode, Some(NetworkMode::Awsvpc | NetworkMode::Host));
            mapping.host_port = if same {
                mapping.container_port
            } else {
                Some(0)
            };
        }
    }
    if let Some(log) = &mut container.log_configuration {
        log.options.get_or_insert_default();
        log.secret_options.get_or_insert_default();
    }
    if let Some(check) = &mut container.health_check {
        health_check(check);
    }
}

fn health_check(check: &mut HealthCheck) {
    check.interval.get_or_insert(30);
    check.timeout.get_or_insert(5);
    check.retries.get_or_insert(3);
}
