//! Payloads: what an agent has not acknowledged yet, and how it is told.

use ecs::{
    acs::{PayloadMessage, Task},
    overrides,
    payload::{self, Launch},
    reasons::Stop,
};
use store::{Session, ecs::TaskRow};
use types::{Arn, Fault};

use super::{Instance, credentials};
use crate::{
    World,
    ecs::{cluster::INACTIVE, definition, place_of, run_task::check_host_access, task},
};

/// One thing an agent is to be told: that a task is to run, or to stop.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handover {
    pub task: String,
    pub wanted: bool,
}

/// What the instance's agent has not acknowledged, oldest first.
pub async fn outstanding(world: &World, instance: &Instance) -> Result<Vec<Handover>, Fault> {
    let mut db = world.store.read().await?;
    let rows = db
        .living_tasks_on(&instance.home, &instance.cluster, &instance.id)
        .await?;
    Ok(rows
        .into_iter()
        .filter(|row| !row.state.acknowledged)
        .map(|row| Handover {
            task: row.task.id,
            wanted: row.state.wanted,
        })
        .collect())
}

/// An agent that has just begun knows its containers by their labels, and no longer what they are to be: it is told of
/// every living task again.
pub async fn resend_all(world: &World, instance: &Instance) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    let rows = db
        .living_tasks_on(&instance.home, &instance.cluster, &instance.id)
        .await?;
    for row in rows {
        if row.state.acknowledged {
            let mut state = row.state.clone();
            state.acknowledged = false;
            db.save_task_state(&row.task, &state).await?;
        }
    }
    db.commit().await
}

/// The message that tells it. From here on only the agent's report ends the task. `None` where there is nothing to
/// tell any more, or the task cannot be handed over at all and was ended.
pub async fn payload(
    world: &World,
    instance: &Instance,
    handover: &Handover,
) -> Result<Option<PayloadMessage>, Fault> {
    let mut db = world.store.write().await?;
    let row = db
        .task(&instance.home, &instance.cluster, &handover.task)
        .await?;
    let row =
        row.filter(|row| row.state.wanted == handover.wanted && row.state.last_status != "STOPPED");
    let Some(row) = row else {
        return Ok(None);
    };
    let message = match task_message(world, &mut db, &row).await? {
        Ok(task) => {
            let mut progress = task::progress(&row)?;
            progress.hand_over();
            let mut state = task::changed(&row, progress)?;
            state.launched = true;
            db.save_task_state(&row.task, &state).await?;
            Some(PayloadMessage {
                message_id: world.entropy.uuid(),
                cluster_arn: instance.cluster_arn(),
                container_instance_arn: instance.arn(),
                generated_at: world.clock.now().as_millis(),
                seq_num: db
                    .next_sequence(&instance.home, &instance.cluster, &instance.id)
                    .await?,
                timeline: None,
                tasks: vec![task],
            })
        }
        Err(reason) => {
            let mut progress = task::progress(&row)?;
            progress.end_unlaunched(Stop::failed_to_start(&reason), world.clock.now());
            let state = task::changed(&row, progress)?;
            db.save_task_state(&row.task, &state).await?;
            None
        }
    };
    db.commit().await?;
    Ok(message)
}

/// The task of the payload, or why it cannot start.
async fn task_message(
    world: &World,
    db: &mut Session,
    row: &TaskRow,
) -> Result<Result<Task, String>, Fault> {
    let home = &row.task.home;
    let definition = db
        .task_definition(home, &row.task.family, row.task.revision)
        .await?;
    let Some(definition) = definition else {
        return Ok(Err("TaskDefinition not found.".to_owned()));
    };
    let definition = definition::read(&definition)?;
    let details = task::details(row)?;
    let changes = task::overrides(&details)?;
    let definition = match overrides::apply(definition, &changes) {
        Ok(definition) => definition,
        Err(error) => return Ok(Err(error.to_string())),
    };
    // The operator may have changed their mind since the task was accepted, and a link on the host its target.
    let starts = row.state.wanted && !row.state.launched;
    if starts && let Err(refused) = check_host_access(&definition, &world.settings.host) {
        return Ok(Err(refused.to_string()));
    }
    let credentials = if row.state.wanted {
        match credentials::of_payload(world, db, row, &definition).await? {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Err(reason)),
        }
    } else {
        payload::Credentials::default()
    };
    let attachment = details.elsewhere.attachment();
    let containers: Vec<(String, String)> = task::progress(row)?
        .containers
        .into_iter()
        .map(|container| (container.name, container.id))
        .collect();
    let place = place_of(home);
    let registry = world.registry();
    // A task whose values are in AWS belongs to the account of its role there, and no image here is its ECR's.
    let is_in_aws = world.settings.reads_from_aws(&home.account);
    let role = definition.execution_role_arn.as_deref();
    let role: Option<Arn> = role.filter(|_| is_in_aws).and_then(|arn| arn.parse().ok());
    let account_in_aws = role.and_then(|arn| arn.account.parse().ok());
    let task = payload::task(Launch {
        place: &place,
        cluster: &row.task.cluster,
        task: &row.task.id,
        definition: &definition,
        revision: row.task.revision,
        group: &row.task.group,
        launch_type: &row.task.launch_type,
        log_mode: details.log_mode.as_deref(),
        wanted: row.state.wanted,
        has_run: row.state.started_at.is_some(),
        containers: &containers,
        attachment,
        credentials,
        registry: (!is_in_aws).then_some(&registry),
        account_of_values: account_in_aws.as_ref().unwrap_or(&home.account),
    });
    Ok(task.map_err(|error| error.to_string()))
}

/// The agent has what it was told.
pub async fn acknowledge(world: &World, instance: &Instance, told: &Handover) -> Result<(), Fault> {
    let (home, cluster) = (&instance.home, &instance.cluster);
    let mut db = world.store.write().await?;
    if told.wanted {
        db.acknowledge_task(home, cluster, &told.task, true).await?;
    } else if let Some(row) = db.task(home, cluster, &told.task).await? {
        let mut progress = task::progress(&row)?;
        progress.stop_handed_over();
        let mut state = task::changed(&row, progress)?;
        state.acknowledged = !row.state.wanted;
        db.save_task_state(&row.task, &state).await?;
    }
    db.commit().await
}

/// Ends the tasks that have ended on instances which are no more: their networks went with these.
pub async fn end_without_instance(world: &World) -> Result<(), Fault> {
    let mut db = world.store.read().await?;
    if db.deprovisioning_tasks().await?.is_empty() {
        return Ok(());
    }
    drop(db);
    let mut db = world.store.write().await?;
    for seen in db.deprovisioning_tasks().await? {
        let (home, cluster) = (&seen.task.home, &seen.task.cluster);
        let instance = match &seen.state.container_instance {
            Some(id) => db.container_instance(home, cluster, id).await?,
            None => None,
        };
        let Some(row) = db.task(home, cluster, &seen.task.id).await? else {
            continue;
        };
        if instance.is_none_or(|instance| instance.status == INACTIVE) {
            let mut progress = task::progress(&row)?;
            progress.end_without_agent(world.clock.now());
            let state = task::changed(&row, progress)?;
            db.save_task_state(&row.task, &state).await?;
        }
    }
    db.commit().await
}
