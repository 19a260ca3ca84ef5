//! What the database remembers of two root keys while one takes the place of the other.

use crypto::RootKey;
use serde::{Deserialize, Serialize};
use types::{Entropy, Fault, SecretValue, Timestamp};

/// Two root keys, each sealed under the other, by their fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub old: String,
    pub new: String,
    new_under_old: String,
    old_under_new: String,
    pub sessions_until: Timestamp,
}

/// A root key that is replaced, sealed under the one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    sealed: String,
    fingerprint: String,
    pub sessions_until: Timestamp,
}

/// Which key of a handover was given, and the other one.
pub enum Given {
    Old { new: RootKey },
    New { old: RootKey },
}

impl Handover {
    pub(super) fn between(
        old: &RootKey,
        new: &RootKey,
        sessions_until: Timestamp,
        entropy: &dyn Entropy,
    ) -> Self {
        Self {
            old: old.fingerprint().to_owned(),
            new: new.fingerprint().to_owned(),
            new_under_old: seal(old, new, entropy),
            old_under_new: seal(new, old, entropy),
            sessions_until,
        }
    }

    /// The other key, for whoever has one of the two; `None` for anyone else.
    pub fn other(&self, given: &RootKey) -> Option<Given> {
        if given.fingerprint() == self.old {
            let new = open(given, &self.new, &self.new_under_old)?;
            return Some(Given::Old { new });
        }
        if given.fingerprint() == self.new {
            let old = open(given, &self.old, &self.old_under_new)?;
            return Some(Given::New { old });
        }
        None
    }

    pub(super) fn former(&self) -> Former {
        Former {
            sealed: self.old_under_new.clone(),
            fingerprint: self.old.clone(),
            sessions_until: self.sessions_until,
        }
    }

    pub(super) fn to_text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(Fault::new)
    }

    pub(super) fn from_text(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(Fault::new)
    }
}

impl Former {
    pub(super) fn open(&self, current: &RootKey) -> Option<RootKey> {
        open(current, &self.fingerprint, &self.sealed)
    }

    pub(super) fn to_text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(Fault::new)
    }

    pub(super) fn from_text(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(Fault::new)
    }
}

fn purpose(fingerprint: &str) -> String {
    format!("root key {fingerprint}")
}

fn seal(under: &RootKey, key: &RootKey, entropy: &dyn Entropy) -> String {
    let text = key.to_text();
    hex::encode(under.seal(&purpose(key.fingerprint()), text.expose_secret(), entropy))
}

fn open(under: &RootKey, fingerprint: &str, sealed: &str) -> Option<RootKey> {
    let text: SecretValue = under
        .open(&purpose(fingerprint), &hex::decode(sealed).ok()?)
        .ok()?;
    RootKey::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    fn key(seed: u64) -> RootKey {
        RootKey::generate(&SeededEntropy::new(seed))
    }

    fn handover() -> Handover {
        let until = Timestamp::from_secs(9);
        Handover::between(&key(1), &key(2), until, &SeededEntropy::new(3))
    }

    #[test]
    fn either_key_gives_the_other_and_no_third_one_does() {
        let read = Handover::from_text(&handover().to_text().unwrap()).unwrap();
        assert_eq!(read, handover());
        match read.other(&key(1)) {
            Some(Given::Old { new }) => assert_eq!(new.fingerprint(), key(2).fingerprint()),
            _ => panic!("the old key gives the new one"),
        }
        match read.other(&key(2)) {
            Some(Given::New { old }) => assert_eq!(old.fingerprint(), key(1).fingerprint()),
            _ => panic!("the new key gives the old one"),
        }
        assert!(read.other(&key(4)).is_none());
    }

    #[test]
    fn after_the_rotation_the_new_key_alone_gives_the_old_one() {
        let former = Former::from_text(&handover().former().to_text().unwrap()).unwrap();
        let opened = former.open(&key(2)).unwrap();
        assert_eq!(opened.fingerprint(), key(1).fingerprint());
        assert!(former.open(&key(1)).is_none());
    }

    #[test]
    fn what_the_database_remembers_shows_neither_key() {
        let text = handover().to_text().unwrap();
        for one in [key(1), key(2)] {
            let line = one.to_text();
            let secret = line.expose_secret_str().unwrap();
            let encoded = secret.split(':').nth(1).unwrap();
            assert!(!text.contains(encoded));
        }
    }
}
