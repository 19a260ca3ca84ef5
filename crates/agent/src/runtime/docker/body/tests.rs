use ecs::acs::{
    Container, DockerConfig, DockerVolumeConfiguration, HostVolume, MountPoint, Task, Volume,
    VolumeFrom,
};
use types::SecretValue;

use super::*;

fn body(task: &Task, container: &Container) -> Result<serde_json::Value, RuntimeError> {
    body_on(task, container, "net", TaskLimits::default())
}

fn body_on(
    task: &Task,
    container: &Container,
    network: &str,
    limits: TaskLimits,
) -> Result<serde_json::Value, RuntimeError> {
    let new = NewContainer {
        task,
        container,
        image: &container.image,
        name: "ecs-family-1-app-ab".into(),
        account: "111122223333".into(),
        labels: [("com.amazonaws.ecs.task-arn".to_owned(), task.arn.clone())].into(),
        environment: [("V".to_owned(), SecretValue::from("value"))].into(),
        binds: Vec::new(),
        log_driver: None,
        secrets: Vec::new(),
        log_defaults: Vec::new(),
        log_options: vec![
            ("token".into(), SecretValue::from("hidden")),
            ("url".into(), SecretValue::default()),
        ],
        peers: [("db".to_owned(), "id-of-db".to_owned())].into(),
        network_holder: None,
        limits,
    };
    let body = create_body(&new, network)?;
    Ok(serde_json::to_value(body).unwrap())
}

fn task() -> Task {
    Task {
        arn: "arn:aws:ecs:us-east-1:111122223333:task/default/0123".into(),
        ..Task::default()
    }
}

fn with_docker_config(config: &str, host_config: &str) -> Container {
    Container {
        image: "app:1".into(),
        docker_config: Some(DockerConfig {
            version: None,
            config: Some(config.into()),
            host_config: Some(host_config.into()),
        }),
        ..Container::default()
    }
}

#[test]
fn members_of_the_payload_and_of_its_docker_json_come_together() {
    let mut container = with_docker_config(
        r#"{"User":"1000","Labels":{"team":"a"},"Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000}}"#,
        r#"{"CapAdd":["SYS_PTRACE"],"LogConfig":{"Type":"splunk","Config":{"url":"u","token":"plain"}}}"#,
    );
    container.command = Some(vec!["env".into()]);
    container.cpu = 256;
    container.memory = 128;
    let body = body(&task(), &container).unwrap();
    assert_eq!(body["Image"], "app:1");
    assert_eq!(body["User"], "1000");
    assert_eq!(body["Cmd"], serde_json::json!(["env"]));
    assert_eq!(body["Env"], serde_json::json!(["V=value"]));
    assert_eq!(body["Labels"]["team"], "a");
    assert_eq!(body["Labels"]["com.amazonaws.ecs.task-arn"], task().arn);
    let host = &body["HostConfig"];
    assert_eq!(host["CapAdd"], serde_json::json!(["SYS_PTRACE"]));
    assert_eq!(host["CpuShares"], 256);
    assert_eq!(host["Memory"], 128 * 1024 * 1024);
    assert_eq!(host["NetworkMode"], "net");
}

#[test]
fn a_secret_log_option_replaces_a_plain_one_unless_it_is_empty() {
    let container = with_docker_config(
        "",
        r#"{"LogConfig":{"Type":"splunk","Config":{"url":"u","token":"plain"}}}"#,
    );
    let body = body(&task(), &container).unwrap();
    let options = &body["HostConfig"]["LogConfig"]["Config"];
    assert_eq!(options, &serde_json::json!({"token": "hidden", "url": "u"}));
}

#[test]
fn without_a_log_driver_secret_options_go_nowhere() {
    let body = body(&task(), &with_docker_config("{}", "{}")).unwrap();
    assert!(!body.to_string().contains("hidden"));
}

#[test]
fn ports_without_a_host_port_are_the_engines_choice() {
    let container = Container {
        port_mappings: vec![
            PortMapping {
                container_port: Some(80),
                host_port: Some(8080),
                ..PortMapping::default()
            },
            PortMapping {
                container_port: Some(53),
                protocol: Some("udp".into()),
                ..PortMapping::default()
            },
        ],
        ..Container::default()
    };
    let body = body(&task(), &container).unwrap();
    assert_eq!(
        body["HostConfig"]["PortBindings"],
        serde_json::json!({"80/tcp": [{"HostPort": "8080"}], "53/udp": [{"HostPort": "0"}]})
    );
    assert!(body["ExposedPorts"]["53/udp"].is_object());
}

#[test]
fn volumes_of_the_engine_carry_their_account() {
    let volume = |name: &str, scope: Option<&str>, path: Option<&str>| Volume {
        name: name.into(),
        host: path.map(|path| HostVolume {
            source_path: Some(path.into()),
        }),
        docker_volume_configuration: scope.map(|scope| DockerVolumeConfiguration {
            scope: Some(scope.into()),
            ..DockerVolumeConfiguration::default()
        }),
        ..Volume::default()
    };
    let task = Task {
        volumes: vec![
            volume("data", Some("shared"), None),
            volume("scratch", None, None),
            volume("etc", None, Some("/etc/app")),
        ],
        ..task()
    };
    let point = |name: &str, read_only| MountPoint {
        source_volume: name.into(),
        container_path: format!("/{name}"),
        read_only,
    };
    let mut container = Container {
        mount_points: vec![
            point("data", false),
            point("scratch", false),
            point("etc", true),
        ],
        volumes_from: vec![VolumeFrom {
            source_container: "db".into(),
            read_only: true,
        }],
        ..Container::default()
    };
    let created = body(&task, &container).unwrap();
    assert_eq!(
        created["HostConfig"]["Binds"],
        serde_json::json!([
            "sealift-111122223333-data:/data",
            "sealift-111122223333-0123-scratch:/scratch",
            "/etc/app:/etc:ro",
        ])
    );
    assert_eq!(
        created["HostConfig"]["VolumesFrom"],
        serde_json::json!(["id-of-db:ro"])
    );
    container.mount_points = vec![point("none", false)];
    assert_eq!(
        body(&task, &container),
        Err(RuntimeError::Volume("the task has no volume none".into()))
    );
}

#[test]
fn links_are_entries_of_the_network() {
    let container = Container {
        links: vec!["db:database".into()],
        ..Container::default()
    };
    let body = body(&task(), &container).unwrap();
    assert_eq!(
        body["NetworkingConfig"]["EndpointsConfig"]["net"]["Links"],
        serde_json::json!(["id-of-db:database"])
    );
}

#[test]
fn a_host_configuration_that_is_no_json_is_refused_in_gos_words() {
    let container = with_docker_config("", "nope");
    assert_eq!(
        body(&task(), &container),
        Err(RuntimeError::HostConfig(
            "Unable to decode given host config: invalid character 'o' in literal null (expecting 'u')"
                .into()
        ))
    );
}

#[test]
fn whoever_joins_a_network_leaves_names_and_ports_to_its_owner() {
    let mut container = with_docker_config(
        r#"{"Hostname":"own"}"#,
        r#"{"Dns":["10.0.0.2"],"ExtraHosts":["db:10.0.0.3"],"DnsSearch":["corp"]}"#,
    );
    container.port_mappings = vec![PortMapping {
        container_port: Some(80),
        ..PortMapping::default()
    }];
    let joined = body_on(&task(), &container, "container:abc", TaskLimits::default()).unwrap();
    assert_eq!(joined["HostConfig"]["NetworkMode"], "container:abc");
    for member in ["Hostname", "ExposedPorts"] {
        assert!(joined.get(member).is_none(), "{member}");
    }
    for member in ["Dns", "DnsSearch", "ExtraHosts", "PortBindings"] {
        assert!(joined["HostConfig"].get(member).is_none(), "{member}");
    }
    let mut names = NameResolution::default();
    names.add(&container).unwrap();
    names.add(&container).unwrap();
    assert_eq!(names.servers, Some(vec!["10.0.0.2".to_owned()]));
    assert_eq!(names.hosts, Some(vec!["db:10.0.0.3".to_owned()]));
}

#[test]
fn the_limits_of_the_task_hold_for_its_containers() {
    let mut container = with_docker_config("{}", "{}");
    container.memory = 1024;
    let limits = TaskLimits {
        cgroup_parent: Some("/ecs/0123".into()),
        ..TaskLimits::default()
    };
    let below = body_on(&task(), &container, "net", limits).unwrap();
    assert_eq!(below["HostConfig"]["CgroupParent"], "/ecs/0123");
    let limits = TaskLimits {
        nano_cpus: Some(250_000_000),
        memory_bytes: Some(512 * MIB),
        ..TaskLimits::default()
    };
    let alone = body_on(&task(), &container, "net", limits).unwrap();
    assert_eq!(alone["HostConfig"]["NanoCpus"], 250_000_000);
    assert_eq!(alone["HostConfig"]["Memory"], 512 * MIB);
}
