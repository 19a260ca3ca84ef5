//! Taking new material: when, and how. What older material encrypted stays readable for as long as the key is there.

use api::kms::RotationType;
use store::kms::{KeyAddress, Rotation};
use types::{Fault, Timestamp};

use super::{key::Key, material};
use crate::{Cx, World};

/// How often AWS's own keys rotate, and those whose owner does not say, in days.
pub(super) const DEFAULT_PERIOD: i64 = 365;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
const BATCH: i64 = 50;

/// So many days later.
pub(super) fn days_after(start: Timestamp, days: i64) -> Timestamp {
    start.plus_secs(days.saturating_mul(SECONDS_PER_DAY))
}

/// Automatic rotation that begins now.
pub(super) fn every(period_days: i64, now: Timestamp) -> Rotation {
    Rotation {
        period_days,
        next: days_after(now, period_days),
    }
}

/// Gives a key new material, which encrypts from now on.
pub(super) async fn rotate(cx: &mut Cx, key: &mut Key, kind: RotationType) -> Result<(), Fault> {
    let material = material::generate(&cx.world, &key.row.address, Some(kind), cx.now());
    cx.db
        .insert_kms_material(&key.row.address, &material)
        .await?;
    key.row.current_material = material.id;
    cx.db.save_kms_key(&key.row).await
}

/// Rotates the keys whose time has come. However long nobody was here to do it, each gets new material once, and the
/// next period begins now.
pub async fn rotate_due_keys(world: &World) -> Result<(), Fault> {
    loop {
        let now = world.clock.now();
        let due = world
            .store
            .read()
            .await?
            .kms_keys_to_rotate(now, BATCH)
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        for address in due {
            rotate_if_due(world, &address, now).await?;
        }
    }
}

async fn rotate_if_due(world: &World, address: &KeyAddress, now: Timestamp) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.lock_kms_key(address).await?;
    // Looked at again under the lock: another server may have been here first, or the owner changed their mind.
    let key = db.kms_key(address).await?;
    let enabled = api::kms::KeyState::Enabled.as_str();
    let Some(mut key) = key.filter(|key| key.key_state == enabled) else {
        return Ok(());
    };
    let Some(due) = key.rotation.filter(|rotation| rotation.next <= now) else {
        return Ok(());
    };
    let material = material::generate(world, address, Some(RotationType::Automatic), now);
    db.insert_kms_material(address, &material).await?;
    key.current_material = material.id;
    key.rotation = Some(every(due.period_days, now));
    db.save_kms_key(&key).await?;
    db.commit().await?;
    tracing::info!(key.id = address.key_id, "a KMS key has new material");
    Ok(())
}
