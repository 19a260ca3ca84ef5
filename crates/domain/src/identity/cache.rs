//! Compiled policies, kept for as long as they are current, derived signing keys, and dates of last use.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use api::sigv4::SigningKeys;
use policy::Attached;

use super::{Permissions, Uses};

/// More principals than this are not remembered at once.
const CAPACITY: usize = 10_000;

/// The compiled policies of users, roles and sessions, and the signing keys and last uses of access keys.
///
/// Each entry remembers the generation of its account. Whoever asks has just read the present one beside the access
/// key, so what another server has already replaced is never used.
#[derive(Default)]
pub struct Cache {
    permissions: Compiled<Arc<Permissions>>,
    sessions: Compiled<Arc<[Attached]>>,
    signing_keys: SigningKeys,
    uses: Uses,
}

impl Cache {
    /// The permissions of users and roles, by unique id.
    pub(super) fn permissions(&self) -> &Compiled<Arc<Permissions>> {
        &self.permissions
    }

    /// The session policies of sessions, by access key id and moment.
    pub(super) fn sessions(&self) -> &Compiled<Arc<[Attached]>> {
        &self.sessions
    }

    /// When access keys and roles were last used.
    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Derived signing keys.
    pub(super) fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }
}

/// Values that are good for one generation.
pub(super) struct Compiled<T>(RwLock<HashMap<String, (i64, T)>>);

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Clone> Compiled<T> {
    pub(super) fn get(&self, id: &str, generation: i64) -> Option<T> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (compiled_at, value) = entries.get(id)?;
        (*compiled_at == generation).then(|| value.clone())
    }

    pub(super) fn put(&self, id: &str, generation: i64, value: T) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Sessions come and go, and none says goodbye.
        if entries.len() >= CAPACITY && !entries.contains_key(id) {
            entries.clear();
        }
        entries.insert(id.to_owned(), (generation, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_good_for_its_generation_only() {
        let compiled = Compiled::default();
        compiled.put("AROA1", 1, "old");
        assert_eq!(compiled.get("AROA1", 1), Some("old"));
        assert_eq!(compiled.get("AROA1", 2), None);
        compiled.put("AROA1", 2, "new");
        assert_eq!(compiled.get("AROA1", 1), None);
        assert_eq!(compiled.get("AROA1", 2), Some("new"));
    }
}
