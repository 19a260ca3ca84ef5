//! FireLens: containers whose log driver is `awsfirelens` write to a router, which is another container of their task.
//!
//! Everything here is decided from the payload alone. The router gets a configuration that is generated for it, and the
//! secret options of the containers that log to it as variables of its own; the configuration names those variables and
//! holds no value. The other containers get Docker's `fluentd` driver, pointed at the router's socket.

mod config;
mod files;

use std::collections::{BTreeMap, BTreeSet};

use ecs::acs::{Container, Dependency, FirelensConfiguration, Secret, Task};
use serde::Deserialize;

pub(crate) use self::{config::generate, files::Files};
use crate::runtime::LogDriver;

/// The name of the driver in task definitions. The engine never hears of it.
const DRIVER: &str = "awsfirelens";
/// The only option that is the engine's and not the router's.
const BUFFER_LIMIT: &str = "log-driver-buffer-limit";
/// Where the router listens beside its socket.
pub(crate) const PORT: &str = "24224";

/// Why a task's router cannot be configured. It becomes the reason why the task stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FireLensError(String);

/// What a router is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    FluentBit,
    Fluentd,
}

impl Kind {
    fn of(configuration: &FirelensConfiguration) -> Result<Self, FireLensError> {
        match configuration.kind.as_str() {
            "fluentbit" => Ok(Self::FluentBit),
            "fluentd" => Ok(Self::Fluentd),
            other => Err(FireLensError(format!(
                "invalid firelens configuration type: {other}"
            ))),
        }
    }

    /// How a configuration refers to a variable of the router.
    fn reference(self, variable: &str) -> String {
        match self {
            Self::FluentBit => format!("${{{variable}}}"),
            Self::Fluentd => format!("\"#{{ENV['{variable}']}}\""),
        }
    }
}

/// The router of a task, and what it is told to be.
pub(crate) fn router(task: &Task) -> Option<(&Container, &FirelensConfiguration)> {
    let mut containers = task.containers.iter();
    containers.find_map(|container| Some((container, container.firelens_configuration.as_ref()?)))
}

/// Whether the container logs through the task's router.
pub(crate) fn logs_to_router(container: &Container) -> bool {
    log_configuration(container).is_some_and(|log| log.driver == DRIVER)
}

/// Whether the container's log driver keeps back what it cannot deliver at once.
pub(crate) fn is_non_blocking(container: &Container) -> bool {
    let mode = log_configuration(container).and_then(|log| log.options?.remove("mode"));
    mode.is_some_and(|mode| mode == "non-blocking") && !logs_to_router(container)
}

/// What the payload says about a container's logs, in Docker's notation.
#[derive(Debug, Default, Deserialize)]
struct LogConfiguration {
    #[serde(rename = "Type", default)]
    driver: String,
    #[serde(rename = "Config", default)]
    options: Option<BTreeMap<String, String>>,
}

fn log_configuration(container: &Container) -> Option<LogConfiguration> {
    #[derive(Deserialize)]
    struct HostConfig {
        #[serde(rename = "LogConfig")]
        log: Option<LogConfiguration>,
    }
    let text = container.docker_config.as_ref()?.host_config.as_deref()?;
    // What cannot be read is told when the container is created, in the agent's words.
    serde_json::from_str::<HostConfig>(text).ok()?.log
}

/// Option secrets of the containers that log to the router, each under the variable that the router gets it by: the
/// option's name and the number of the container.
pub(crate) fn option_secrets(task: &Task) -> impl Iterator<Item = (String, &Secret)> {
    let logging = task.containers.iter().enumerate();
    logging
        .filter(|(_, container)| logs_to_router(container))
        .flat_map(|(number, container)| {
            let secrets = container.secrets.iter();
            let options = secrets.filter(|secret| secret.target == "LOG_DRIVER");
            options.map(move |secret| (variable(&secret.name, number), secret))
        })
}

fn variable(option: &str, container: usize) -> String {
    format!("{option}_{container}")
}

/// The router starts before the containers that log to it, unless it waits for them itself.
pub(crate) fn start_router_first(task: &mut Task) {
    let Some((router, _)) = router(task) else {
        return;
    };
    let router = router.name.clone();
    let before = waited_for(task, &router);
    for container in &mut task.containers {
        let waits = |dependency: &Dependency| dependency.container_name == router;
        if logs_to_router(container)
            && container.name != router
            && !before.contains(&container.name)
            && !container.depends_on.iter().any(waits)
        {
            container.depends_on.push(Dependency {
                container_name: router.clone(),
                condition: "START".to_owned(),
            });
        }
    }
}

/// The containers that this one waits for, and those that they wait for.
fn waited_for(task: &Task, name: &str) -> BTreeSet<String> {
    let (mut found, mut next) = (BTreeSet::new(), vec![name.to_owned()]);
    while let Some(name) = next.pop() {
        let containers = task.containers.iter().filter(|c| c.name == name);
        for container in containers {
            let links = container.links.iter();
            let names = container
                .depends_on
                .iter()
                .map(|dependency| dependency.container_name.as_str())
                .chain(links.filter_map(|link| link.split(':').next()))
                .chain(
                    container
                        .volumes_from
                        .iter()
                        .map(|v| v.source_container.as_str()),
                );
            for name in names {
                if found.insert(name.to_owned()) {
                    next.push(name.to_owned());
                }
            }
        }
    }
    found
}

/// The engine's driver for a container that logs to the router.
pub(crate) fn driver(container: &Container, task_id: &str, files: &Files) -> LogDriver {
    let given = log_configuration(container).and_then(|log| log.options);
    let limit = given.and_then(|mut options| options.remove(BUFFER_LIMIT));
    let mut options = BTreeMap::from([
        (
            "tag".to_owned(),
            format!("{}-firelens-{task_id}", container.name),
        ),
        (
            "fluentd-address".to_owned(),
            format!("unix://{}", files.socket().display()),
        ),
        ("fluentd-async".to_owned(), "true".to_owned()),
        ("fluentd-sub-second-precision".to_owned(), "true".to_owned()),
    ]);
    options.extend(limit.map(|limit| ("fluentd-buffer-limit".to_owned(), limit)));
    LogDriver {
        name: "fluentd".to_owned(),
        options,
    }
}

/// Where the router finds what is made for it, as an engine's binds.
pub(crate) fn binds(configuration: &FirelensConfiguration, files: &Files) -> Vec<String> {
    let inside = match configuration.kind.as_str() {
        "fluentd" => "/fluentd/etc/fluent.conf",
        _ => "/fluent-bit/etc/fluent-bit.conf",
    };
    vec![
        format!("{}:{inside}", files.config().display()),
        format!("{}/:/var/run/", files.socket_directory().display()),
    ]
}

#[cfg(test)]
mod tests;
