use api::ecs::{
    Compatibility, ContainerCondition, ContainerDefinition, ContainerDependency, KeyValuePair,
    LogConfiguration, LogDriver, MountPoint, NetworkMode, PortMapping, RepositoryCredentials,
    Secret, TransportProtocol, Volume,
};

use super::*;
use crate::names::Place;

pub(crate) fn place() -> Place {
    Place {
        account: "111122223333".parse().unwrap(),
        region: "us-west-2".parse().unwrap(),
    }
}

/// A container with no more than ECS asks for.
pub(crate) fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition {
        name: Some(name.into()),
        image: Some("busybox".into()),
        memory: Some(64),
        ..ContainerDefinition::default()
    }
}

pub(crate) fn definition(containers: Vec<ContainerDefinition>) -> Definition {
    Definition {
        family: "app".into(),
        container_definitions: containers,
        ..Definition::default()
    }
}

pub(crate) fn variable(name: &str, value: &str) -> KeyValuePair {
    KeyValuePair {
        name: Some(name.into()),
        value: Some(value.into()),
    }
}

pub(crate) fn secret(name: &str, value_from: &str) -> Secret {
    Secret {
        name: name.into(),
        value_from: value_from.into(),
    }
}

pub(crate) fn refusal(definition: &Definition) -> String {
    let Place { account, region } = place();
    match validate(definition, &account, &region) {
        Ok(()) => "accepted".to_owned(),
        Err(Invalid(text)) => text,
    }
}

fn with_role(container: ContainerDefinition) -> Definition {
    Definition {
        execution_role_arn: Some("arn:aws:iam::111122223333:role/ecsTaskExecutionRole".into()),
        ..definition(vec![container])
    }
}

#[test]
fn a_plain_definition_is_accepted() {
    assert_eq!(refusal(&definition(vec![container("app")])), "accepted");
}

#[test]
fn secrets_need_an_execution_role() {
    let mut app = container("app");
    app.secrets = Some(vec![secret("A", "a")]);
    let text = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.";
    assert_eq!(refusal(&definition(vec![app.clone()])), text);
    assert_eq!(refusal(&with_role(app.clone())), "accepted");
    app.secrets = Some(Vec::new());
    assert_eq!(refusal(&definition(vec![app])), text);
}

#[test]
fn log_secrets_and_registry_logins_need_it_too() {
    let mut app = container("app");
    app.log_configuration = Some(LogConfiguration {
        log_driver: LogDriver::JsonFile,
        options: None,
        secret_options: Some(vec![secret("tag", "a")]),
    });
    assert!(refusal(&definition(vec![app.clone()])).starts_with("When you are specifying"));
    assert_eq!(refusal(&with_role(app)), "accepted");
    let mut app = container("app");
    app.repository_credentials = Some(RepositoryCredentials {
        credentials_parameter: "login".into(),
    });
    assert_eq!(
        refusal(&definition(vec![app.clone()])),
        "Private repository authentication requires that the task definition specify a value for executionRoleArn."
    );
    app.image = Some("111122223333.dkr.ecr.us-west-2.amazonaws.com/app:1".into());
    assert_eq!(
        refusal(&with_role(app)),
        "Private repository credentials are not a supported authentication method for ECR repositories."
    );
}

#[test]
fn a_secret_has_a_name_of_its_own() {
    let mut app = container("app");
    app.secrets = Some(vec![secret("A", "a"), secret("A", "b")]);
    assert_eq!(
        refusal(&with_role(app.clone())),
        "Duplicate secret names found: A. Each secret name must be unique."
    );
    app.secrets = Some(vec![secret("A", "a")]);
    app.environment = Some(vec![variable("A", "1")]);
    assert_eq!(
        refusal(&with_role(app)),
        "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'."
    );
}

#[test]
fn references_are_read_at_registration() {
    let mut app = container("app");
    app.secrets = Some(vec![secret("A", "name:3")]);
    assert!(
        refusal(&with_role(app.clone()))
            .starts_with("The Systems Manager parameter name specified for secret A is invalid.")
    );
    app.secrets = Some(vec![secret("A", "arn:aws:s3:::bucket")]);
    assert_eq!(refusal(&with_role(app)), "Invalid arn syntax.");
}

#[test]
fn a_wrong_number_of_fields_shows_only_when_the_task_starts() {
    let mut app = container("app");
    let arn = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf:user";
    app.secrets = Some(vec![secret("A", arn)]);
    assert_eq!(refusal(&with_role(app)), "accepted");
}

#[test]
fn the_role_is_the_arn_of_a_role() {
    for bad in [
        "ecsTaskExecutionRole",
        "arn:aws:iam::111122223333:user/me",
        "arn:aws:iam::1:role/x",
    ] {
        let mut definition = definition(vec![container("app")]);
        definition.execution_role_arn = Some(bad.into());
        assert_eq!(refusal(&definition), "Role is not valid", "{bad}");
    }
}

#[test]
fn containers_have_sound_and_different_names() {
    assert_eq!(
        refusal(&definition(vec![])),
        "Container list cannot be empty."
    );
    assert_eq!(
        refusal(&definition(vec![container("a b")])),
        "Container.name contains invalid characters."
    );
    let twice = definition(vec![container("app"), container("app")]);
    assert!(refusal(&twice).starts_with("Container.name must be unique"));
    let eleven = (0..11).map(|n| container(&format!("c{n}"))).collect();
    assert!(refusal(&definition(eleven)).contains("The maximum is 10."));
    let mut side = container("side");
    side.essential = Some(false);
    assert!(refusal(&definition(vec![side])).contains("essential"));
}

#[test]
fn memory_is_given_somewhere() {
    let mut app = container("app");
    app.memory = None;
    let mut definition = definition(vec![app]);
    assert_eq!(
        refusal(&definition),
        "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified."
    );
    definition.memory = Some("512".into());
    assert_eq!(refusal(&definition), "accepted");
}

#[test]
fn mount_points_are_of_known_volumes() {
    let mut app = container("app");
    app.mount_points = Some(vec![MountPoint {
        source_volume: Some("data".into()),
        container_path: Some("/data".into()),
        read_only: None,
    }]);
    let mut definition = definition(vec![app]);
    assert_eq!(refusal(&definition), "Unknown volume 'data'.");
    definition.volumes = Some(vec![Volume {
        name: Some("data".into()),
        ..Volume::default()
    }]);
    assert_eq!(refusal(&definition), "accepted");
}

#[test]
fn a_dependency_can_come_true() {
    let depending = |on: &str, condition| {
        let mut app = container("app");
        app.depends_on = Some(vec![ContainerDependency {
            container_name: on.into(),
            condition,
        }]);
        app
    };
    let mut init = container("init");
    let with = |init: &ContainerDefinition, on: &str, condition| {
        refusal(&definition(vec![init.clone(), depending(on, condition)]))
    };
    assert!(with(&init, "other", ContainerCondition::Start).contains("not in the task definition"));
    assert!(with(&init, "app", ContainerCondition::Start).contains("form a cycle"));
    assert!(with(&init, "init", ContainerCondition::Success).contains("essential"));
    assert!(with(&init, "init", ContainerCondition::Healthy).contains("health check"));
    assert_eq!(with(&init, "init", ContainerCondition::Start), "accepted");
    init.essential = Some(false);
    assert_eq!(with(&init, "init", ContainerCondition::Success), "accepted");
}

#[test]
fn ports_are_in_range_and_mapped_once() {
    let mapped = |mappings: Vec<PortMapping>| {
        let mut app = container("app");
        app.port_mappings = Some(mappings);
        definition(vec![app])
    };
    let port = |container: i32, host: i32| PortMapping {
        container_port: Some(container),
        host_port: Some(host),
        ..PortMapping::default()
    };
    assert_eq!(refusal(&mapped(vec![port(80, 8080)])), "accepted");
    assert!(refusal(&mapped(vec![port(80, 65_536)])).contains("'hostPort'"));
    assert!(refusal(&mapped(vec![port(0, 0)])).contains("'containerPort'"));
    assert!(refusal(&mapped(vec![port(80, 8080), port(81, 8080)])).contains("more than once"));
    let mut host = mapped(vec![port(80, 8080)]);
    host.network_mode = Some(NetworkMode::Host);
    assert_eq!(
        refusal(&host),
        "When networkMode=host, the host ports and container ports in port mappings must match."
    );
}

#[test]
fn a_splunk_log_needs_its_token_from_somewhere() {
    let mut app = container("app");
    app.log_configuration = Some(LogConfiguration {
        log_driver: LogDriver::Splunk,
        options: Some([("splunk-url".to_owned(), "https://s".to_owned())].into()),
        secret_options: None,
    });
    assert_eq!(
        refusal(&with_role(app.clone())),
        "Log driver splunk requires options: splunk-token"
    );
    let log = app.log_configuration.as_mut().unwrap();
    log.secret_options = Some(vec![secret("splunk-token", "token")]);
    assert_eq!(refusal(&with_role(app)), "accepted");
}

#[test]
fn fargate_has_rules_of_its_own() {
    let mut definition = definition(vec![container("app")]);
    definition.requires_compatibilities = Some(vec![Compatibility::Fargate]);
    assert_eq!(
        refusal(&definition),
        "Fargate only supports network mode ‘awsvpc’."
    );
    definition.network_mode = Some(NetworkMode::Awsvpc);
    assert_eq!(
        refusal(&definition),
        "Fargate requires that 'cpu' be defined at the task level."
    );
}

#[test]
fn what_ecs_takes_for_granted_is_given_back() {
    let mut app = container("app");
    app.port_mappings = Some(vec![PortMapping {
        container_port: Some(80),
        ..PortMapping::default()
    }]);
    let mut definition = definition(vec![app]);
    definition.cpu = Some("0.5 vCPU".into());
    let filled = with_defaults(definition);
    let app = &filled.container_definitions[0];
    assert_eq!((app.cpu, app.essential), (Some(0), Some(true)));
    assert_eq!(app.environment, Some(Vec::new()));
    assert_eq!(app.system_controls, Some(Vec::new()));
    let mapping = &app.port_mappings.as_ref().unwrap()[0];
    assert_eq!(
        (mapping.host_port, mapping.protocol),
        (Some(0), Some(TransportProtocol::Tcp))
    );
    assert_eq!(filled.cpu.as_deref(), Some("512"));
    assert_eq!(with_defaults(filled.clone()), filled);
}

#[test]
fn a_definition_is_described_with_what_it_requires() {
    let mut app = container("app");
    app.secrets = Some(vec![
        secret("A", "a"),
        secret(
            "B",
            "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf",
        ),
    ]);
    let registration = Registration {
        revision: 3,
        active: true,
        registered_at: types::Timestamp::from_secs(1),
        registered_by: "arn:aws:iam::111122223333:root".into(),
        deregistered_at: None,
    };
    let described = describe(with_defaults(with_role(app)), &registration, &place());
    assert_eq!(
        described.task_definition_arn.as_deref(),
        Some("arn:aws:ecs:us-west-2:111122223333:task-definition/app:3")
    );
    let names: Vec<_> = described
        .requires_attributes
        .unwrap()
        .into_iter()
        .map(|a| a.name)
        .collect();
    assert_eq!(
        names,
        [
            "ecs.capability.secrets.asm.environment-variables",
            "ecs.capability.secrets.ssm.environment-variables"
        ]
    );
    assert_eq!(
        described.compatibilities,
        Some(vec![Compatibility::External, Compatibility::Ec2])
    );
}
