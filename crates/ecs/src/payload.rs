//! A task as its agent is told of it: the definition with overrides merged, secrets split, credentials added.

use std::collections::BTreeMap;

use api::ecs::{ContainerDefinition, LogDriver, Secret, TransportProtocol, Volume};
use types::{AccountId, Region};

use crate::{
    acs,
    docker_config::docker_config,
    images::{EcrImage, OwnRegistry},
    names::Place,
    task_definition::{Definition, is_essential, name_of, task_cpu, task_memory},
    value_from::{self, ValueFromError},
};

/// What a payload is made of, beside the definition.
#[derive(Debug)]
pub struct Launch<'a> {
    pub place: &'a Place,
    pub cluster: &'a str,
    pub task: &'a str,
    /// With the overrides merged in.
    pub definition: &'a Definition,
    pub revision: i64,
    pub group: &'a str,
    pub launch_type: &'a str,
    /// How lines are delivered where the definition does not say.
    pub log_mode: Option<&'a str>,
    /// Whether the task is to run or to stop.
    pub wanted: bool,
    /// Whether the task has been seen running.
    pub has_run: bool,
    /// Name and id of each container.
    pub containers: &'a [(String, String)],
    /// The id of the attachment of its network interface, where it has one.
    pub attachment: Option<&'a str>,
    pub credentials: Credentials,
    /// The account whose parameters are asked for by their bare names; on AWS always the task's own.
    pub account_of_values: &'a AccountId,
    /// Where this server answers as ECR.
    pub registry: Option<&'a OwnRegistry>,
}

/// The credentials of a task's roles, each as far as the task needs it.
#[derive(Debug, Default)]
pub struct Credentials {
    /// Reads secrets and pulls images.
    pub execution: Option<acs::Credentials>,
    /// The containers' own.
    pub application: Option<acs::Credentials>,
    /// The execution role, narrowed to writing logs.
    pub logs: Option<acs::Credentials>,
}

/// Whether a log driver of the host writes logs for the task under its execution role.
pub fn logs_as_execution_role(definition: &Definition) -> bool {
    let mut containers = definition.container_definitions.iter();
    definition.execution_role_arn.is_some() && containers.any(uses_awslogs)
}

fn uses_awslogs(container: &ContainerDefinition) -> bool {
    let log = container.log_configuration.as_ref();
    log.is_some_and(|log| log.log_driver == LogDriver::Awslogs)
}

/// The task of a payload.
pub fn task(launch: Launch<'_>) -> Result<acs::Task, ValueFromError> {
    let Launch {
        place, definition, ..
    } = launch;
    let containers = definition
        .container_definitions
        .iter()
        .map(|container| self::container(container, &launch))
        .collect::<Result<_, _>>()?;
    let text = |value: Option<&'static str>| value.map(str::to_owned);
    let cpu = definition.cpu.as_deref().and_then(task_cpu);
    Ok(acs::Task {
        arn: place.task(launch.cluster, launch.task).to_string(),
        family: definition.family.clone(),
        version: launch.revision.to_string(),
        desired_status: if launch.wanted { "RUNNING" } else { "STOPPED" }.to_owned(),
        known_status: launch.has_run.then(|| "RUNNING".to_owned()),
        task_cluster_arn: Some(place.cluster(launch.cluster).to_string()),
        launch_type: Some(launch.launch_type.to_owned()),
        group: Some(launch.group.to_owned()),
        task_definition_account_id: Some(place.account.to_string()),
        network_mode: Some(
            definition
                .network_mode
                .map_or("bridge", |m| m.as_str())
                .to_owned(),
        ),
        #[expect(clippy::cast_precision_loss, reason = "CPU units are small numbers")]
        cpu: cpu.map(|units| units as f64 / 1024.0),
        memory: definition.memory.as_deref().and_then(task_memory),
        pid_mode: text(definition.pid_mode.map(api::ecs::PidMode::as_str)),
        ipc_mode: text(definition.ipc_mode.map(api::ecs::IpcMode::as_str)),
        overrides: Some("{}".to_owned()),
        elastic_network_interfaces: launch
            .attachment
            .map(|id| network_interface(place, id))
            .into_iter()
            .collect(),
        volumes: definition.volumes.iter().flatten().map(volume).collect(),
        containers,
        execution_role_credentials: launch.credentials.execution,
        role_credentials: launch.credentials.application,
        log_credentials: launch.credentials.logs,
        ..acs::Task::default()
    })
}

fn network_interface(place: &Place, attachment: &str) -> acs::ElasticNetworkInterface {
    acs::ElasticNetworkInterface {
        attachment_arn: Some(place.attachment(attachment).to_string()),
    }
}

fn container(
    container: &ContainerDefinition,
    launch: &Launch<'_>,
) -> Result<acs::Container, ValueFromError> {
    let (account, region) = (launch.account_of_values, &launch.place.region);
    let name = name_of(container);
    let id = launch.containers.iter().find(|(n, _)| n == name);
    let arn = id.map(|(_, id)| {
        launch
            .place
            .container(launch.cluster, launch.task, id)
            .to_string()
    });
    Ok(acs::Container {
        name: name.to_owned(),
        image: container.image.clone().unwrap_or_default(),
        essential: is_essential(container),
        container_arn: arn,
        cpu: container.cpu.map_or(0, i64::from),
        memory: container.memory.map_or(0, i64::from),
        command: container.command.clone(),
        entry_point: container.entry_point.clone(),
        links: container.links.clone().unwrap_or_default(),
        privileged: container.privileged,
        start_timeout: container.start_timeout.map(i64::from),
        stop_timeout: container.stop_timeout.map(i64::from),
        environment: environment(container, launch.launch_type),
        environment_files: environment_files(container),
        secrets: secrets(container, account, region)?,
        registry_authentication: registry_authentication(container, launch)?,
        logs_auth_strategy: (uses_awslogs(container)
            && launch.definition.execution_role_arn.is_some())
        .then(|| "ExecutionRole".to_owned()),
        overrides: Some("{}".to_owned()),
        docker_config: Some(docker_config(
            container,
            launch.definition,
            launch.task,
            launch.log_mode,
        )),
        health_check_type: container
            .health_check
            .is_some()
            .then(|| "docker".to_owned()),
        firelens_configuration: container.firelens_configuration.as_ref().map(|router| {
            acs::FirelensConfiguration {
                kind: router.type_.as_str().to_owned(),
                options: router.options.clone().unwrap_or_default(),
            }
        }),
        depends_on: container
            .depends_on
            .iter()
            .flatten()
            .map(|dependency| acs::Dependency {
                container_name: dependency.container_name.clone(),
                condition: dependency.condition.as_str().to_owned(),
            })
            .collect(),
        restart_policy: container
            .restart_policy
            .as_ref()
            .map(|policy| acs::RestartPolicy {
                enabled: policy.enabled,
                ignored_exit_codes: policy
                    .ignored_exit_codes
                    .iter()
                    .flatten()
                    .copied()
                    .map(i64::from)
                    .collect(),
                restart_attempt_period: policy.restart_attempt_period.map(i64::from),
            }),
        port_mappings: port_mappings(container),
        mount_points: container
            .mount_points
            .iter()
            .flatten()
            .map(|mount| acs::MountPoint {
                source_volume: mount.source_volume.clone().unwrap_or_default(),
                container_path: mount.container_path.clone().unwrap_or_default(),
                read_only: mount.read_only.unwrap_or(false),
            })
            .collect(),
        volumes_from: container
            .volumes_from
            .iter()
            .flatten()
            .map(|from| acs::VolumeFrom {
                source_container: from.source_container.clone().unwrap_or_default(),
                read_only: from.read_only.unwrap_or(false),
            })
            .collect(),
    })
}

/// The definition's variables, and the one by which an SDK knows that it is in ECS.
fn environment(container: &ContainerDefinition, launch_type: &str) -> BTreeMap<String, String> {
    let own = container.environment.iter().flatten();
    let own = own.filter_map(|v| Some((v.name.clone()?, v.value.clone().unwrap_or_default())));
    let name = "AWS_EXECUTION_ENV".to_owned();
    own.chain([(name, format!("AWS_ECS_{launch_type}"))])
        .collect()
}

fn environment_files(container: &ContainerDefinition) -> Vec<acs::EnvironmentFile> {
    let files = container.environment_files.iter().flatten();
    files
        .map(|file| acs::EnvironmentFile {
            value: file.value.clone(),
            kind: file.type_.as_str().to_owned(),
        })
        .collect()
}

fn port_mappings(container: &ContainerDefinition) -> Vec<acs::PortMapping> {
    let mappings = container.port_mappings.iter().flatten();
    mappings
        .map(|mapping| acs::PortMapping {
            container_port: mapping.container_port.map(i64::from),
            host_port: mapping.host_port.map(i64::from),
            container_port_range: mapping.container_port_range.clone(),
            protocol: Some(
                mapping
                    .protocol
                    .unwrap_or(TransportProtocol::Tcp)
                    .as_str()
                    .to_owned(),
            ),
        })
        .collect()
}

/// `secrets` become variables of the container, `secretOptions` options of its log driver.
fn secrets(
    container: &ContainerDefinition,
    account: &AccountId,
    region: &Region,
) -> Result<Vec<acs::Secret>, ValueFromError> {
    let log = container.log_configuration.as_ref();
    let options = log.and_then(|l| l.secret_options.as_ref());
    let split = |secret: &Secret, kind: &str, target: &str| {
        let reference = value_from::parse(&secret.value_from, account, region)?;
        Ok(acs::Secret {
            name: secret.name.clone(),
            value_from: reference.value_from,
            region: reference.region.to_string(),
            provider: reference.provider.as_str().to_owned(),
            kind: kind.to_owned(),
            target: target.to_owned(),
            container_path: None,
        })
    };
    let variables = container.secrets.iter().flatten();
    variables
        .map(|secret| split(secret, "ENVIRONMENT_VARIABLE", "CONTAINER"))
        .chain(
            options
                .into_iter()
                .flatten()
                .map(|secret| split(secret, "BOOTSTRAP", "LOG_DRIVER")),
        )
        .collect()
}

/// A secret of Secrets Manager where the container names one; a token of ECR where the image is there.
fn registry_authentication(
    container: &ContainerDefinition,
    launch: &Launch<'_>,
) -> Result<Option<acs::RegistryAuthentication>, ValueFromError> {
    let Some(login) = &container.repository_credentials else {
        return Ok(ecr_authentication(container, launch));
    };
    let region = &launch.place.region;
    let secret = value_from::parse_credentials_parameter(&login.credentials_parameter, region)?;
    Ok(Some(acs::RegistryAuthentication {
        kind: "asm".to_owned(),
        asm_auth_data: Some(acs::AsmAuthData {
            credentials_parameter: secret.value_from,
            region: secret.region.to_string(),
        }),
        ecr_auth_data: None,
    }))
}

fn ecr_authentication(
    container: &ContainerDefinition,
    launch: &Launch<'_>,
) -> Option<acs::RegistryAuthentication> {
    let image = container.image.as_deref()?;
    let own = launch.registry.and_then(|own| own.image(image));
    let image = EcrImage::parse(image).or(own)?;
    Some(acs::RegistryAuthentication {
        kind: "ecr".to_owned(),
        asm_auth_data: None,
        ecr_auth_data: Some(acs::EcrAuthData {
            registry_id: image.account.to_string(),
            region: image.region.to_string(),
            endpoint_override: None,
            // AWS: without an execution role the container instance's own role asks.
            use_execution_role: launch.definition.execution_role_arn.is_some(),
        }),
    })
}

fn volume(volume: &Volume) -> acs::Volume {
    let docker = volume.docker_volume_configuration.as_ref();
    acs::Volume {
        name: volume.name.clone().unwrap_or_default(),
        kind: if docker.is_some() { "docker" } else { "host" }.to_owned(),
        host: docker.is_none().then(|| acs::HostVolume {
            source_path: volume.host.as_ref().and_then(|h| h.source_path.clone()),
        }),
        docker_volume_configuration: docker.map(|d| acs::DockerVolumeConfiguration {
            scope: d.scope.map(|s| s.as_str().to_owned()),
            autoprovision: d.autoprovision,
            driver: d.driver.clone(),
            driver_opts: d.driver_opts.clone().unwrap_or_default(),
            labels: d.labels.clone().unwrap_or_default(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use api::ecs::{LogConfiguration, LogDriver, RepositoryCredentials};

    use super::*;
    use crate::task_definition::tests::{container, definition, place, secret, variable};

    fn told(container: ContainerDefinition) -> acs::Task {
        let place = place();
        task(Launch {
            place: &place,
            cluster: "web",
            task: "0123",
            definition: &definition(vec![container]),
            revision: 3,
            group: "family:app",
            launch_type: "EC2",
            log_mode: None,
            wanted: true,
            has_run: false,
            containers: &[("app".to_owned(), "c-1".to_owned())],
            attachment: None,
            credentials: Credentials::default(),
            account_of_values: &place.account,
            registry: Some(&OwnRegistry {
                host: "127.0.0.1:4566".to_owned(),
                account: "111122223333".parse().unwrap(),
                region: "us-west-2".parse().unwrap(),
            }),
        })
        .unwrap()
    }

    #[test]
    fn an_image_of_ecr_needs_a_token_of_its_registry() {
        for (image, registry) in [
            (
                "444455556666.dkr.ecr.eu-west-1.amazonaws.com/app:1",
                Some(("444455556666", "eu-west-1")),
            ),
            ("127.0.0.1:4566/app:1", Some(("111122223333", "us-west-2"))),
            (
                "127.0.0.1:4566/444455556666/eu-west-1/app",
                Some(("444455556666", "eu-west-1")),
            ),
            ("127.0.0.1:5000/app:1", None),
            ("app:1", None),
        ] {
            let mut app = container("app");
            app.image = Some(image.to_owned());
            let login = told(app).containers[0].registry_authentication.clone();
            let data = login.map(|login| login.ecr_auth_data.unwrap());
            let told = data
                .as_ref()
                .map(|data| (data.registry_id.as_str(), data.region.as_str()));
            assert_eq!(told, registry, "{image}");
        }
    }

    #[test]
    fn a_task_names_itself_and_its_containers() {
        let task = told(container("app"));
        assert_eq!(task.arn, "arn:aws:ecs:us-west-2:111122223333:task/web/0123");
        assert_eq!(
            (task.version.as_str(), task.desired_status.as_str()),
            ("3", "RUNNING")
        );
        let app = &task.containers[0];
        assert!(app.essential);
        assert_eq!(
            app.container_arn.as_deref(),
            Some("arn:aws:ecs:us-west-2:111122223333:container/web/0123/c-1")
        );
    }

    #[test]
    fn secrets_are_split_into_provider_region_and_name() {
        let mut app = container("app");
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf:user::";
        app.environment = Some(vec![variable("A", "1")]);
        app.secrets = Some(vec![
            secret("USER", arn),
            secret(
                "TOKEN",
                "arn:aws:ssm:us-east-2:111122223333:parameter/prod/token",
            ),
        ]);
        app.log_configuration = Some(LogConfiguration {
            log_driver: LogDriver::Splunk,
            options: None,
            secret_options: Some(vec![secret("splunk-token", "splunk")]),
        });
        let task = told(app);
        let told: Vec<_> = task.containers[0]
            .secrets
            .iter()
            .map(|s| {
                let target = s.target.as_str();
                (
                    s.name.as_str(),
                    s.provider.as_str(),
                    s.region.as_str(),
                    s.value_from.as_str(),
                    target,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("USER", "asm", "eu-west-1", arn, "CONTAINER"),
                ("TOKEN", "ssm", "us-east-2", "/prod/token", "CONTAINER"),
                ("splunk-token", "ssm", "us-west-2", "splunk", "LOG_DRIVER"),
            ]
        );
        assert_eq!(task.containers[0].secrets[2].kind, "BOOTSTRAP");
        let variables = &task.containers[0].environment;
        assert_eq!(variables["A"], "1");
        assert_eq!(variables["AWS_EXECUTION_ENV"], "AWS_ECS_EC2");
    }

    #[test]
    fn a_registry_login_is_a_secret_of_secrets_manager() {
        let mut app = container("app");
        app.repository_credentials = Some(RepositoryCredentials {
            credentials_parameter: "registry/login".into(),
        });
        let login = told(app).containers[0]
            .registry_authentication
            .clone()
            .unwrap();
        assert_eq!(login.kind, "asm");
        let data = login.asm_auth_data.unwrap();
        assert_eq!(
            (data.credentials_parameter.as_str(), data.region.as_str()),
            ("registry/login", "us-west-2")
        );
    }
}
