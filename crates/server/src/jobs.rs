//! Work that outlives a request and comes round: each job is a row saying what is wanted and an idempotent step that
//! makes it so, so a crash in between leaves work to resume and nothing to repair.

use std::{future::Future, sync::Arc, time::Duration};

use domain::World;
use tokio::{sync::watch, task::JoinSet};
use types::Fault;

/// Starts every job; each ends when `stop` turns true.
pub fn spawn(running: &mut JoinSet<()>, world: &Arc<World>, stop: &watch::Receiver<bool>) {
    let mut every = |period: Duration, name: &'static str, job: fn(Arc<World>) -> Step| {
        running.spawn(repeat(period, name, job, Arc::clone(world), stop.clone()));
    };
    every(
        Duration::from_secs(10),
        "write dates of last access",
        |world| Box::pin(async move { domain::secretsmanager::write_accesses(&world).await }),
    );
    every(
        Duration::from_secs(10),
        "write dates of last use",
        |world| Box::pin(async move { domain::identity::write_uses(&world).await }),
    );
    every(Duration::from_mins(1), "purge deleted secrets", |world| {
        Box::pin(async move {
            domain::secretsmanager::purge_deleted_secrets(&world).await?;
            // Also what was deleted by force, or together with a version, since the last time.
            world.store.wipe_deleted().await
        })
    });
    every(Duration::from_mins(1), "rotate KMS keys", |world| {
        Box::pin(async move { domain::kms::rotate_due_keys(&world).await })
    });
    every(Duration::from_mins(1), "delete KMS keys", |world| {
        Box::pin(async move { domain::kms::delete_due_keys(&world).await })
    });
    every(Duration::from_mins(1), "delete old log lines", |world| {
        Box::pin(async move { domain::logs::delete_old_log_lines(&world).await })
    });
    every(
        Duration::from_mins(10),
        "forget an earlier root key",
        |world| Box::pin(async move { domain::root_key::forget_former(&world).await }),
    );
    every(Duration::from_mins(1), "forget stopped tasks", |world| {
        Box::pin(async move {
            domain::ecs::forget_stopped_tasks(&world).await?;
            domain::ecs::services::forget_inactive_services(&world).await
        })
    });
}

type Step = std::pin::Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

async fn repeat(
    period: Duration,
    name: &'static str,
    job: fn(Arc<World>) -> Step,
    world: Arc<World>,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        if let Err(fault) = job(Arc::clone(&world)).await {
            tracing::error!(job = name, cause = %fault.chain(), "a background job failed; it is tried again");
        }
    }
    // What was read just before the end is not forgotten either.
    if let Err(fault) = job(world).await {
        tracing::error!(job = name, cause = %fault.chain(), "a background job failed at the end");
    }
}
