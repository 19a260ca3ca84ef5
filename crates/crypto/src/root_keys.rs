//! The root key in use, and those it took the place of.

use std::sync::{Arc, PoisonError, RwLock};

use types::{Entropy, SecretValue, Timestamp};

use crate::{CryptoError, RootKey};

/// The root key that seals, and earlier ones that still open what they sealed. It can be replaced while others read.
pub struct RootKeys(RwLock<Arc<Ring>>);

#[derive(Clone)]
struct Ring {
    current: Arc<RootKey>,
    former: Vec<Former>,
}

#[derive(Clone)]
struct Former {
    key: Arc<RootKey>,
    /// Until when sessions that were made under it are accepted.
    sessions_until: Timestamp,
}

impl RootKeys {
    pub fn new(current: RootKey) -> Self {
        Self(RwLock::new(Arc::new(Ring {
            current: Arc::new(current),
            former: Vec::new(),
        })))
    }

    /// The one that seals.
    pub fn current(&self) -> Arc<RootKey> {
        Arc::clone(&self.ring().current)
    }

    /// As [`RootKey::seal`], under the current one.
    pub fn seal(&self, purpose: &str, plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.ring().current.seal(purpose, plaintext, entropy)
    }

    /// As [`RootKey::open`], under whichever opens it.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<SecretValue, CryptoError> {
        let ring = self.ring();
        ring.current.open(purpose, sealed).or_else(|error| {
            let mut former = ring.former.iter();
            former
                .find_map(|former| former.key.open(purpose, sealed).ok())
                .ok_or(error)
        })
    }

    /// What is sealed under the current root key instead of an earlier one; `None` where it is already.
    pub fn reseal(
        &self,
        purpose: &str,
        sealed: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Option<Vec<u8>>, CryptoError> {
        let current = self.current();
        if current.open(purpose, sealed).is_ok() {
            return Ok(None);
        }
        let plaintext = self.open(purpose, sealed)?;
        Ok(Some(current.seal(
            purpose,
            plaintext.expose_secret(),
            entropy,
        )))
    }

    /// Those under which a session may have been made that is accepted now, the current one first.
    pub fn of_sessions(&self, now: Timestamp) -> Vec<Arc<RootKey>> {
        let ring = self.ring();
        let former = ring.former.iter().filter(|one| now < one.sessions_until);
        let former = former.map(|one| Arc::clone(&one.key));
        std::iter::once(Arc::clone(&ring.current))
            .chain(former)
            .collect()
    }

    /// Has another key seal from now on. The one before still opens what it sealed.
    pub fn replace(&self, new: RootKey, sessions_until: Timestamp) {
        self.change(|ring| {
            let former = std::mem::replace(&mut ring.current, Arc::new(new));
            ring.former.push(Former {
                key: former,
                sessions_until,
            });
        });
    }

    /// Lets an earlier key open what it sealed.
    pub fn admit(&self, earlier: RootKey, sessions_until: Timestamp) {
        self.change(|ring| {
            ring.former.push(Former {
                key: Arc::new(earlier),
                sessions_until,
            });
        });
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, how: impl FnOnce(&mut Ring)) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut ring = Ring::clone(&place);
        how(&mut ring);
        *place = Arc::new(ring);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::SeededEntropy;

    use super::*;

    fn key(seed: u64) -> RootKey {
        RootKey::generate(&SeededEntropy::new(seed))
    }

    const NEVER: Timestamp = Timestamp::from_secs(0);

    proptest! {
        #[test]
        fn whatever_was_sealed_before_a_replacement_opens_after_it_and_after_resealing(
            purpose in "\\PC{0,9}", text: Vec<u8>, replacements in 0..4u64,
        ) {
            let entropy = SeededEntropy::new(1);
            let keys = RootKeys::new(key(10));
            let sealed = keys.seal(&purpose, &text, &entropy);
            for seed in 0..replacements {
                keys.replace(key(seed), NEVER);
            }
            let opened = keys.open(&purpose, &sealed).unwrap();
            prop_assert_eq!(opened.expose_secret(), &text[..]);

            let resealed = keys.reseal(&purpose, &sealed, &entropy).unwrap();
            prop_assert_eq!(resealed.is_some(), replacements > 0);
            let resealed = resealed.unwrap_or(sealed);
            let opened = keys.current().open(&purpose, &resealed).unwrap();
            prop_assert_eq!(opened.expose_secret(), &text[..]);
            prop_assert_eq!(keys.reseal(&purpose, &resealed, &entropy), Ok(None));
        }
    }

    #[test]
    fn the_new_key_seals_and_the_old_one_cannot_open_that() {
        let keys = RootKeys::new(key(1));
        keys.replace(key(2), NEVER);
        let sealed = keys.seal("row", b"value", &SeededEntropy::new(3));
        assert_eq!(key(1).open("row", &sealed), Err(CryptoError));
        assert!(key(2).open("row", &sealed).is_ok());
        assert_eq!(keys.open("another row", &sealed), Err(CryptoError));
        assert!(
            keys.reseal("another row", &sealed, &SeededEntropy::new(3))
                .is_err()
        );
    }

    #[test]
    fn sessions_of_an_earlier_key_are_accepted_for_a_while() {
        let keys = RootKeys::new(key(1));
        keys.replace(key(2), Timestamp::from_secs(100));
        let of = |secs| {
            let keys = keys.of_sessions(Timestamp::from_secs(secs));
            keys.iter()
                .map(|key| key.fingerprint().to_owned())
                .collect::<Vec<_>>()
        };
        let (one, two) = (
            key(1).fingerprint().to_owned(),
            key(2).fingerprint().to_owned(),
        );
        assert_eq!(of(99), [two.clone(), one]);
        assert_eq!(of(100), [two]);
    }
}
