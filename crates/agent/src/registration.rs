//! Joining a cluster: what this host is and has, told once at every start.

use std::{sync::Arc, time::Duration};

use aws_sdk_ecs::{
    Client,
    types::{Attribute, Resource, VersionInfo},
};

use crate::{
    AgentConfig, AgentError,
    backoff::Backoff,
    ecs_api::code_and_text,
    runtime::{ContainerRuntime, Engine, answered},
};

/// What an agent of this version can do, named as ECS names it. A placement decision reads these.
const CAPABILITIES: [&str; 19] = [
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.task-eni",
    "ecs.capability.private-registry-authentication.secretsmanager",
    "com.amazonaws.ecs.capability.ecr-auth",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.secrets.ssm.bootstrap.log-driver",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.env-files.s3",
    "ecs.capability.secrets.asm.bootstrap.log-driver",
    "ecs.capability.container-ordering",
    "ecs.capability.container-restart-policy",
    "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
    "ecs.capability.firelens.fluentd",
    "ecs.capability.firelens.fluentbit",
    "ecs.capability.firelens.options.config.file",
    "ecs.capability.execute-command",
    "ecs.capability.full-sync",
    "ecs.capability.external",
];

/// Of Docker's API, because ECS names them one by one.
const DOCKER_API_VERSIONS: [&str; 13] = [
    "1.17", "1.18", "1.19", "1.20", "1.21", "1.22", "1.23", "1.24", "1.25", "1.28", "1.29", "1.30",
    "1.32",
];

/// Ports that the reference agent sets aside.
const RESERVED_PORTS: [&str; 5] = ["22", "2375", "2376", "51678", "51679"];

/// Registers the container instance and gives its ARN. Faults of the service are waited out; a refusal is final.
pub(crate) async fn register(
    client: &Client,
    config: &AgentConfig,
    runtime: &Arc<dyn ContainerRuntime>,
) -> Result<(String, Engine), AgentError> {
    let engine = answered(|| runtime.engine()).await;
    let total = engine.memory_bytes / (1024 * 1024);
    let reserved = i64::from(config.ecs.reserved_memory);
    let memory = total - reserved;
    if memory < 0 {
        // AWS: in these words, and the agent ends.
        return Err(AgentError::RegistrationRefused(format!(
            "api register-container-instance: reserved memory is higher than available memory on the host, total memory: {total}, reserved: {reserved}"
        )));
    }
    let mut backoff = Backoff::new(Duration::from_secs(3), 2.0, Duration::from_secs(192), 0.2);
    loop {
        let answer = client
            .register_container_instance()
            .cluster(&config.cluster)
            .instance_identity_document("")
            .instance_identity_document_signature("")
            .set_container_instance_arn(config.container_instance_arn.clone())
            .set_attributes(Some(attributes(config, &engine)))
            .set_total_resources(Some(resources(&engine, memory)))
            .version_info(version_info(&engine))
            .send()
            .await;
        let error = match answer {
            Ok(answer) => {
                let instance = answer.container_instance;
                return match instance.and_then(|instance| instance.container_instance_arn) {
                    Some(arn) => Ok((arn, engine)),
                    None => Err(AgentError::RegistrationRefused(
                        "the answer has no container instance ARN".to_owned(),
                    )),
                };
            }
            Err(error) => error,
        };
        let (code, text) = code_and_text(&error);
        match code.as_deref() {
            // AWS: only faults of the service and of the way to it are worth another attempt.
            None | Some("ServerException" | "ThrottlingException" | "LimitExceededException") => {
                let wait = backoff.next_wait(config.entropy.as_ref());
                tracing::warn!(error = text, wait_s = wait.as_secs(), "registration failed");
                tokio::time::sleep(wait).await;
            }
            Some(_) => return Err(AgentError::RegistrationRefused(text)),
        }
    }
}

/// The address of the agent's sessions.
pub(crate) async fn discover_poll_endpoint(
    client: &Client,
    config: &AgentConfig,
    container_instance_arn: &str,
) -> Result<String, String> {
    let answer = client
        .discover_poll_endpoint()
        .cluster(&config.cluster)
        .container_instance(container_instance_arn)
        .send()
        .await
        .map_err(|error| code_and_text(&error).1)?;
    let discovered = answer
        .endpoint
        .ok_or("the answer of DiscoverPollEndpoint has no endpoint")?;
    reachable(&config.endpoint_url, &discovered)
}

/// The path of a discovered address, where the operator said that the control plane is. Its own address may be one that
/// nobody else can reach: it knows what it listens on, not what stands in front of it. And a signed request goes nowhere
/// but where the operator said.
fn reachable(endpoint: &str, discovered: &str) -> Result<String, String> {
    let parsed = |address: &str| {
        url::Url::parse(address).map_err(|error| format!("`{address}` is no address: {error}"))
    };
    let (endpoint, discovered) = (parsed(endpoint)?, parsed(discovered)?);
    let origin = endpoint.origin().ascii_serialization();
    Ok(format!("{origin}{}", discovered.path()))
}

fn attributes(config: &AgentConfig, engine: &Engine) -> Vec<Attribute> {
    let drivers = match &config.ecs.available_logging_drivers {
        Some(drivers) => drivers.clone(),
        // An engine does not list the driver that does nothing.
        None => [&engine.log_drivers[..], &["none".to_owned()]].concat(),
    };
    let capability = |name: String| attribute(name, None);
    let mut attributes: Vec<_> = CAPABILITIES
        .iter()
        .map(|name| capability((*name).to_owned()))
        .collect();
    attributes.extend(DOCKER_API_VERSIONS.iter().map(|v| {
        capability(format!(
            "com.amazonaws.ecs.capability.docker-remote-api.{v}"
        ))
    }));
    attributes.extend(
        drivers
            .iter()
            .map(|d| capability(format!("com.amazonaws.ecs.capability.logging-driver.{d}"))),
    );
    for (announced, name) in [
        (true, "ecs.capability.container-health-check"),
        (
            !config.ecs.disable_privileged,
            "com.amazonaws.ecs.capability.privileged-container",
        ),
        (
            config.ecs.enable_awslogs_executionrole_override,
            "ecs.capability.execution-role-awslogs",
        ),
        (
            config.ecs.enable_task_iam_role,
            "com.amazonaws.ecs.capability.task-iam-role",
        ),
        (
            config.ecs.enable_task_iam_role_network_host,
            "com.amazonaws.ecs.capability.task-iam-role-network-host",
        ),
        (
            config.ecs.enable_task_cpu_mem_limit,
            "ecs.capability.task-cpu-mem-limit",
        ),
    ] {
        if announced {
            attributes.push(capability(name.to_owned()));
        }
    }
    for (name, value) in [
        ("ecs.os-type", "linux"),
        ("ecs.os-family", "LINUX"),
        ("ecs.os-type-detailed", "LINUX"),
        ("ecs.cpu-architecture", &engine.architecture),
    ] {
        attributes.push(attribute(name.to_owned(), Some(value)));
    }
    for (name, value) in &config.ecs.instance_attributes {
        attributes.push(attribute(name.clone(), Some(value)));
    }
    attributes
}

fn attribute(name: String, value: Option<&str>) -> Attribute {
    Attribute::builder()
        .name(name)
        .set_value(value.map(str::to_owned))
        .build()
        .expect("an attribute needs nothing but its name")
}

/// `memory` is what is left for tasks, in MiB.
fn resources(engine: &Engine, memory: i64) -> Vec<Resource> {
    let integer = |name: &str, value: i64| {
        Resource::builder()
            .name(name)
            .r#type("INTEGER")
            .integer_value(i32::try_from(value).unwrap_or(i32::MAX))
            .build()
    };
    let ports = |name: &str, ports: &[&str]| {
        let ports = ports.iter().map(|port| (*port).to_owned()).collect();
        Resource::builder()
            .name(name)
            .r#type("STRINGSET")
            .set_string_set_value(Some(ports))
            .build()
    };
    vec![
        integer("CPU", engine.cpus.saturating_mul(1024)),
        integer("MEMORY", memory),
        ports("PORTS", &RESERVED_PORTS),
        ports("PORTS_UDP", &[]),
    ]
}

fn version_info(engine: &Engine) -> VersionInfo {
    VersionInfo::builder()
        .agent_hash("sealift")
        .agent_version(env!("CARGO_PKG_VERSION"))
        .docker_version(format!("DockerVersion: {}", engine.version))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_opened_where_the_operator_said_the_control_plane_is() {
        let session = |endpoint| reachable(endpoint, "http://0.0.0.0:4566/_sealift/acs").unwrap();
        assert_eq!(
            session("https://ecs.example.com"),
            "https://ecs.example.com/_sealift/acs"
        );
        assert_eq!(
            session("http://127.0.0.1:4566/"),
            "http://127.0.0.1:4566/_sealift/acs"
        );
        assert!(reachable("http://127.0.0.1:4566", "nowhere").is_err());
    }
}
