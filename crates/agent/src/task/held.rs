//! Which versions of which secrets a container holds: told to the control plane, and remembered in a label.

use std::collections::BTreeMap;

use ecs::acs::{Container, ContainerFacts, HeldSecret, Task, TaskFactsMessage};

use super::{Record, environment::ResolvedValues};
use crate::{labels, resolve::Provider, runtime::Health};

/// What the container will hold of these values. Versions that a source did not tell are not known.
pub(super) fn of_container(container: &Container, values: &ResolvedValues) -> Vec<HeldSecret> {
    let secrets = container.secrets.iter();
    secrets
        .filter_map(|secret| {
            let values = values.get(&Provider::parse(&secret.provider)?)?;
            let version = values.version(&secret.value_from, &secret.region)?;
            Some(HeldSecret {
                name: secret.name.clone(),
                provider: secret.provider.clone(),
                value_from: secret.value_from.clone(),
                arn: version.arn.clone(),
                version: version.version.clone(),
            })
        })
        .collect()
}

/// The same, as a label.
pub(super) fn label(held: &[HeldSecret]) -> Option<(String, String)> {
    if held.is_empty() {
        return None;
    }
    let text = serde_json::to_string(held).ok()?;
    Some((labels::HELD.to_owned(), text))
}

/// What a container from before a restart holds.
pub(super) fn of_labels(labels: &BTreeMap<String, String>) -> Vec<HeldSecret> {
    let label = labels.get(labels::HELD);
    label
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// What the control plane cannot see of a task otherwise, if there is anything.
pub(super) fn facts(task: &Task, records: &[Record]) -> Option<TaskFactsMessage> {
    let containers: Vec<ContainerFacts> = task
        .containers
        .iter()
        .zip(records)
        .filter(|(container, record)| {
            record.runtime_id.is_some() && (!record.held.is_empty() || has_health_check(container))
        })
        .map(|(container, record)| ContainerFacts {
            name: container.name.clone(),
            health: match record.health {
                Health::Healthy => "HEALTHY",
                Health::Unhealthy => "UNHEALTHY",
                Health::Unknown => "UNKNOWN",
            }
            .to_owned(),
            secrets: record.held.clone(),
        })
        .collect();
    (!containers.is_empty()).then(|| TaskFactsMessage {
        task_arn: task.arn.clone(),
        containers,
    })
}

/// Whether ECS looks at the container's health.
pub(super) fn has_health_check(container: &Container) -> bool {
    container.health_check_type.as_deref() == Some("docker")
}
