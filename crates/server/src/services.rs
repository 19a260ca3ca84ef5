//! The job that looks after services: whenever a service or a task has changed, and when the scheduler said it would come
//! back.
//!
//! The rows say what is wanted and what there is, so it does not matter when it runs, how often, or how many servers on
//! one database run it.

use std::{sync::Arc, time::Duration};

use domain::{
    World,
    ecs::services::{self, Seen, Waiting},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use types::Timestamp;

/// For whatever nobody announced: what another server on the same database changed, or an agent that has come.
const SWEEP: Duration = Duration::from_secs(3);
/// How often what services hold is compared with what there is.
const COMPARE: Duration = Duration::from_secs(2);
/// Changes that come close together are looked at together.
const GATHER: Duration = Duration::from_millis(50);

/// Runs until `stop` turns true.
pub async fn run(world: Arc<World>, mut stop: watch::Receiver<bool>) {
    let (mut seen, mut waiting) = (Seen::default(), Waiting::default());
    let mut compared = Instant::now();
    loop {
        // Secrets change unannounced, and nobody is in a hurry.
        if compared.elapsed() >= COMPARE {
            compared = Instant::now();
            if let Err(fault) = services::redeploy_changed(&world, &mut waiting).await {
                tracing::error!(cause = %fault.chain(), "secrets that services hold could not be compared; it is tried again");
            }
        }
        let pause = match services::schedule(&world, &mut seen).await {
            Ok(again_at) => until(again_at, world.clock.now()),
            Err(fault) => {
                tracing::error!(cause = %fault.chain(), "services could not be looked after; it is tried again");
                SWEEP
            }
        };
        tokio::select! {
            () = world.services_changed.notified() => {}
            () = sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        sleep(GATHER).await;
    }
}

fn until(again_at: Option<Timestamp>, now: Timestamp) -> Duration {
    let millis = again_at.map_or(i64::MAX, |at| {
        at.as_millis().saturating_sub(now.as_millis())
    });
    Duration::from_millis(u64::try_from(millis).unwrap_or(0)).min(SWEEP)
}
