//! From the root key that was given and what the database remembers to the keys to start with; and the end of a rotation,
//! wherever it stood still.

use crypto::RootKeys;
use domain::{
    World,
    root_key::{self, Given, Handover, Resealed},
};
use store::{Store, StoreError};
use types::{Clock, Entropy, Fault};

use super::RootKeySource;
use crate::StartError;

/// A rotation that did not come to its end, and whether the new key is in its place already.
pub(crate) struct Unfinished {
    handover: Handover,
    is_in_place: bool,
}

/// Loads the root key and holds it against the database. During a rotation either of the two keys is the right one.
pub(crate) async fn open(
    source: &RootKeySource,
    store: &Store,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(RootKeys, Option<Unfinished>), StartError> {
    let claimed = store.root_key_fingerprint().await?.is_some();
    let given = source.load(claimed, entropy).await?;
    let mut handover = root_key::handover(&mut store.read().await?).await?;
    if handover.is_none() {
        store.claim_root_key(given.fingerprint()).await?;
        // The claim waits for a rotation that another server just begins, which it then has to know of.
        handover = root_key::handover(&mut store.read().await?).await?;
    }
    let (keys, unfinished) = match handover {
        None => (RootKeys::new(given), None),
        Some(handover) => {
            let other = handover.other(&given).ok_or(StoreError::WrongRootKey)?;
            let is_in_place = matches!(other, Given::New { .. });
            let keys = RootKeys::new(given);
            match other {
                Given::Old { new } => keys.replace(new, handover.sessions_until),
                Given::New { old } => keys.admit(old, handover.sessions_until),
            }
            let unfinished = Unfinished {
                handover,
                is_in_place,
            };
            (keys, Some(unfinished))
        }
    };
    root_key::admit_former(&mut store.read().await?, &keys, clock.now()).await?;
    Ok((keys, unfinished))
}

/// Goes on with a rotation from where it stood still.
pub(crate) async fn finish(
    world: &World,
    source: &RootKeySource,
    unfinished: Unfinished,
) -> Result<(), StartError> {
    let Unfinished {
        handover,
        is_in_place,
    } = unfinished;
    let Resealed { changed, .. } = reseal_and_settle(world, &handover).await?;
    tracing::info!(changed, "the rotation of the root key goes on");
    if !is_in_place {
        if matches!(source, RootKeySource::Environment) {
            tracing::warn!(
                "this server was given a root key that was replaced; give it the new one, which \
                 `sealift operator rotate-root-key` wrote into a file, at its next start"
            );
            return Ok(());
        }
        let line = source.to_line(&world.root_key.current()).await?;
        source.replace(&line, &handover.old)?;
    }
    root_key::forget(world).await?;
    Ok(())
}

/// Steps 2 and 3 of a rotation.
pub(crate) async fn reseal_and_settle(
    world: &World,
    handover: &Handover,
) -> Result<Resealed, Fault> {
    let resealed = root_key::reseal(world).await?;
    root_key::settle(world, handover).await?;
    Ok(resealed)
}
