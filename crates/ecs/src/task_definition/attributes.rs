//! What an instance's agent must be able to do for a task of a definition.

use std::collections::BTreeSet;

use api::ecs::{ContainerDefinition, LaunchType, LogDriver, NetworkMode, Secret};
use types::{AccountId, Region};

use super::Definition;
use crate::{
    images::EcrImage,
    value_from::{self, Provider},
};

/// The names of the capabilities the definition needs, in order.
pub fn requires_attributes(
    definition: &Definition,
    account: &AccountId,
    region: &Region,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for container in &definition.container_definitions {
        of_container(container, &mut names);
        let of = |secrets: Option<&Vec<Secret>>, kind: &str, names: &mut BTreeSet<String>| {
            for secret in secrets.into_iter().flatten() {
                if let Ok(reference) = value_from::parse(&secret.value_from, account, region) {
                    let service = match reference.provider {
                        Provider::Asm => "asm",
                        Provider::Ssm => "ssm",
                    };
                    names.insert(format!("ecs.capability.secrets.{service}.{kind}"));
                }
            }
        };
        of(
            container.secrets.as_ref(),
            "environment-variables",
            &mut names,
        );
        let log = container.log_configuration.as_ref();
        let options = log.and_then(|l| l.secret_options.as_ref());
        of(options, "bootstrap.log-driver", &mut names);
        let image = container.image.as_deref().unwrap_or_default();
        if EcrImage::parse(image).is_some() {
            names.insert("com.amazonaws.ecs.capability.ecr-auth".to_owned());
            if definition.execution_role_arn.is_some() {
                names.insert("ecs.capability.execution-role-ecr-pull".to_owned());
            }
        }
        let awslogs = log.is_some_and(|l| l.log_driver == LogDriver::Awslogs);
        if awslogs && definition.execution_role_arn.is_some() {
            names.insert(EXECUTION_ROLE_LOGS.to_owned());
        }
    }
    let mut need = |wanted: bool, name: &str| {
        if wanted {
            names.insert(name.to_owned());
        }
    };
    need(
        definition.task_role_arn.is_some(),
        "com.amazonaws.ecs.capability.task-iam-role",
    );
    need(
        definition.task_role_arn.is_some() && definition.network_mode == Some(NetworkMode::Host),
        "com.amazonaws.ecs.capability.task-iam-role-network-host",
    );
    need(
        definition.network_mode == Some(NetworkMode::Awsvpc),
        "ecs.capability.task-eni",
    );
    need(
        definition.pid_mode.is_some() || definition.ipc_mode.is_some(),
        "ecs.capability.pid-ipc-namespace-sharing",
    );
    names
}

const EXECUTION_ROLE_LOGS: &str = "ecs.capability.execution-role-awslogs";

/// What an instance must be able to do to get a task of the definition. AWS: beyond the definition's own attributes, the
/// developer guide wants `ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE` for secrets in a log configuration with the EC2
/// launch type, although the agent's attribute says nothing about them.
pub fn placement_attributes(
    definition: &Definition,
    launch_type: LaunchType,
    account: &AccountId,
    region: &Region,
) -> BTreeSet<String> {
    let mut names = requires_attributes(definition, account, region);
    let has_log_secrets = |container: &ContainerDefinition| {
        let log = container.log_configuration.as_ref();
        let secrets = log.and_then(|log| log.secret_options.as_ref());
        secrets.is_some_and(|secrets| !secrets.is_empty())
    };
    let mut containers = definition.container_definitions.iter();
    if launch_type == LaunchType::Ec2 && containers.any(has_log_secrets) {
        names.insert(EXECUTION_ROLE_LOGS.to_owned());
    }
    names
}

/// The oldest version of Docker's API that has what the container asks for.
// AWS: by what definitions of every kind were described with; which setting an older one needs is not published.
fn docker_versions(container: &ContainerDefinition) -> impl Iterator<Item = &'static str> {
    let given = |wanted: bool, version| wanted.then_some(version);
    let log = container.log_configuration.as_ref();
    let driver = log.map(|log| log.log_driver);
    let creates_group = log.is_some_and(|log| {
        let mut options = log.options.iter().flatten();
        options.any(|(name, _)| name == "awslogs-create-group")
    });
    let check = container.health_check.as_ref();
    let linux = container.linux_parameters.as_ref();
    let labels = container.docker_labels.as_ref();
    let ulimits = container.ulimits.as_ref();
    let hosts = container.extra_hosts.as_ref();
    [
        given(
            hosts.is_some_and(|h| !h.is_empty())
                || container.readonly_root_filesystem == Some(true),
            "1.17",
        ),
        given(
            log.is_some()
                || labels.is_some_and(|l| !l.is_empty())
                || ulimits.is_some_and(|u| !u.is_empty()),
            "1.18",
        ),
        given(
            matches!(driver, Some(LogDriver::Awslogs | LogDriver::Journald)),
            "1.19",
        ),
        given(
            matches!(driver, Some(LogDriver::Gelf | LogDriver::Fluentd)),
            "1.20",
        ),
        given(container.memory_reservation.is_some(), "1.21"),
        given(
            driver == Some(LogDriver::Splunk)
                || linux.is_some_and(|l| l.tmpfs.is_some() || l.shared_memory_size.is_some()),
            "1.22",
        ),
        given(
            check.is_some()
                || container
                    .system_controls
                    .as_ref()
                    .is_some_and(|c| !c.is_empty()),
            "1.24",
        ),
        given(
            linux.is_some_and(|l| l.init_process_enabled == Some(true)),
            "1.25",
        ),
        given(
            creates_group || check.is_some_and(|c| c.start_period.is_some()),
            "1.29",
        ),
    ]
    .into_iter()
    .flatten()
}

fn of_container(container: &ContainerDefinition, names: &mut BTreeSet<String>) {
    for version in docker_versions(container) {
        names.insert(format!(
            "com.amazonaws.ecs.capability.docker-remote-api.{version}"
        ));
    }
    let mut need = |wanted: bool, name: &str| {
        if wanted {
            names.insert(name.to_owned());
        }
    };
    if let Some(log) = &container.log_configuration {
        let driver = log.log_driver.as_str();
        need(
            true,
            &format!("com.amazonaws.ecs.capability.logging-driver.{driver}"),
        );
    }
    if let Some(router) = &container.firelens_configuration {
        need(
            true,
            &format!("ecs.capability.firelens.{}", router.type_.as_str()),
        );
        let file = router
            .options
            .as_ref()
            .and_then(|options| options.get("config-file-type"));
        if let Some(file) = file {
            need(
                true,
                &format!("ecs.capability.firelens.options.config.{file}"),
            );
        }
    }
    need(
        container.repository_credentials.is_some(),
        "ecs.capability.private-registry-authentication.secretsmanager",
    );
    need(
        container
            .environment_files
            .iter()
            .flatten()
            .next()
            .is_some(),
        "ecs.capability.env-files.s3",
    );
    need(
        container.depends_on.iter().flatten().next().is_some(),
        "ecs.capability.container-ordering",
    );
    need(
        container.health_check.is_some(),
        "ecs.capability.container-health-check",
    );
    need(
        container.restart_policy.as_ref().is_some_and(|p| p.enabled),
        "ecs.capability.container-restart-policy",
    );
    need(
        container.privileged == Some(true),
        "com.amazonaws.ecs.capability.privileged-container",
    );
}
