//! The job that makes wanted tasks so: it gives waiting tasks their place and lets sessions tell their agents.
//!
//! The rows say what is wanted, so it does not matter when it runs or how often. It runs at once after every committed
//! change, and every few seconds for whatever a change did not announce.

use std::{sync::Arc, time::Duration};

use domain::{World, ecs::agents};
use tokio::{sync::watch, time::MissedTickBehavior};
use types::Fault;

use crate::Acs;

const SWEEP: Duration = Duration::from_secs(5);

/// Runs until `stop` turns true, then ends the sessions.
pub async fn run(world: Arc<World>, acs: Acs, mut stop: watch::Receiver<bool>) {
    if let Err(fault) = forget_connections(&world, &acs).await {
        tracing::error!(cause = %fault.chain(), "the connections of before could not be forgotten");
    }
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let swept = tokio::select! {
            () = world.tasks_changed.notified() => false,
            _ = sweep.tick() => true,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if swept && let Err(fault) = agents::keep_connected(&world, &acs.connected()).await {
            tracing::error!(cause = %fault.chain(), "connections could not be noted; it is tried again");
        }
        if swept && let Err(fault) = agents::end_without_instance(&world).await {
            tracing::error!(cause = %fault.chain(), "tasks of lost instances could not be ended; it is tried again");
        }
        if let Err(fault) = agents::place_waiting(&world).await {
            tracing::error!(cause = %fault.chain(), "waiting tasks could not be placed; it is tried again");
        }
        acs.wake_all();
    }
    acs.close().await;
}

/// Rows of the time before say that agents are connected. Whoever is by now stays so.
async fn forget_connections(world: &World, acs: &Acs) -> Result<(), Fault> {
    agents::disconnect_all(world).await?;
    for instance in acs.connected() {
        agents::set_connected(world, &instance, true).await?;
    }
    Ok(())
}
