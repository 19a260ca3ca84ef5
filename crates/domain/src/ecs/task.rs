//! Tasks: between their rows, what reports change of them, and how they are described.

use api::{
    codec::{from_json_str, to_json_string},
    ecs::{
        Attachment, Attribute, Connectivity, Container, ContainerOverride, LaunchType,
        ManagedAgent, ManagedAgentName, NetworkBinding, Task, TaskOverride, TaskStopCode,
    },
};
use ecs::{
    placement::Needs,
    reasons::Stop,
    states::{Binding, ContainerState, Health, Interface, Progress, Status},
    task_definition::Definition,
};
use serde::{Deserialize, Serialize};
use store::ecs::{NewTask, TaskRow, TaskState};
use types::{Entropy, Fault, Timestamp};

use super::{elsewhere::Elsewhere, place_of, tags};

/// What `RunTask` was given beside what has a column, and what it takes of its instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Details {
    /// The overrides, as JSON.
    pub overrides: String,
    pub tags: String,
    pub cpu: i64,
    pub memory: i64,
    pub ports: Vec<i32>,
    pub ports_udp: Vec<i32>,
    /// What the call asked for, to tell a repeated call from another with the same token.
    pub request: String,
    #[serde(default)]
    pub cpu_architecture: Option<String>,
    /// What the ids of the task's credentials are made from. They stay the same for as long as the task lives, since
    /// they stand in the configuration of its containers.
    #[serde(default)]
    pub credentials: Option<String>,
    /// Where the task's values come from, if not from this server.
    #[serde(default)]
    pub secrets_from: Option<String>,
    /// How lines are delivered where the definition does not say, as it was when the task was made.
    #[serde(default)]
    pub log_mode: Option<String>,
    /// Whether commands may be run in its containers.
    #[serde(default)]
    pub execute_command: bool,
    #[serde(default)]
    pub elsewhere: Elsewhere,
}

impl Details {
    pub(super) fn new(
        overrides: &TaskOverride,
        tags: String,
        needs: &Needs,
        request: String,
    ) -> Self {
        Self {
            overrides: to_json_string(overrides),
            tags,
            cpu: needs.cpu,
            memory: needs.memory,
            ports: needs.ports.iter().copied().collect(),
            ports_udp: needs.ports_udp.iter().copied().collect(),
            request,
            cpu_architecture: None,
            credentials: None,
            secrets_from: None,
            log_mode: None,
            execute_command: false,
            elsewhere: Elsewhere::default(),
        }
    }

    pub(super) fn to_json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(Fault::new)
    }
}

/// Reads back what `RunTask` was given.
pub(super) fn details(row: &TaskRow) -> Result<Details, Fault> {
    serde_json::from_str(&row.task.details).map_err(Fault::new)
}

#[derive(Debug, thiserror::Error)]
#[error("stored overrides cannot be read")]
struct UnreadableOverrides;

/// Reads back the overrides.
pub(super) fn overrides(details: &Details) -> Result<TaskOverride, Fault> {
    from_json_str(&details.overrides).map_err(|_| Fault::new(UnreadableOverrides))
}

/// The containers of a new task.
pub(super) fn containers(definition: &Definition, entropy: &dyn Entropy) -> Vec<ContainerState> {
    let text = |n: Option<i32>| n.map(|n| n.to_string());
    definition
        .container_definitions
        .iter()
        .map(|container| ContainerState {
            id: entropy.uuid(),
            name: container.name.clone().unwrap_or_default(),
            image: container.image.clone().unwrap_or_default(),
            essential: container.essential.unwrap_or(true),
            cpu: container.cpu.unwrap_or(0).to_string(),
            memory: text(container.memory),
            memory_reservation: text(container.memory_reservation),
            last_status: Status::Pending,
            image_digest: None,
            runtime_id: None,
            exit_code: None,
            reason: None,
            network_bindings: Vec::new(),
            health: container.health_check.as_ref().map(|_| Health::Unknown),
        })
        .collect()
}

/// The part of a row that reports change.
pub(super) fn progress(row: &TaskRow) -> Result<Progress, Fault> {
    let state = &row.state;
    let details = details(row)?;
    let stop = match &state.stop_code {
        Some(code) => Some(Stop {
            code: code.parse().map_err(Fault::new)?,
            reason: state.stopped_reason.clone().unwrap_or_default(),
        }),
        None => None,
    };
    Ok(Progress {
        fargate: row.task.launch_type == LaunchType::Fargate.as_str(),
        interface: match &state.attachment {
            _ if !details.elsewhere.has_interface() => Interface::None,
            Some(_) => Interface::Attached,
            None => Interface::Detached,
        },
        last_status: state.last_status.parse().map_err(Fault::new)?,
        wanted: state.wanted,
        containers: serde_json::from_str(&state.containers).map_err(Fault::new)?,
        stop,
        connectivity_at: state.connectivity_at,
        started_at: state.started_at,
        stopping_at: state.stopping_at,
        stopped_at: state.stopped_at,
        pull_started_at: state.pull_started_at,
        pull_stopped_at: state.pull_stopped_at,
        execution_stopped_at: state.execution_stopped_at,
    })
}

/// How far the agent was told of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub launched: bool,
    pub acknowledged: bool,
}

/// A state to be saved.
pub(super) fn state(
    progress: Progress,
    container_instance: Option<String>,
    told: Told,
) -> Result<TaskState, Fault> {
    let (stop_code, stopped_reason) = match progress.stop {
        Some(stop) => (Some(stop.code.to_string()), Some(stop.reason)),
        None => (None, None),
    };
    Ok(TaskState {
        container_instance,
        last_status: progress.last_status.to_string(),
        wanted: progress.wanted,
        launched: told.launched,
        acknowledged: told.acknowledged,
        stop_code,
        stopped_reason,
        attachment: (progress.interface == Interface::Attached).then(|| "ATTACHED".to_owned()),
        connectivity_at: progress.connectivity_at,
        started_at: progress.started_at,
        stopping_at: progress.stopping_at,
        stopped_at: progress.stopped_at,
        pull_started_at: progress.pull_started_at,
        pull_stopped_at: progress.pull_stopped_at,
        execution_stopped_at: progress.execution_stopped_at,
        containers: serde_json::to_string(&progress.containers).map_err(Fault::new)?,
    })
}

/// The row after a change. What is wanted now is not acknowledged yet where it differs from before.
pub(super) fn changed(row: &TaskRow, progress: Progress) -> Result<TaskState, Fault> {
    // An agent that has said itself that the task has ended need not be told.
    let knows = row.state.acknowledged && row.state.wanted == progress.wanted;
    let told = Told {
        launched: row.state.launched,
        acknowledged: knows || progress.last_status == Status::Deprovisioning,
    };
    state(progress, row.state.container_instance.clone(), told)
}

/// The row after somebody wanted the task stopped. One that no agent heard of ends here, since none will report its end.
pub(super) fn stopping(row: &TaskRow, stop: Stop, now: Timestamp) -> Result<TaskState, Fault> {
    let mut progress = progress(row)?;
    if row.state.launched {
        progress.request_stop(stop, now);
    } else {
        progress.end_unlaunched(stop, now);
    }
    changed(row, progress)
}

/// The task as its describing operations answer it.
pub(super) fn describe(row: &TaskRow, with_tags: bool) -> Result<Task, Fault> {
    let NewTask {
        home, cluster, id, ..
    } = &row.task;
    let place = place_of(home);
    let details = details(row)?;
    let progress = progress(row)?;
    let reported = progress.clone();
    let task_arn = place.task(cluster, id).to_string();
    let instance = row.state.container_instance.as_deref();
    let health = progress.health().unwrap_or_default();
    let (stop_code, stopped_reason) = match progress.stop {
        Some(stop) => (
            stop.code.as_str().parse::<TaskStopCode>().ok(),
            Some(stop.reason),
        ),
        None => (None, None),
    };
    let attributes = [
        ("ecs.cpu-architecture", &details.cpu_architecture),
        ("sealift.secrets-from", &details.secrets_from),
    ];
    let attributes = attributes.into_iter().filter_map(|(name, value)| {
        Some(Attribute {
            name: name.to_owned(),
            value: Some(value.clone()?),
            ..Attribute::default()
        })
    });
    let elsewhere = details.elsewhere.clone();
    let mut described = Task {
        attachments: Some(Vec::<Attachment>::new()),
        attributes: Some(attributes.collect()),
        cluster_arn: Some(place.cluster(cluster).to_string()),
        connectivity: progress.connectivity_at.map(|_| Connectivity::Connected),
        connectivity_at: progress.connectivity_at,
        container_instance_arn: instance.map(|i| place.container_instance(cluster, i).to_string()),
        cpu: Some(details.cpu.to_string()),
        memory: Some(details.memory.to_string()),
        created_at: Some(row.task.created_at),
        desired_status: Some(
            if progress.wanted {
                "RUNNING"
            } else {
                "STOPPED"
            }
            .to_owned(),
        ),
        enable_execute_command: Some(details.execute_command),
        execution_stopped_at: progress.execution_stopped_at,
        group: Some(row.task.group.clone()),
        health_status: health.as_str().parse().ok(),
        inference_accelerators: Some(Vec::new()),
        last_status: Some(progress.last_status.to_string()),
        launch_type: row.task.launch_type.parse::<LaunchType>().ok(),
        overrides: Some(described_overrides(&details, &progress.containers)?),
        pull_started_at: progress.pull_started_at,
        pull_stopped_at: progress.pull_stopped_at,
        started_at: progress.started_at,
        started_by: row.task.started_by.clone(),
        stop_code,
        stopped_at: progress.stopped_at,
        stopped_reason,
        stopping_at: progress.stopping_at,
        tags: Some(if with_tags {
            tags::from_json(&details.tags)?
        } else {
            Vec::new()
        }),
        task_definition_arn: Some(
            place
                .task_definition(&row.task.family, row.task.revision)
                .to_string(),
        ),
        version: Some(row.version),
        containers: Some(
            progress
                .containers
                .into_iter()
                .map(|c| {
                    let agents = details.execute_command.then(|| command_agent(&c));
                    let arn_prefix = place.container(cluster, id, "").to_string();
                    Container {
                        managed_agents: agents,
                        ..describe_container(c, arn_prefix, &task_arn)
                    }
                })
                .collect(),
        ),
        task_arn: Some(task_arn),
        ..Task::default()
    };
    let launched = row.state.launched;
    elsewhere.describe(&reported, launched, home.region.as_str(), &mut described);
    Ok(described)
}

/// AWS: every container is listed among the overrides, whether it was overridden or not.
fn described_overrides(
    details: &Details,
    containers: &[ContainerState],
) -> Result<TaskOverride, Fault> {
    let mut overrides = overrides(details)?;
    let listed = overrides.container_overrides.get_or_insert_default();
    for container in containers {
        if !listed
            .iter()
            .any(|o| o.name.as_ref() == Some(&container.name))
        {
            listed.push(ContainerOverride {
                name: Some(container.name.clone()),
                ..ContainerOverride::default()
            });
        }
    }
    overrides
        .inference_accelerator_overrides
        .get_or_insert_default();
    Ok(overrides)
}

/// AWS: what runs commands is an agent in the container; here it is there as long as the container.
fn command_agent(container: &ContainerState) -> Vec<ManagedAgent> {
    vec![ManagedAgent {
        name: Some(ManagedAgentName::ExecuteCommandAgent),
        last_status: Some(container.last_status.to_string()),
        ..ManagedAgent::default()
    }]
}

fn describe_container(state: ContainerState, arn_prefix: String, task_arn: &str) -> Container {
    Container {
        container_arn: Some(arn_prefix + &state.id),
        task_arn: Some(task_arn.to_owned()),
        name: Some(state.name),
        image: Some(state.image),
        image_digest: state.image_digest,
        runtime_id: state.runtime_id,
        last_status: Some(state.last_status.to_string()),
        exit_code: state.exit_code,
        reason: state.reason,
        network_bindings: Some(
            state
                .network_bindings
                .into_iter()
                .map(describe_binding)
                .collect(),
        ),
        network_interfaces: Some(Vec::new()),
        health_status: state.health.unwrap_or_default().as_str().parse().ok(),
        cpu: Some(state.cpu),
        memory: state.memory,
        memory_reservation: state.memory_reservation,
        ..Container::default()
    }
}

fn describe_binding(binding: Binding) -> NetworkBinding {
    NetworkBinding {
        bind_ip: binding.bind_ip,
        container_port: binding.container_port,
        host_port: binding.host_port,
        protocol: binding.protocol.and_then(|p| p.parse().ok()),
        container_port_range: binding.container_port_range,
        host_port_range: binding.host_port_range,
    }
}

/// How many tasks run, and how many are on their way there. What is stopping is neither.
pub(super) fn counts(rows: &[TaskRow]) -> Result<(i32, i32), Fault> {
    let (mut running, mut pending) = (0, 0);
    for row in rows {
        let status: Status = row.state.last_status.parse().map_err(Fault::new)?;
        running += i32::from(status == Status::Running);
        pending += i32::from(status.is_pending());
    }
    Ok((running, pending))
}

/// A port mapping as the agent reported it.
pub(super) fn binding(reported: NetworkBinding) -> Binding {
    Binding {
        bind_ip: reported.bind_ip,
        container_port: reported.container_port,
        host_port: reported.host_port,
        protocol: reported.protocol.map(|p| p.to_string()),
        container_port_range: reported.container_port_range,
        host_port_range: reported.host_port_range,
    }
}
