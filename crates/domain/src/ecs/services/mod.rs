//! Services: how they are kept, what they are asked for, and the scheduler that makes it so.

mod configuration;
mod describe;
mod find;
mod kept;
mod on_change;
mod refusals;
mod revision;
mod scheduler;
mod seen;
mod stop;

pub(super) use configuration::{checked_counts, rules, shown};
pub(super) use describe::{describe, describe_many};
pub(super) use find::find;
pub(super) use kept::{Details, new_deployment_id, read, write};
pub use on_change::{Waiting, redeploy_changed};
pub(super) use refusals::check as check_supported;
pub(super) use revision::{as_call, revision};
pub use scheduler::{Seen, schedule};

use types::Fault;

use crate::World;

/// How long an inactive service can still be described.
const INACTIVE_SERVICES_STAY_SECS: i64 = 24 * 60 * 60;

/// Forgets the services that were deleted long enough ago.
pub async fn forget_inactive_services(world: &World) -> Result<(), Fault> {
    let before = world.clock.now().plus_secs(-INACTIVE_SERVICES_STAY_SECS);
    let mut db = world.store.write().await?;
    db.sweep_inactive_services(before).await?;
    db.commit().await
}
