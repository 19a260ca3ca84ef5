//! Expiration policies: parameters whose time is over go.

use types::Fault;

use crate::World;

/// Deletes every parameter whose Expiration policy says so. A background job calls this; calling it again, or from two
/// servers at once, does no harm.
pub async fn delete_expired_parameters(world: &World) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    let deleted = db.delete_expired_parameters(world.clock.now()).await?;
    db.commit().await?;
    if deleted > 0 {
        tracing::info!(
            parameters = deleted,
            "deleted parameters whose Expiration policy said so"
        );
    }
    Ok(())
}
