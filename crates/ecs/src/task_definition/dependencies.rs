//! The rules about `dependsOn`, `links` and `volumesFrom`: what they name exists, and nothing waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use api::ecs::{ContainerCondition, ContainerDefinition};

use super::{Definition, Invalid, is_essential, name_of};

pub(super) fn validate(definition: &Definition) -> Result<(), Invalid> {
    let containers: BTreeMap<&str, &ContainerDefinition> = definition
        .container_definitions
        .iter()
        .map(|c| (name_of(c), c))
        .collect();
    for container in containers.values() {
        conditions(container, &containers)?;
        named_containers(container, &containers)?;
    }
    acyclic(&containers, |c| {
        let names = c.depends_on.iter().flatten();
        names.map(|d| d.container_name.as_str()).collect()
    })
    .map_err(|name| {
        Invalid(format!(
            "The dependencies of container '{name}' form a cycle."
        ))
    })?;
    acyclic(&containers, |c| {
        c.links.iter().flatten().map(|l| linked(l)).collect()
    })
    .map_err(|_| Invalid::new("Container links should not have a cycle."))
}

fn conditions(
    container: &ContainerDefinition,
    containers: &BTreeMap<&str, &ContainerDefinition>,
) -> Result<(), Invalid> {
    let name = name_of(container);
    for dependency in container.depends_on.iter().flatten() {
        let on = dependency.container_name.as_str();
        let Some(target) = containers.get(on) else {
            return Err(Invalid(format!(
                "Container '{name}' depends on '{on}', which is not in the task definition."
            )));
        };
        let condition = dependency.condition;
        let ends = matches!(
            condition,
            ContainerCondition::Complete | ContainerCondition::Success
        );
        if ends && is_essential(target) {
            return Err(Invalid(format!(
                "A dependency with condition {} cannot be on the essential container '{on}'.",
                condition.as_str()
            )));
        }
        if condition == ContainerCondition::Healthy && target.health_check.is_none() {
            return Err(Invalid(format!(
                "A dependency with condition HEALTHY needs a health check, and container '{on}' has none."
            )));
        }
    }
    Ok(())
}

fn named_containers(
    container: &ContainerDefinition,
    containers: &BTreeMap<&str, &ContainerDefinition>,
) -> Result<(), Invalid> {
    let linked = container.links.iter().flatten().map(|link| linked(link));
    let shared = container
        .volumes_from
        .iter()
        .flatten()
        .map(|from| from.source_container.as_deref().unwrap_or_default());
    match linked.chain(shared).find(|n| !containers.contains_key(n)) {
        Some(unknown) => Err(Invalid(format!("Unknown container '{unknown}'."))),
        None => Ok(()),
    }
}

/// The container of a link, which is written `name` or `name:alias`.
fn linked(link: &str) -> &str {
    link.split(':').next().unwrap_or_default()
}

/// Follows the edges from every container; the error is a container from which one comes back to itself.
fn acyclic<'a>(
    containers: &BTreeMap<&'a str, &'a ContainerDefinition>,
    edges: impl Fn(&'a ContainerDefinition) -> Vec<&'a str>,
) -> Result<(), &'a str> {
    for start in containers.keys().copied() {
        let mut seen = BTreeSet::new();
        let mut next = vec![start];
        while let Some(name) = next.pop() {
            let Some(container) = containers.get(name) else {
                continue;
            };
            for target in edges(container) {
                if target == start {
                    return Err(start);
                }
                if seen.insert(target) {
                    next.push(target);
                }
            }
        }
    }
    Ok(())
}
