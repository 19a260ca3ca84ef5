//! Another root key in the place of the one in use, while everybody goes on reading and writing.
//!
//! The steps, each of which is on the disk before the next begins:
//!
//! 1. [`begin`]: the database remembers the [handover](Handover): each of the two keys sealed under the other. From here
//!    on either one is enough to start on this database, and the new one seals.
//! 2. [`reseal()`]: whatever the old key sealed is sealed under the new one, in small writes between those of others.
//! 3. [`settle`]: the database is the new key's. The old one is kept, under the new one, for as long as sessions live that
//!    were made under it.
//! 4. The server puts the new key where the old one came from, and [`forget`]s the handover. From here on the old key
//!    opens nothing.
//!
//! A process that dies between two steps leaves the handover, and the next start goes on from there.

mod handover;
mod reseal;

pub use handover::{Former, Given, Handover};
pub use reseal::{Resealed, reseal};

use crypto::{RootKey, RootKeys};
use store::Session;
use types::{Fault, Timestamp};

use crate::World;

const HANDOVER: &str = "root-key-handover";
const FORMER: &str = "root-key-former";

/// The longest life of a session, after which nothing that was made under an old root key is left.
pub const LONGEST_SESSION_SECS: i64 = 36 * 60 * 60;

/// Why a rotation does not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error(
        "another server is connected to this database and would not know the new root key; stop it, rotate, \
         give it the new root key, and start it again"
    )]
    OtherServers,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Step 1. Sessions that were made before are accepted until the moment given.
pub async fn begin(
    world: &World,
    new: RootKey,
    sessions_until: Timestamp,
) -> Result<Handover, BeginError> {
    let mut db = world.store.write().await?;
    // Whoever starts now waits here, and then finds the handover.
    db.lock_root_key_fingerprint().await?;
    if db.other_servers().await? > 0 {
        return Err(BeginError::OtherServers);
    }
    let old = world.root_key.current();
    let handover = Handover::between(&old, &new, sessions_until, world.entropy.as_ref());
    db.set_meta(HANDOVER, &handover.to_text()?).await?;
    db.commit().await?;
    world.root_key.replace(new, sessions_until);
    Ok(handover)
}

/// The handover that a rotation left which did not come to its end.
pub async fn handover(db: &mut Session) -> Result<Option<Handover>, Fault> {
    let text = db.meta(HANDOVER).await?;
    text.map(|text| Handover::from_text(&text)).transpose()
}

/// Step 3.
pub async fn settle(world: &World, handover: &Handover) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.set_root_key_fingerprint(&handover.new).await?;
    db.set_meta(FORMER, &handover.former().to_text()?).await?;
    db.commit().await
}

/// The end of step 4.
pub async fn forget(world: &World) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.delete_meta(HANDOVER).await?;
    db.commit().await
}

/// Lets sessions in that were made under the root key before this one, for as long as they are accepted.
pub async fn admit_former(db: &mut Session, keys: &RootKeys, now: Timestamp) -> Result<(), Fault> {
    let Some(text) = db.meta(FORMER).await? else {
        return Ok(());
    };
    let former = Former::from_text(&text)?;
    if now < former.sessions_until
        && let Some(key) = former.open(&keys.current())
    {
        keys.admit(key, former.sessions_until);
    }
    Ok(())
}

/// Removes the last trace of an earlier root key once no session is left that was made under it.
pub async fn forget_former(world: &World) -> Result<(), Fault> {
    let Some(text) = world.store.read().await?.meta(FORMER).await? else {
        return Ok(());
    };
    if world.clock.now() < Former::from_text(&text)?.sessions_until {
        return Ok(());
    }
    let mut db = world.store.write().await?;
    db.delete_meta(FORMER).await?;
    db.commit().await
}
