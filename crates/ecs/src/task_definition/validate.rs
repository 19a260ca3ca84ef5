//! What ECS refuses when a task definition is registered: the rules about the task as a whole.

use std::collections::BTreeSet;

use api::ecs::{Compatibility, LogDriver, NetworkMode};
use types::{AccountId, Region};

use super::{
    Definition, Invalid, container, dependencies, is_essential, logs, name_of, ports, secrets,
    sizes::{task_cpu, task_memory},
};
use crate::names::is_name;

/// The longest definition, as JSON, in bytes.
pub const LONGEST_DEFINITION: usize = 65_536;

const MOST_CONTAINERS: usize = 10;

/// The refusal of a definition that is longer than [`LONGEST_DEFINITION`].
pub fn too_long(length: usize) -> Invalid {
    Invalid(format!(
        "Actual length: '{length}'. Max allowed length is '{LONGEST_DEFINITION}' bytes."
    ))
}

/// Refuses what ECS refuses at registration. Whether secrets and images exist and whether the role may read them is
/// not looked at: that shows when a task starts.
pub fn validate(
    definition: &Definition,
    account: &AccountId,
    region: &Region,
) -> Result<(), Invalid> {
    family(definition)?;
    container_list(definition)?;
    for container in &definition.container_definitions {
        container::validate(container, definition)?;
        secrets::validate(container, definition, account, region)?;
        ports::validate(container, definition)?;
    }
    logs::validate(definition)?;
    dependencies::validate(definition)?;
    volumes(definition)?;
    roles(definition)?;
    sizes(definition)?;
    if requires_fargate(definition) {
        fargate(definition)?;
    }
    Ok(())
}

fn family(definition: &Definition) -> Result<(), Invalid> {
    if definition.family.is_empty() {
        Err(Invalid::new("Family should not be null or empty."))
    } else if is_name(&definition.family) {
        Ok(())
    } else {
        Err(Invalid::new("Family contains invalid characters."))
    }
}

fn container_list(definition: &Definition) -> Result<(), Invalid> {
    let containers = &definition.container_definitions;
    if containers.is_empty() {
        return Err(Invalid::new("Container list cannot be empty."));
    }
    if containers.len() > MOST_CONTAINERS {
        return Err(Invalid(format!(
            "The number of containers in the task definition is {}. The maximum is {MOST_CONTAINERS}.",
            containers.len()
        )));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = containers.iter().find(|c| !names.insert(name_of(c))) {
        return Err(Invalid(format!(
            "Container.name must be unique within the task definition, '{}' is not.",
            name_of(twice)
        )));
    }
    if containers.iter().any(is_essential) {
        Ok(())
    } else {
        Err(Invalid::new(
            "At least one container in the task definition must be essential.",
        ))
    }
}

fn volumes(definition: &Definition) -> Result<(), Invalid> {
    let mut names = BTreeSet::new();
    for volume in definition.volumes.iter().flatten() {
        let name = volume.name.as_deref().unwrap_or_default();
        if !is_name(name) {
            return Err(Invalid(format!(
                "The volume name '{name}' is invalid. Up to 255 letters, numbers, hyphens and underscores are allowed."
            )));
        }
        if !names.insert(name) {
            return Err(Invalid(format!("Duplicate volume name '{name}'.")));
        }
    }
    for container in &definition.container_definitions {
        for mount in container.mount_points.iter().flatten() {
            let source = mount.source_volume.as_deref().unwrap_or_default();
            if !names.contains(source) {
                return Err(Invalid(format!("Unknown volume '{source}'.")));
            }
            if mount.container_path.as_deref().is_none_or(str::is_empty) {
                return Err(Invalid(format!(
                    "The mount point of volume '{source}' in container '{}' has no container path.",
                    name_of(container)
                )));
            }
        }
    }
    Ok(())
}

fn roles(definition: &Definition) -> Result<(), Invalid> {
    let roles = [&definition.execution_role_arn, &definition.task_role_arn];
    if roles.into_iter().flatten().all(|arn| is_role_arn(arn)) {
        Ok(())
    } else {
        Err(Invalid::new("Role is not valid"))
    }
}

/// Whether the text has the form of a role's ARN.
pub(crate) fn is_role_arn(text: &str) -> bool {
    text.parse::<types::Arn>().is_ok_and(|arn| {
        arn.service == "iam"
            && arn.region.is_empty()
            && arn.account.parse::<AccountId>().is_ok()
            && arn
                .resource
                .strip_prefix("role/")
                .is_some_and(|name| !name.is_empty())
    })
}

fn sizes(definition: &Definition) -> Result<(), Invalid> {
    let cpu = definition.cpu.as_deref().map(task_cpu);
    let memory = definition.memory.as_deref().map(task_memory);
    if cpu == Some(None) {
        return Err(Invalid::new("Invalid 'cpu' setting for task."));
    }
    if memory == Some(None) {
        return Err(Invalid::new("Invalid 'memory' setting for task."));
    }
    let Some(Some(limit)) = memory else {
        return Ok(());
    };
    for container in &definition.container_definitions {
        if container
            .memory
            .is_some_and(|memory| i64::from(memory) > limit)
        {
            return Err(Invalid(format!(
                "Invalid setting for container '{}'. The container memory cannot be greater than the task memory.",
                name_of(container)
            )));
        }
    }
    Ok(())
}

fn requires_fargate(definition: &Definition) -> bool {
    definition
        .requires_compatibilities
        .iter()
        .flatten()
        .any(|c| *c == Compatibility::Fargate)
}

fn fargate(definition: &Definition) -> Result<(), Invalid> {
    if definition.network_mode != Some(NetworkMode::Awsvpc) {
        return Err(Invalid::new("Fargate only supports network mode ‘awsvpc’."));
    }
    if definition.cpu.is_none() {
        return Err(Invalid::new(
            "Fargate requires that 'cpu' be defined at the task level.",
        ));
    }
    if definition.memory.is_none() {
        return Err(Invalid::new(
            "Fargate requires that 'memory' be defined at the task level.",
        ));
    }
    let logs_to_cloudwatch = definition.container_definitions.iter().any(|c| {
        c.log_configuration
            .as_ref()
            .is_some_and(|l| l.log_driver == LogDriver::Awslogs)
    });
    if definition.execution_role_arn.is_none() && logs_to_cloudwatch {
        return Err(Invalid::new(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        ));
    }
    Ok(())
}
