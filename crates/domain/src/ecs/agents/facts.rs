//! What agents know of tasks beside their states.

use std::collections::BTreeSet;

use ecs::{
    acs::{ContainerFacts, TaskFactsMessage},
    states::Health,
    value_from,
};
use store::ecs::{HeldSecretRow, TaskRow};
use types::{Arn, Fault};

use super::Instance;
use crate::{
    World,
    ecs::{place_of, task},
};

/// No version of anything has a longer name.
const LONGEST_VERSION: usize = 64;

/// Takes in what an agent knows of a task, if the task is on its instance.
pub async fn take_facts(
    world: &World,
    instance: &Instance,
    facts: &TaskFactsMessage,
) -> Result<(), Fault> {
    let place = place_of(&instance.home);
    let Ok(id) = place.task_id(&instance.cluster, &facts.task_arn) else {
        return Ok(());
    };
    let mut db = world.store.write().await?;
    let row = db.task(&instance.home, &instance.cluster, &id).await?;
    let row = row.filter(|row| row.state.container_instance.as_deref() == Some(&instance.id));
    let Some(row) = row else {
        return Ok(());
    };
    let known = db
        .held_secrets(&instance.home, &instance.cluster, &id)
        .await?;
    let news: Vec<HeldSecretRow> = held(&row, facts)?
        .into_iter()
        .filter(|held| !known.contains(held))
        .collect();
    for held in &news {
        db.hold_secret(&row.task, held).await?;
    }
    let before = task::progress(&row)?;
    let mut progress = before.clone();
    for container in &facts.containers {
        progress.note_health(&container.name, health(container));
    }
    let changed = progress != before;
    if changed {
        let state = task::changed(&row, progress)?;
        db.save_task_state(&row.task, &state).await?;
    }
    if !changed && news.is_empty() {
        db.rollback();
        return Ok(());
    }
    db.commit().await?;
    world.tasks_have_changed();
    Ok(())
}

fn health(facts: &ContainerFacts) -> Health {
    match facts.health.as_str() {
        "HEALTHY" => Health::Healthy,
        "UNHEALTHY" => Health::Unhealthy,
        _ => Health::Unknown,
    }
}

/// What the task's own containers hold, as far as it can be true.
fn held(row: &TaskRow, facts: &TaskFactsMessage) -> Result<Vec<HeldSecretRow>, Fault> {
    let containers: BTreeSet<String> = task::progress(row)?
        .containers
        .into_iter()
        .map(|container| container.name)
        .collect();
    let of_task = facts
        .containers
        .iter()
        .filter(|container| containers.contains(&container.name));
    let held = of_task.flat_map(|container| {
        container.secrets.iter().map(|secret| HeldSecretRow {
            container: container.name.clone(),
            name: secret.name.clone(),
            provider: secret.provider.clone(),
            value_from: secret.value_from.clone(),
            arn: secret.arn.clone(),
            version: secret.version.clone(),
        })
    });
    Ok(held.filter(is_sound).collect())
}

fn is_sound(held: &HeldSecretRow) -> bool {
    let through_reference = value_from::selector_of_reference(&held.value_from).is_some();
    let service = match held.provider.as_str() {
        "asm" => "secretsmanager",
        "ssm" if through_reference => "secretsmanager",
        "ssm" => "ssm",
        _ => return false,
    };
    held.version.len() <= LONGEST_VERSION
        && held
            .arn
            .parse::<Arn>()
            .is_ok_and(|arn| arn.service == service)
}
