//! The scheduler: looks at a service and its tasks, and does what `ecs::service` says, all in one transaction.
//!
//! The row of the service is locked meanwhile, so that of many servers over one database one acts at a time; and what was
//! begun is either done or was never begun. Whatever interrupts it, the next look sees what there is and carries on.

mod starting;

use std::collections::HashMap;

use ecs::service::{ServiceStatus, Steps};
use store::{
    Session,
    ecs::{ServiceKey, ServicePulse, TaskRow},
};
use types::{Fault, Timestamp};

use super::{configuration, kept, seen, stop};
use crate::World;

/// What was seen at the last looks. It can be lost at any time: then everything is looked at again.
#[derive(Debug, Default)]
pub struct Seen(HashMap<ServiceKey, Looked>);

#[derive(Debug, PartialEq, Eq)]
struct Looked {
    pulse: ServicePulse,
    instances: ecs::service::Instances,
    again_at: Option<Timestamp>,
}

/// Looks at every service that is other than it was, or at which it is time to look again. When to come back, if nothing
/// else happens.
pub async fn schedule(world: &World, seen: &mut Seen) -> Result<Option<Timestamp>, Fault> {
    let mut db = world.store.read().await?;
    let pulses = db.service_pulses().await?;
    let mut looked = HashMap::new();
    let mut acted = false;
    for (key, pulse) in pulses {
        let instances = seen::instances(&mut db, &key).await?;
        let now = world.clock.now();
        let before = seen.0.remove(&key).filter(|before| {
            before.pulse == pulse
                && before.instances == instances
                && before.again_at.is_none_or(|at| at > now)
        });
        let after = if let Some(before) = before {
            before
        } else {
            let look = look(world, &key).await.unwrap_or_else(|fault| {
                // The others must not wait for this one.
                tracing::error!(
                    service = key.name,
                    cause = %fault.chain(),
                    "a service could not be looked after; it is tried again"
                );
                Look {
                    again_at: Some(now.plus_secs(RETRY_SECS)),
                    acted: false,
                }
            });
            acted |= look.acted;
            Looked {
                pulse,
                instances,
                again_at: look.again_at,
            }
        };
        looked.insert(key, after);
    }
    seen.0 = looked;
    if acted {
        // What was done is a change itself: agents are told of it, and what follows from it is looked at.
        world.tasks_have_changed();
    }
    Ok(seen.0.values().filter_map(|looked| looked.again_at).min())
}

/// A service that could not be looked after is tried again then.
const RETRY_SECS: i64 = 5;

struct Look {
    again_at: Option<Timestamp>,
    acted: bool,
}

async fn look(world: &World, key: &ServiceKey) -> Result<Look, Fault> {
    let nothing = Look {
        again_at: None,
        acted: false,
    };
    let mut db = world.store.write().await?;
    let Some(mut row) = db.service(key).await? else {
        return Ok(nothing);
    };
    if row.status == "INACTIVE" {
        return Ok(nothing);
    }
    let (details, mut service) = kept::read(&row)?;
    let before = service.clone();
    let input = details.input()?;
    service.rules = configuration::rules(&input, world.settings.healthy_after_secs);
    let now = world.clock.now();
    let (living, ended) = tasks(&mut db, key).await?;
    for (row, task) in &ended {
        service.take_note(task, now);
        db.note_task_end(row).await?;
    }
    let instances = seen::instances(&mut db, key).await?;
    let (rows, tasks): (Vec<TaskRow>, Vec<ecs::service::Task>) = living.into_iter().unzip();
    service.advance(&tasks, &instances, now);
    let steps = service.steps(&tasks, &instances, now);
    stop::stop(&mut db, &rows, &steps.stop, now).await?;
    service.stopped(&steps.stop, now);
    starting::start(
        world,
        &mut db,
        (&row, &details),
        &mut service,
        &steps,
        &rows,
    )
    .await?;
    say_if_stuck(&mut service, &steps, now);

    let changed = service != before;
    if !changed && ended.is_empty() {
        db.rollback();
        return Ok(Look {
            again_at: steps.look_again_at,
            acted: false,
        });
    }
    if changed {
        if service.status == ServiceStatus::Inactive {
            row.ended_at = Some(now);
        }
        let entropy = world.entropy.as_ref();
        kept::save(&mut db, &mut row, &details, &mut service, entropy).await?;
    }
    db.commit().await?;
    Ok(Look {
        again_at: steps.look_again_at,
        acted: true,
    })
}

type SeenTask = (TaskRow, ecs::service::Task);

/// The tasks that live, and those whose end is news.
async fn tasks(
    db: &mut Session,
    key: &ServiceKey,
) -> Result<(Vec<SeenTask>, Vec<SeenTask>), Fault> {
    let rows = db.tasks_of_service(key).await?;
    let seen: Result<Vec<SeenTask>, Fault> = rows
        .into_iter()
        .map(|row| {
            let task = seen::task(&row)?;
            Ok((row, task))
        })
        .collect();
    Ok(seen?.into_iter().partition(|(_, task)| task.is_living()))
}

fn say_if_stuck(service: &mut ecs::service::Service, steps: &Steps, now: Timestamp) {
    if steps.stuck {
        service.say(
            "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
            now,
        );
    }
}
