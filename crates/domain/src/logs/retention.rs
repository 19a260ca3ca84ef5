//! What keeps log lines from filling the disk: the retention of their group, and the operator's limit over all groups.

use types::Fault;

use crate::World;

/// Removes lines that are older than their group keeps them, and the oldest ones of all while they take more room than
/// the operator gives them. A background job calls this; calling it again, or from two servers at once, does no harm.
pub async fn delete_old_log_lines(world: &World) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    let expired = db.delete_expired_log_chunks(world.clock.now()).await?;
    let excess = db.log_storage().await? - world.settings.log_storage;
    let oldest = if excess > 0 {
        db.delete_oldest_log_chunks(excess).await?
    } else {
        0
    };
    db.commit().await?;
    if oldest > 0 {
        tracing::warn!(
            chunks = oldest,
            limit = world.settings.log_storage,
            "the oldest log lines were deleted: they took more than --log-storage gives them"
        );
    }
    if expired > 0 {
        tracing::info!(chunks = expired, "deleted log lines beyond their retention");
    }
    Ok(())
}
