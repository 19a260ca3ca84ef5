//! Services: how they are kept, what they are asked for, and the scheduler that makes it so.

mod configuration;
mod describe;
mod find;
mod history;
mod kept;
mod on_change;
mod refusals;
mod revision;
mod scheduler;
mod seen;
mod stop;

pub(super) use configuration::{checked_counts, rules, shown};
pub(super) use describe::{describe, describe_many};
pub(super) use find::{authorized, check_number, find, of};
pub(super) use history::{Attempt, RevisionRecord};
pub(super) use kept::{Details, launch_type, new_deployment_id, read};
pub use on_change::{Waiting, redeploy_changed};
pub(super) use refusals::check as check_supported;
pub(super) use revision::{as_call, revision};
pub use scheduler::{Seen, schedule};

use store::ecs::ServiceRow;
use types::Fault;

use crate::{Cx, World};

/// How long the history of a service is kept.
///
/// AWS: 90 days.
const HISTORY_STAYS_SECS: i64 = 90 * 24 * 60 * 60;

/// How long an inactive service can still be described.
const INACTIVE_SERVICES_STAY_SECS: i64 = 24 * 60 * 60;

/// Forgets the services that were deleted long enough ago, and history that is old enough.
pub async fn forget_inactive_services(world: &World) -> Result<(), Fault> {
    let now = world.clock.now();
    let mut db = world.store.write().await?;
    db.sweep_inactive_services(now.plus_secs(-INACTIVE_SERVICES_STAY_SECS))
        .await?;
    db.sweep_service_deployments(now.plus_secs(-HISTORY_STAYS_SECS))
        .await?;
    db.commit().await
}

/// Puts back what an operation has changed of a service.
pub(super) async fn save(
    cx: &mut Cx,
    row: &mut ServiceRow,
    details: &Details,
    service: &mut ecs::service::Service,
) -> Result<(), Fault> {
    let world = std::sync::Arc::clone(&cx.world);
    kept::save(&mut cx.db, row, details, service, world.entropy.as_ref()).await
}
