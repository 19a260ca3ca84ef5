//! Container instances: how they are kept, what room they have, and how they are described.

use api::{
    codec::{from_json_str, to_json_string},
    ecs::{
        Attribute, ContainerInstance, Error, Resource, VersionInfo,
        register_container_instance::Input,
    },
};
use ecs::{
    placement::{Needs, Room},
    states::Status,
};
use policy::Principal;
use serde::{Deserialize, Serialize};
use store::{
    Session,
    ecs::{ContainerInstanceRow, TaskRow},
};
use types::Fault;

use super::{place_of, tags, task};
use crate::{Cx, identity::INSTANCE_ROLE};

/// What an instance registered with.
#[derive(Debug, Serialize, Deserialize)]
struct Details {
    /// The request, as JSON.
    registration: String,
    tags: String,
    /// The agent is this server's own.
    local: bool,
}

/// What an instance registered with, read.
pub(super) struct Registered {
    pub resources: Vec<Resource>,
    pub attributes: Vec<Attribute>,
    pub version_info: Option<VersionInfo>,
    pub tags: String,
}

/// What is kept of a registration.
pub(super) fn details(cx: &Cx, input: &Input) -> Result<String, Fault> {
    let details = Details {
        registration: to_json_string(&Input {
            total_resources: input.total_resources.clone(),
            attributes: input.attributes.clone(),
            version_info: input.version_info.clone(),
            ..Input::default()
        }),
        tags: tags::to_json(input.tags.as_deref().unwrap_or_default())?,
        local: is_instance_role(&cx.caller.principal),
    };
    serde_json::to_string(&details).map_err(Fault::new)
}

/// Sessions of the instance role are this server's own agents.
fn is_instance_role(principal: &Principal) -> bool {
    matches!(principal, Principal::RoleSession { role_name, .. } if role_name == INSTANCE_ROLE)
}

fn kept(row: &ContainerInstanceRow) -> Result<Details, Fault> {
    serde_json::from_str(&row.details).map_err(Fault::new)
}

/// Whether this server's own agent is behind the instance.
pub(super) fn is_local(row: &ContainerInstanceRow) -> bool {
    kept(row).is_ok_and(|details| details.local)
}

#[derive(Debug, thiserror::Error)]
#[error("a stored registration cannot be read")]
struct UnreadableRegistration;

/// Reads back what the instance registered with.
pub(super) fn registered(row: &ContainerInstanceRow) -> Result<Registered, Fault> {
    let details = kept(row)?;
    let input: Input =
        from_json_str(&details.registration).map_err(|_| Fault::new(UnreadableRegistration))?;
    Ok(Registered {
        resources: input.total_resources.unwrap_or_default(),
        attributes: input.attributes.unwrap_or_default(),
        version_info: input.version_info,
        tags: details.tags,
    })
}

/// What the instance has left beside the tasks that live on it. One whose containers have ended takes nothing any more.
pub(super) fn room(registered: &Registered, tasks: &[TaskRow]) -> Result<Room, Fault> {
    let mut room = Room::registered(&registered.resources);
    let ended = |row: &&TaskRow| row.state.last_status == Status::Deprovisioning.as_str();
    for row in tasks.iter().filter(|row| !ended(row)) {
        room.take(&needs(row)?);
    }
    Ok(room)
}

fn needs(row: &TaskRow) -> Result<Needs, Fault> {
    let kept = task::details(row)?;
    Ok(Needs {
        cpu: kept.cpu,
        memory: kept.memory,
        ports: kept.ports.into_iter().collect(),
        ports_udp: kept.ports_udp.into_iter().collect(),
        ..Needs::default()
    })
}

/// The instance as its describing operations answer it.
pub(super) async fn describe(
    db: &mut Session,
    row: &ContainerInstanceRow,
    with_tags: bool,
) -> Result<ContainerInstance, Fault> {
    let registered = registered(row)?;
    let tasks = db.living_tasks_on(&row.home, &row.cluster, &row.id).await?;
    let (running, pending) = task::counts(&tasks)?;
    let arn = place_of(&row.home).container_instance(&row.cluster, &row.id);
    Ok(ContainerInstance {
        container_instance_arn: Some(arn.to_string()),
        version: Some(row.version),
        remaining_resources: Some(room(&registered, &tasks)?.resources()),
        registered_resources: Some(registered.resources),
        version_info: Some(registered.version_info.unwrap_or_default()),
        status: Some(row.status.clone()),
        agent_connected: Some(row.agent_connected),
        running_tasks_count: Some(running),
        pending_tasks_count: Some(pending),
        attributes: Some(registered.attributes),
        registered_at: Some(row.registered_at),
        attachments: Some(Vec::new()),
        tags: Some(if with_tags {
            tags::from_json(&registered.tags)?
        } else {
            Vec::new()
        }),
        ..ContainerInstance::default()
    })
}

/// The instance of a task, if the caller is who registered it.
///
/// INVARIANT: an instance reports only its own tasks. Being allowed to report at all is the policy's to say; whose
/// tasks they are is said here.
pub(super) async fn reporting(cx: &mut Cx, task: &TaskRow) -> Result<ContainerInstanceRow, Error> {
    let home = &task.task.home;
    let instance = match &task.state.container_instance {
        Some(id) => {
            cx.db
                .container_instance(home, &task.task.cluster, id)
                .await?
        }
        None => None,
    };
    let caller = cx.caller.principal.user_id();
    instance
        .filter(|row| row.principal == caller)
        .ok_or_else(|| {
            Error::AccessDenied("The task is not on the caller's container instance.".to_owned())
        })
}
