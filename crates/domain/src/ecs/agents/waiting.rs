//! Tasks that were accepted before any instance could take them.

use api::ecs::LaunchType;
use ecs::{
    overrides, placement::Needs, reasons::Stop, states::Status,
    task_definition::placement_attributes,
};
use store::{Session, ecs::TaskRow};
use types::Fault;

use crate::{
    World,
    ecs::{
        definition, place_of,
        scheduling::{Among, Instances, Spot},
        task,
    },
};

/// Gives every waiting task its place, where there is one by now. A task that fits nowhere is ended.
pub async fn place_waiting(world: &World) -> Result<(), Fault> {
    let unsettled = world.store.read().await?.unsettled_tasks().await?;
    if !unsettled.iter().any(waits) {
        return Ok(());
    }
    let mut db = world.store.write().await?;
    for row in db.unsettled_tasks().await? {
        if waits(&row) {
            place(world, &mut db, &row).await?;
        }
    }
    db.commit().await
}

fn waits(row: &TaskRow) -> bool {
    row.state.container_instance.is_none() && row.state.last_status == Status::Provisioning.as_str()
}

async fn place(world: &World, db: &mut Session, seen: &TaskRow) -> Result<(), Fault> {
    let home = &seen.task.home;
    let cluster = &seen.task.cluster;
    let local = world.settings.agent_serves(cluster);
    // Locked in the order in which the service scheduler locks: instances, then tasks.
    let mut instances = Instances::load(db, home, cluster, local).await?;
    // Of several servers on one database, another may have placed it meanwhile.
    let now = db.task(home, cluster, &seen.task.id).await?;
    let Some(mut row) = now.filter(waits) else {
        return Ok(());
    };
    let mut progress = task::progress(&row)?;
    let stored = db
        .task_definition(home, &row.task.family, row.task.revision)
        .await?;
    let changes = task::overrides(&task::details(&row)?)?;
    let merged = match stored {
        Some(stored) => overrides::apply(definition::read(&stored)?, &changes).ok(),
        None => None,
    };
    let Some(definition) = merged else {
        progress.end_unlaunched(
            Stop::failed_to_start("TaskDefinition not found."),
            world.clock.now(),
        );
        row.state = task::changed(&row, progress)?;
        return db.save_task_state(&row.task, &row.state).await;
    };
    let at = place_of(home);
    let launch_type = row.task.launch_type.parse().unwrap_or(LaunchType::Ec2);
    let attributes = placement_attributes(&definition, launch_type, &at.account, &at.region);
    let needs = Needs::of(&definition).under(launch_type);
    match instances.place(&needs, &attributes, Among::All) {
        Spot::On { id, .. } => {
            progress.place();
            row.state.container_instance = Some(id);
        }
        Spot::Later => return Ok(()),
        Spot::NoInstances => {
            let reason = "No Container Instances were found in your cluster.";
            progress.end_unlaunched(Stop::failed_to_start(reason), world.clock.now());
        }
        Spot::Nowhere(failures) => {
            let lacks: Vec<String> = failures
                .into_iter()
                .filter_map(|failure| {
                    let detail = failure.detail.map(|detail| format!(" ({detail})"));
                    Some(failure.reason? + &detail.unwrap_or_default())
                })
                .collect();
            let reason = format!(
                "No container instance met all of the task's requirements: {}",
                lacks.join(", ")
            );
            progress.end_unlaunched(Stop::failed_to_start(&reason), world.clock.now());
        }
    }
    row.state = task::changed(&row, progress)?;
    db.save_task_state(&row.task, &row.state).await
}
