//! The end of keys whose waiting period is over.

use store::kms::KeyAddress;
use types::{Fault, Timestamp};

use crate::World;

const BATCH: i64 = 50;

/// Deletes the keys whose waiting period is over, with all material they ever had: nothing opens what they encrypted
/// any more.
pub async fn delete_due_keys(world: &World) -> Result<(), Fault> {
    loop {
        let now = world.clock.now();
        let due = world
            .store
            .read()
            .await?
            .kms_keys_to_delete(now, BATCH)
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        for address in due {
            delete_if_due(world, &address, now).await?;
        }
    }
}

async fn delete_if_due(world: &World, address: &KeyAddress, now: Timestamp) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.lock_kms_key(address).await?;
    // Looked at again under the lock: the deletion may have been cancelled.
    let key = db.kms_key(address).await?;
    let pending = api::kms::KeyState::PendingDeletion.as_str();
    let due = key.is_some_and(|key| {
        key.key_state == pending && key.deletion_date.is_some_and(|date| date <= now)
    });
    if !due {
        return Ok(());
    }
    db.delete_kms_key(address).await?;
    db.commit().await?;
    world.kms.forget_materials_of(address);
    tracing::info!(
        key.id = address.key_id,
        "a KMS key was deleted after its waiting period"
    );
    Ok(())
}
