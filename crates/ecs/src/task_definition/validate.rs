//! What ECS refuses when a task definition is registered: the rules about the task as a whole.

use std::collections::BTreeSet;

use api::ecs::Compatibility;
use types::{AccountId, Region};

use super::{
    Definition, Invalid, container, dependencies, environment_files, fargate, is_essential, logs,
    name_of, network, ports, secrets,
    sizes::{task_cpu, task_memory},
};
use crate::names::is_name;

/// The longest definition, as JSON, in bytes.
pub const LONGEST_DEFINITION: usize = 65_536;

const MOST_CONTAINERS: usize = 10;

/// CPU units that a task may have: an eighth of a processor and up.
const CPU_OF_TASK: std::ops::RangeInclusive<i64> = 128..=196_608;

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
        environment_files::validate(container, definition)?;
        ports::validate(container, definition)?;
        network::validate(container, definition)?;
    }
    logs::validate(definition)?;
    dependencies::validate(definition)?;
    volumes(definition)?;
    roles(definition)?;
    sizes(definition)?;
    if requires_fargate(definition) {
        fargate::validate(definition)?;
    }
    Ok(())
}

/// Refuses sizes that do not fit together: what overrides have made of a definition that was registered.
pub fn validate_sizes(definition: &Definition, on_fargate: bool) -> Result<(), Invalid> {
    for container in &definition.container_definitions {
        container::memory(container, name_of(container), definition)?;
    }
    sizes(definition)?;
    if on_fargate {
        fargate::sizes(definition)?;
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
    let invalid = |what: &str| {
        Invalid(format!(
            "Invalid '{what}' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        ))
    };
    let cpu = match cpu {
        Some(Some(units)) if CPU_OF_TASK.contains(&units) => Some(units),
        Some(_) => return Err(invalid("cpu")),
        None => None,
    };
    let memory = match memory {
        Some(Some(mib)) => Some(mib),
        Some(None) => return Err(invalid("memory")),
        None => None,
    };
    let containers = &definition.container_definitions;
    let reserved: i64 = containers.iter().filter_map(|c| c.cpu).map(i64::from).sum();
    if cpu.is_some_and(|most| reserved > most) {
        return Err(Invalid::new(
            "The total 'cpu' setting of the containers is greater than for the task.",
        ));
    }
    for container in containers {
        for (what, asked) in [
            ("memory", container.memory),
            ("memoryReservation", container.memory_reservation),
        ] {
            let asked = asked.map(i64::from);
            if memory.is_some_and(|most| asked > Some(most)) {
                return Err(Invalid(format!(
                    "The '{what}' setting for container '{}' is greater than for the task.",
                    name_of(container)
                )));
            }
        }
    }
    Ok(())
}

fn requires_fargate(definition: &Definition) -> bool {
    let required = definition.requires_compatibilities.as_deref();
    required.is_some_and(|required| required.contains(&Compatibility::Fargate))
}
