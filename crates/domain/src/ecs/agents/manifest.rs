//! The manifest of an instance, and the careful way to stop what is not in it.

use ecs::acs::{TaskIdentifier, TaskManifestMessage};
use types::Fault;

use super::Instance;
use crate::{World, ecs::place_of};

/// Everything that lives on the instance, with what is wanted of it. Its number is greater than every one before.
pub async fn manifest(world: &World, instance: &Instance) -> Result<TaskManifestMessage, Fault> {
    let mut db = world.store.write().await?;
    let timeline = db
        .next_sequence(&instance.home, &instance.cluster, &instance.id)
        .await?;
    let rows = db
        .living_tasks_on(&instance.home, &instance.cluster, &instance.id)
        .await?;
    db.commit().await?;
    let place = place_of(&instance.home);
    let tasks = rows.into_iter().map(|row| TaskIdentifier {
        task_arn: place.task(&row.task.cluster, &row.task.id).to_string(),
        task_cluster_arn: instance.cluster_arn(),
        desired_status: if row.state.wanted {
            "RUNNING"
        } else {
            "STOPPED"
        }
        .to_owned(),
    });
    Ok(TaskManifestMessage {
        message_id: world.entropy.uuid(),
        cluster_arn: instance.cluster_arn(),
        container_instance_arn: instance.arn(),
        generated_at: world.clock.now().as_millis(),
        timeline,
        tasks: tasks.collect(),
    })
}

/// Of the tasks an agent asks about, those that really are to stop: nobody wants them on this instance.
pub async fn confirm_stops(
    world: &World,
    instance: &Instance,
    candidates: Vec<TaskIdentifier>,
) -> Result<Vec<TaskIdentifier>, Fault> {
    let place = place_of(&instance.home);
    let mut db = world.store.read().await?;
    let mut stops = Vec::new();
    for candidate in candidates {
        let row = match place.task_id(&instance.cluster, &candidate.task_arn) {
            Ok(id) => db.task(&instance.home, &instance.cluster, &id).await?,
            Err(_) => None,
        };
        let wanted_here = row.is_some_and(|row| {
            row.state.wanted && row.state.container_instance.as_deref() == Some(&instance.id)
        });
        if !wanted_here {
            stops.push(candidate);
        }
    }
    Ok(stops)
}
