//! The end of the recovery window: secrets that were marked for deletion go for good.

use types::Fault;

use crate::World;

/// Removes every secret whose recovery window is over, and says how many those were. A background job calls this;
/// calling it again, or from two servers at once, does no harm.
pub async fn purge_deleted_secrets(world: &World) -> Result<usize, Fault> {
    let mut purged = 0;
    loop {
        let mut db = world.store.write().await?;
        let due = db.secrets_to_purge(world.clock.now()).await?;
        for arn in &due {
            db.delete_secret(arn).await?;
        }
        db.commit().await?;
        if due.is_empty() {
            return Ok(purged);
        }
        purged += due.len();
        for arn in due {
            tracing::info!(
                secret.arn = arn,
                "deleted a secret whose recovery window is over"
            );
        }
    }
}
