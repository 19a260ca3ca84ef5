//! Signing keys, derived from a secret access key for one scope.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crypto::hmac_sha256;
use types::SecretValue;
use zeroize::Zeroizing;

use super::Scope;

/// A key that signs for one day, region and service.
#[derive(Clone)]
pub(super) struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    fn derive(secret: &SecretValue, scope: &Scope) -> Self {
        let first = Zeroizing::new([b"AWS4".as_slice(), secret.expose_secret()].concat());
        let day = Zeroizing::new(hmac_sha256(&first, scope.date.as_bytes()));
        let region = Zeroizing::new(hmac_sha256(&*day, scope.region.as_bytes()));
        let service = Zeroizing::new(hmac_sha256(&*region, scope.service.as_bytes()));
        Self(Zeroizing::new(hmac_sha256(
            &*service,
            scope.terminator.as_bytes(),
        )))
    }

    /// The signature of a text, in lower-case hexadecimal.
    pub(super) fn sign(&self, text: &[u8]) -> String {
        hex::encode(hmac_sha256(&*self.0, text))
    }
}

/// Derived keys, remembered: a caller signs with the same one all day.
#[derive(Default)]
pub struct SigningKeys(Mutex<HashMap<(String, Scope), (SecretValue, SigningKey)>>);

impl SigningKeys {
    /// As many as are remembered. Beyond it everything is forgotten and derived again.
    const CAPACITY: usize = 4096;

    /// The key of an access key for a scope. A remembered one counts only for the same secret.
    pub(super) fn key(
        &self,
        access_key_id: &str,
        secret: &SecretValue,
        scope: &Scope,
    ) -> SigningKey {
        let id = (access_key_id.to_owned(), scope.clone());
        match self.lock().get(&id) {
            Some((known, key)) if known == secret => key.clone(),
            _ => SigningKey::derive(secret, scope),
        }
    }

    /// Remembers a key with which a signature was right, so that nobody else's requests take up room.
    pub(super) fn remember(
        &self,
        access_key_id: &str,
        secret: &SecretValue,
        scope: &Scope,
        key: SigningKey,
    ) {
        let id = (access_key_id.to_owned(), scope.clone());
        let mut keys = self.lock();
        if keys.len() >= Self::CAPACITY && !keys.contains_key(&id) {
            keys.clear();
        }
        keys.entry(id).insert_entry((secret.clone(), key));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, Scope), (SecretValue, SigningKey)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str) -> Scope {
        Scope {
            date: "20150830".to_owned(),
            region: region.to_owned(),
            service: "iam".to_owned(),
            terminator: "aws4_request".to_owned(),
        }
    }

    #[test]
    fn keys_are_derived_as_aws_documents() {
        let secret = SecretValue::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let key = SigningKey::derive(&secret, &scope("us-east-1"));
        assert_eq!(
            hex::encode(*key.0),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    #[test]
    fn a_remembered_key_is_not_used_for_another_secret() {
        let keys = SigningKeys::default();
        let (old, new) = (SecretValue::from("old"), SecretValue::from("new"));
        let derived = keys.key("AKIA", &old, &scope("us-east-1"));
        keys.remember("AKIA", &old, &scope("us-east-1"), derived.clone());
        assert_eq!(
            keys.key("AKIA", &old, &scope("us-east-1")).sign(b"x"),
            derived.sign(b"x")
        );
        assert_ne!(
            keys.key("AKIA", &new, &scope("us-east-1")).sign(b"x"),
            derived.sign(b"x")
        );
    }

    #[test]
    fn the_memory_is_bounded() {
        let keys = SigningKeys::default();
        let secret = SecretValue::from("s");
        let key = SigningKey::derive(&secret, &scope("us-east-1"));
        for n in 0..=SigningKeys::CAPACITY {
            keys.remember(
                &format!("AKIA{n}"),
                &secret,
                &scope("us-east-1"),
                key.clone(),
            );
        }
        assert_eq!(keys.lock().len(), 1);
    }
}
