//! The labels of our containers. They are the agent's only memory: after a restart it finds its containers by them.

use std::collections::BTreeMap;

use ecs::acs::{Container, Task};

pub(crate) const TASK_ARN: &str = "com.amazonaws.ecs.task-arn";
pub(crate) const CONTAINER_NAME: &str = "com.amazonaws.ecs.container-name";
pub(crate) const FAMILY: &str = "com.amazonaws.ecs.task-definition-family";
pub(crate) const VERSION: &str = "com.amazonaws.ecs.task-definition-version";
pub(crate) const CLUSTER: &str = "com.amazonaws.ecs.cluster";
/// Ours: which versions of which secrets a container holds, as JSON; never a value.
pub(crate) const HELD: &str = "sealift.held-secrets";
/// Ours: the names of the variables that a container has from environment files, as JSON; never a value.
pub(crate) const FILE_VARIABLES: &str = "sealift.file-variables";
/// Ours: which installation of sealift a container belongs to.
pub(crate) const INSTALLATION: &str = "sealift.installation";
/// Ours: under which id the container is told of its task.
pub(crate) const METADATA: &str = "sealift.metadata";

/// Whether a label is there for sealift alone.
pub(crate) fn is_own(name: &str) -> bool {
    name.starts_with("sealift.")
}

/// The container that has a task's network, by the name that ECS's agent gives it.
const NETWORK_HOLDER: &str = "~internal~ecs~pause";

/// Whether a container is there for its network alone.
pub(crate) fn is_network_holder(labels: &BTreeMap<String, String>) -> bool {
    labels
        .get(CONTAINER_NAME)
        .is_some_and(|name| name == NETWORK_HOLDER)
}

/// The labels of what holds a task's network.
pub(crate) fn of_network_holder(
    task: &Task,
    cluster: &str,
    installation: &str,
) -> BTreeMap<String, String> {
    let holder = Container {
        name: NETWORK_HOLDER.to_owned(),
        ..Container::default()
    };
    of_container(task, &holder, cluster, installation)
}

/// The labels of one container.
pub(crate) fn of_container(
    task: &Task,
    container: &Container,
    cluster: &str,
    installation: &str,
) -> BTreeMap<String, String> {
    [
        (TASK_ARN, task.arn.as_str()),
        (CONTAINER_NAME, &container.name),
        (FAMILY, &task.family),
        (VERSION, &task.version),
        (CLUSTER, cluster),
        (INSTALLATION, installation),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The name of what holds a task's network.
pub(crate) fn network_holder_name(task: &Task, random: &str) -> String {
    container_name(task, NETWORK_HOLDER, random)
}

/// `ecs-<family>-<revision>-<container>-<random>`, with what Docker allows in a name.
pub(crate) fn container_name(task: &Task, container: &str, random: &str) -> String {
    let kept = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect()
    };
    format!(
        "ecs-{}-{}-{}-{random}",
        kept(&task.family),
        task.version,
        kept(container)
    )
}
