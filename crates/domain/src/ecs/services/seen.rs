//! Rows as the scheduler sees them.

use ecs::{
    reasons::{Stop, StopCode},
    service::{EndedBy, Instances, Task},
};
use store::{
    Session,
    ecs::{ServiceKey, TaskRow},
};
use types::Fault;

use crate::ecs::{cluster, task};

/// A task as the scheduler sees it.
pub(super) fn task(row: &TaskRow) -> Result<Task, Fault> {
    let progress = task::progress(row)?;
    let ended_by = match &progress.stop {
        Some(stop) if *stop == Stop::failed_health_checks() => EndedBy::Health,
        Some(stop) => match stop.code {
            StopCode::ServiceSchedulerInitiated | StopCode::UserInitiated => EndedBy::Wish,
            StopCode::TaskFailedToStart | StopCode::EssentialContainerExited => EndedBy::Itself,
        },
        None => EndedBy::Itself,
    };
    Ok(Task {
        id: row.task.id.clone(),
        deployment: row.task.started_by.clone().unwrap_or_default(),
        status: progress.last_status,
        wanted: progress.wanted,
        health: progress.health(),
        created_at: row.task.created_at,
        started_at: progress.started_at,
        ended_by,
        instance: row.state.container_instance.clone(),
    })
}

/// The tasks of a service that live.
pub(super) async fn living_tasks(db: &mut Session, key: &ServiceKey) -> Result<Vec<Task>, Fault> {
    let rows = db.tasks_of_service(key).await?;
    let tasks: Result<Vec<Task>, Fault> = rows.iter().map(task).collect();
    Ok(tasks?.into_iter().filter(Task::is_living).collect())
}

/// The container instances of the service's cluster.
pub(super) async fn instances(db: &mut Session, key: &ServiceKey) -> Result<Instances, Fault> {
    let mut instances = Instances::default();
    for row in db.container_instances(&key.home, &key.cluster).await? {
        if row.status == cluster::ACTIVE {
            if row.agent_connected {
                instances.ready.push(row.id.clone());
            }
            instances.active.push(row.id);
        }
    }
    Ok(instances)
}
