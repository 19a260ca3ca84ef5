//! `RotateRootKey`.

use std::path::PathBuf;

use crypto::RootKey;
use domain::{
    World,
    root_key::{self, BeginError, LONGEST_SESSION_SECS},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use types::{Fault, Timestamp};

use super::{Command, Operator, Refusal};
use crate::root_key::{RootKeyError, RootKeySource, reseal_and_settle, write_new};

/// Has a new root key made, and everything sealed under it.
#[derive(Debug, Serialize, Deserialize)]
pub struct RotateRootKey {
    /// Ends sessions that were made before, rather than letting them live until they expire.
    pub end_sessions: bool,
    /// Where to write the new root key, where the old one came from the environment.
    pub new_key_file: Option<PathBuf>,
}

/// What a rotation did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RootKeyRotated {
    /// Tells the new root key from others without telling anything of it.
    pub fingerprint: String,
    /// How many things were sealed anew.
    pub resealed: u64,
    /// How many could not be opened, before as little as now.
    pub unreadable: u64,
    /// Where the new root key is.
    pub root_key_file: PathBuf,
    /// Where the old one is, for backups that are under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_root_key_file: Option<PathBuf>,
    /// Whether the server must be started anew with the new root key before the old one opens nothing any more.
    pub restart_needed: bool,
}

/// One at a time.
static ROTATING: Mutex<()> = Mutex::const_new(());

impl Command for RotateRootKey {
    const NAME: &'static str = "RotateRootKey";
    type Answer = RootKeyRotated;

    fn subject(&self) -> String {
        "root key".to_owned()
    }

    async fn run(self, operator: &Operator) -> Result<RootKeyRotated, Refusal> {
        let world = &operator.world;
        let source = &operator.places.root_key;
        let Ok(_one) = ROTATING.try_lock() else {
            return Err(Refusal::told("the root key is being rotated already"));
        };
        // Whatever can be refused is tried before anything changes.
        self.can_begin(world, source).await?;
        let new = RootKey::generate(world.entropy.as_ref());
        let line = source.to_line(&new).await.map_err(told)?;
        if let Some(file) = &self.new_key_file {
            write_new(file, &line).map_err(told)?;
        }

        let former = world.root_key.current().fingerprint().to_owned();
        let fingerprint = new.fingerprint().to_owned();
        let begun = root_key::begin(world, new, self.sessions_until(world)).await;
        let handover = begun.map_err(|error| match error {
            BeginError::OtherServers => Refusal::told(error.to_string()),
            BeginError::Fault(fault) => Refusal::Fault(fault),
        })?;
        let resealed = reseal_and_settle(world, &handover).await?;
        let mut done = RootKeyRotated {
            fingerprint,
            resealed: resealed.changed,
            unreadable: resealed.unreadable,
            root_key_file: operator.places.root_key_file.clone(),
            former_root_key_file: None,
            restart_needed: false,
        };
        if let Some(file) = self.new_key_file {
            // The database keeps the handover until the server was started with the new root key.
            done.root_key_file = file;
            done.restart_needed = true;
        } else {
            let kept = source.replace(&line, &former).map_err(told)?;
            root_key::forget(world).await?;
            done.former_root_key_file = Some(kept);
        }
        Ok(done)
    }
}

impl RotateRootKey {
    async fn can_begin(&self, world: &World, source: &RootKeySource) -> Result<(), Refusal> {
        let unfinished = root_key::handover(&mut world.store.read().await?).await?;
        if unfinished.is_some() {
            return Err(Refusal::told(
                "an earlier rotation of the root key has not come to its end; start the server anew, with the new root \
                 key where it comes from the environment, and try again",
            ));
        }
        match (source, &self.new_key_file) {
            (RootKeySource::Environment, None) => Err(Refusal::told(
                "the root key comes from the environment, which only you can change; say with --new-key-file where the \
                 new one shall be written, and start the server with it",
            )),
            (RootKeySource::File(_) | RootKeySource::Kms { .. }, Some(_)) => Err(Refusal::told(
                "the new root key is put in the place of the old one; --new-key-file is for root keys that come from \
                 the environment",
            )),
            _ => Ok(()),
        }
    }

    /// Until when sessions are accepted that were made before.
    fn sessions_until(&self, world: &World) -> Timestamp {
        let now = world.clock.now();
        if self.end_sessions {
            now
        } else {
            now.plus_secs(LONGEST_SESSION_SECS)
        }
    }
}

fn told(error: RootKeyError) -> Refusal {
    match error {
        RootKeyError::Write { .. } | RootKeyError::Kms(_) => Refusal::told(error.to_string()),
        other => Refusal::Fault(Fault::new(other)),
    }
}
