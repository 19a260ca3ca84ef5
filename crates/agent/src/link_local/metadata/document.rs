//! The documents themselves, in ECS's shape. Pure.

use ecs::acs::Container;
use serde_json::{Map, Value, json};
use types::Timestamp;

use super::{TaskFacts, Version};
use crate::{
    labels,
    runtime::{ContainerDetails, Health, Phase},
};

/// One container.
pub(super) fn container(facts: &TaskFacts, details: &ContainerDetails, version: Version) -> Value {
    let task = &facts.task;
    let mut containers = task.containers.iter();
    let own = containers.find(|own| own.name == details.name);
    let mut to = Document::default();
    to.put("DockerId", details.id.as_str());
    to.put("Name", details.name.as_str());
    to.put("DockerName", details.engine_name.as_str());
    to.put("Image", own.map_or("", |own| own.image.as_str()));
    to.put("ImageID", details.image_id.as_str());
    let visible = details.labels.iter();
    let visible = visible.filter(|(name, _)| !labels::is_own(name));
    let visible: Map<String, Value> = visible
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    to.put("Labels", visible);
    to.put("DesiredStatus", desired(details.phase));
    to.put("KnownStatus", known(details.phase));
    to.put_some("ExitCode", details.exit_code);
    to.put("Limits", limits(own));
    to.put("CreatedAt", iso(details.created_at));
    to.put_some("StartedAt", details.started_at.map(Timestamp::to_iso8601));
    to.put_some("FinishedAt", details.finished_at.map(Timestamp::to_iso8601));
    to.put("Type", "NORMAL");
    to.put_some("Health", health(details));
    let volumes = details.mounts.iter();
    let volumes: Vec<Value> = volumes
        .map(|(source, destination)| json!({"Source": source, "Destination": destination}))
        .collect();
    to.put_some("Volumes", (!volumes.is_empty()).then_some(volumes));
    if version == Version::V4 {
        to.put_some(
            "ContainerARN",
            own.and_then(|own| own.container_arn.clone()),
        );
        let (driver, options) = own.map(log_configuration).unwrap_or_default();
        to.put_some("LogDriver", driver);
        to.put_some("LogOptions", options);
        let policy = own.and_then(|own| own.restart_policy.as_ref());
        let restarts = policy
            .filter(|policy| policy.enabled)
            .map(|_| details.restarts);
        to.put_some("RestartCount", restarts);
    }
    to.put_some("Ports", ports(details));
    to.put("Networks", networks(facts, details));
    to.0.into()
}

/// The task with its containers.
pub(super) fn task(facts: &TaskFacts, all: &[ContainerDetails], version: Version) -> Value {
    let task = &facts.task;
    let phases = || all.iter().map(|details| details.phase);
    let phase = if phases().any(|phase| phase == Phase::Created) {
        Phase::Created
    } else if phases().all(|phase| phase == Phase::Exited) {
        Phase::Exited
    } else {
        Phase::Running
    };
    let mut to = Document::default();
    to.put("Cluster", facts.cluster.as_str());
    to.put("TaskARN", task.arn.as_str());
    to.put("Family", task.family.as_str());
    to.put("Revision", task.version.as_str());
    to.put("DesiredStatus", desired(phase));
    to.put("KnownStatus", known(phase));
    let mut limits = Document::default();
    limits.put_some("CPU", task.cpu);
    limits.put_some("Memory", task.memory);
    to.put_some("Limits", (!limits.0.is_empty()).then_some(limits.0));
    to.put_some(
        "PullStartedAt",
        facts.pull_started_at.map(Timestamp::to_iso8601),
    );
    to.put_some(
        "PullStoppedAt",
        facts.pull_stopped_at.map(Timestamp::to_iso8601),
    );
    to.put("AvailabilityZone", format!("{}a", facts.region));
    if version == Version::V4 {
        to.put_some("LaunchType", task.launch_type.clone());
        to.put_some("ServiceName", task.service_name.clone());
    }
    let containers = all.iter().map(|details| container(facts, details, version));
    to.put("Containers", containers.collect::<Vec<_>>());
    to.0.into()
}

/// A JSON object that is filled in ECS's order.
#[derive(Default)]
struct Document(Map<String, Value>);

impl Document {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

fn iso(moment: Option<Timestamp>) -> String {
    moment.map(Timestamp::to_iso8601).unwrap_or_default()
}

fn desired(phase: Phase) -> &'static str {
    if phase == Phase::Exited {
        "STOPPED"
    } else {
        "RUNNING"
    }
}

fn known(phase: Phase) -> &'static str {
    match phase {
        Phase::Created => "CREATED",
        Phase::Running => "RUNNING",
        Phase::Exited => "STOPPED",
    }
}

fn limits(container: Option<&Container>) -> Value {
    let (cpu, memory) = container.map_or((0, 0), |own| (own.cpu, own.memory));
    // AWS: the least share that an engine knows stands where none was asked for.
    json!({"CPU": cpu.max(2), "Memory": memory})
}

fn health(details: &ContainerDetails) -> Option<Value> {
    match details.health {
        Health::Unknown => None,
        Health::Healthy => Some(json!({"status": "HEALTHY"})),
        Health::Unhealthy => Some(json!({"status": "UNHEALTHY"})),
    }
}

fn ports(details: &ContainerDetails) -> Option<Vec<Value>> {
    let ports = details.bindings.iter().map(|binding| {
        json!({
            "ContainerPort": binding.container_port,
            "Protocol": binding.protocol,
            "HostPort": binding.host_port,
            "HostIp": binding.bind_ip,
        })
    });
    let ports: Vec<Value> = ports.collect();
    (!ports.is_empty()).then_some(ports)
}

fn networks(facts: &TaskFacts, details: &ContainerDetails) -> Vec<Value> {
    let mode = facts.task.network_mode.as_deref().unwrap_or("bridge");
    let mut network = json!({"NetworkMode": mode});
    let addresses = details
        .address
        .map_or_else(Vec::new, |address| vec![address.to_string()]);
    if let Some(members) = network.as_object_mut() {
        members.insert("IPv4Addresses".to_owned(), addresses.into());
    }
    vec![network]
}

/// Driver and options as the definition has them. Secret options are in no definition.
fn log_configuration(container: &Container) -> (Option<Value>, Option<Value>) {
    let config = container.docker_config.as_ref();
    let host = config.and_then(|config| config.host_config.as_deref());
    let host: Value = host
        .and_then(|host| serde_json::from_str(host).ok())
        .unwrap_or_default();
    let log = host.get("LogConfig");
    let member = |name: &str| log.and_then(|log| log.get(name)).cloned();
    (member("Type"), member("Config"))
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, sync::Arc};

    use ecs::acs::{DockerConfig, Secret, Task};

    use super::*;

    fn facts(mode: &str) -> TaskFacts {
        let app = Container {
            name: "app".into(),
            image: "app:1".into(),
            memory: 128,
            environment: [("PLAIN".to_owned(), "variable".to_owned())].into(),
            secrets: vec![Secret {
                name: "splunk-token".into(),
                value_from: "reference".into(),
                ..Secret::default()
            }],
            docker_config: Some(DockerConfig {
                host_config: Some(
                    r#"{"LogConfig":{"Type":"splunk","Config":{"splunk-url":"https://s"}}}"#.into(),
                ),
                ..DockerConfig::default()
            }),
            container_arn: Some("arn:container".into()),
            ..Container::default()
        };
        TaskFacts {
            task: Arc::new(Task {
                arn: "arn:task".into(),
                family: "web".into(),
                version: "3".into(),
                network_mode: Some(mode.into()),
                launch_type: Some("FARGATE".into()),
                cpu: Some(0.25),
                memory: Some(512),
                containers: vec![app],
                ..Task::default()
            }),
            cluster: "default".into(),
            region: "us-east-1".into(),
            pull_started_at: None,
            pull_stopped_at: None,
        }
    }

    fn running() -> ContainerDetails {
        ContainerDetails {
            id: "abc".into(),
            name: "app".into(),
            labels: [
                ("com.amazonaws.ecs.cluster".to_owned(), "default".to_owned()),
                ("sealift.metadata".to_owned(), "id".to_owned()),
            ]
            .into(),
            phase: Phase::Running,
            address: Some(IpAddr::from([172, 18, 0, 2])),
            ..ContainerDetails::default()
        }
    }

    #[test]
    fn a_container_is_told_of_in_ecss_shape() {
        let told = container(&facts("awsvpc"), &running(), Version::V4);
        assert_eq!(told["DockerId"], "abc");
        assert_eq!(told["Image"], "app:1");
        assert_eq!(told["KnownStatus"], "RUNNING");
        assert_eq!(told["Limits"], json!({"CPU": 2, "Memory": 128}));
        assert_eq!(told["LogDriver"], "splunk");
        assert_eq!(told["LogOptions"], json!({"splunk-url": "https://s"}));
        assert_eq!(told["ContainerARN"], "arn:container");
        assert_eq!(
            told["Networks"],
            json!([{"NetworkMode": "awsvpc", "IPv4Addresses": ["172.18.0.2"]}])
        );
        assert_eq!(
            told["Labels"],
            json!({"com.amazonaws.ecs.cluster": "default"})
        );
    }

    #[test]
    fn restarts_are_counted_where_there_is_a_policy() {
        let mut facts = facts("bridge");
        let mut details = running();
        details.restarts = 2;
        let count = |facts: &TaskFacts, version| {
            container(facts, &details, version)
                .get("RestartCount")
                .cloned()
        };
        assert_eq!(count(&facts, Version::V4), None);
        let mut task = Task::clone(&facts.task);
        task.containers[0].restart_policy = Some(ecs::acs::RestartPolicy {
            enabled: true,
            ..ecs::acs::RestartPolicy::default()
        });
        facts.task = Arc::new(task);
        assert_eq!(count(&facts, Version::V4), Some(json!(2)));
        assert_eq!(count(&facts, Version::V3), None);
    }

    #[test]
    fn the_task_has_its_size_its_place_and_its_containers() {
        let told = task(&facts("bridge"), &[running()], Version::V4);
        assert_eq!(told["TaskARN"], "arn:task");
        assert_eq!(told["Revision"], "3");
        assert_eq!(told["Limits"], json!({"CPU": 0.25, "Memory": 512}));
        assert_eq!(told["LaunchType"], "FARGATE");
        assert_eq!(told["Containers"][0]["Name"], "app");
        let older = task(&facts("bridge"), &[running()], Version::V3);
        assert!(older.get("LaunchType").is_none());
        assert!(older["Containers"][0].get("LogDriver").is_none());
    }

    #[test]
    fn no_variable_and_no_reference_is_in_any_of_it() {
        let told = task(&facts("bridge"), &[running()], Version::V4).to_string();
        for hidden in ["PLAIN", "variable", "reference", "splunk-token"] {
            assert!(!told.contains(hidden), "{hidden}");
        }
    }
}
