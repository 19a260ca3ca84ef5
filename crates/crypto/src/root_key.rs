//! The key above all keys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::{Entropy, SecretValue};
use zeroize::Zeroizing;

use crate::{CryptoError, Key};

/// What a root key's line begins with: it says what the file is, and lets the form change one day.
const PREFIX: &str = "sealift-root-key-1:";

/// The root key: seals the material of every KMS key and everything else that the database must not hold in clear.
///
/// It is kept outside the database as one line of text, `sealift-root-key-1:` and base64 of 32 bytes. Reading and
/// writing that line is the caller's business; nothing here does I/O.
pub struct RootKey {
    key: Key,
    /// What is sealed is sealed under a key of its own, so that derivation and encryption never share one.
    sealing: Key,
    fingerprint: String,
}

/// Why a text is no root key. None of these messages repeats any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseRootKeyError {
    #[error("the root key is empty")]
    Empty,
    #[error("the root key must be one line")]
    Lines,
    #[error("the root key must begin with `sealift-root-key-1:`")]
    Prefix,
    #[error("after `sealift-root-key-1:` the root key must be standard base64 with padding")]
    Base64,
    #[error("the root key must be 32 bytes long, but it has {0}")]
    Length(usize),
}

impl RootKey {
    /// A new random root key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::new(Key::generate(entropy))
    }

    /// Reads the line that [`to_text`](Self::to_text) writes; a newline at its end is fine.
    pub fn parse(text: &SecretValue) -> Result<Self, ParseRootKeyError> {
        let line = text.expose_secret().trim_ascii();
        if line.is_empty() {
            return Err(ParseRootKeyError::Empty);
        }
        if line.contains(&b'\n') || line.contains(&b'\r') {
            return Err(ParseRootKeyError::Lines);
        }
        let encoded = line
            .strip_prefix(PREFIX.as_bytes())
            .ok_or(ParseRootKeyError::Prefix)?;
        let bytes = STANDARD
            .decode(encoded)
            .map(SecretValue::from)
            .map_err(|_| ParseRootKeyError::Base64)?;
        Key::from_secret(&bytes)
            .map(Self::new)
            .map_err(|_| ParseRootKeyError::Length(bytes.len()))
    }

    /// The line to keep, without a newline.
    pub fn to_text(&self) -> SecretValue {
        let bytes = self.key.to_secret();
        let encoded = Zeroizing::new(STANDARD.encode(bytes.expose_secret()));
        SecretValue::from([PREFIX, encoded.as_str()].concat())
    }

    /// Tells root keys apart without telling anything of them: the database remembers it, so that a wrong key is
    /// refused at start rather than at the first decryption.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A key for one other use, such as session tokens.
    pub fn derive(&self, label: &str) -> Key {
        self.key.derive(label)
    }

    /// Seals `plaintext` for one purpose. Put into the purpose what the row is and which one it is, so that no row's
    /// ciphertext can stand in for another's.
    pub fn seal(&self, purpose: &str, plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.sealing.seal(purpose.as_bytes(), plaintext, entropy)
    }

    /// Opens what was sealed for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<SecretValue, CryptoError> {
        self.sealing.open(purpose.as_bytes(), sealed)
    }

    fn new(key: Key) -> Self {
        let identity = key.derive("fingerprint").to_secret();
        let fingerprint = crate::sha256_hex(identity.expose_secret());
        Self {
            sealing: key.derive("seal"),
            fingerprint: fingerprint.chars().take(32).collect(),
            key,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::SeededEntropy;

    use super::*;

    fn root_key(seed: u64) -> RootKey {
        RootKey::generate(&SeededEntropy::new(seed))
    }

    fn parse(text: &str) -> Result<RootKey, ParseRootKeyError> {
        RootKey::parse(&SecretValue::from(text))
    }

    #[test]
    fn a_written_root_key_reads_back_as_the_same_key() {
        let key = root_key(1);
        let text = key.to_text().expose_secret_str().unwrap().to_owned();
        let read = parse(&format!("{text}\n")).ok().unwrap();
        assert_eq!(read.fingerprint(), key.fingerprint());
        let sealed = key.seal("row 1", b"value", &SeededEntropy::new(2));
        assert_eq!(read.open("row 1", &sealed), Ok(SecretValue::from("value")));
    }

    #[test]
    fn a_text_that_is_no_root_key_is_refused_with_its_reason() {
        let reason = |text: &str| parse(text).err();
        let bytes = |n: usize| format!("{PREFIX}{}", STANDARD.encode(vec![1; n]));
        assert_eq!(reason(" \n"), Some(ParseRootKeyError::Empty));
        assert_eq!(reason("a\nb"), Some(ParseRootKeyError::Lines));
        assert_eq!(reason("hunter2"), Some(ParseRootKeyError::Prefix));
        assert_eq!(
            reason("sealift-root-key-1:$$$"),
            Some(ParseRootKeyError::Base64)
        );
        assert_eq!(reason(&bytes(31)), Some(ParseRootKeyError::Length(31)));
        assert_eq!(reason(&bytes(33)), Some(ParseRootKeyError::Length(33)));
        assert_eq!(reason(&bytes(32)), None);
    }

    #[test]
    fn another_purpose_or_another_root_key_does_not_open() {
        let sealed = root_key(1).seal("row 1", b"value", &SeededEntropy::new(2));
        assert_eq!(root_key(1).open("row 2", &sealed), Err(CryptoError));
        assert_eq!(root_key(3).open("row 1", &sealed), Err(CryptoError));
    }

    #[test]
    fn root_keys_have_different_fingerprints() {
        assert_ne!(root_key(1).fingerprint(), root_key(2).fingerprint());
        assert_eq!(root_key(1).fingerprint().len(), 32);
    }

    proptest! {
        #[test]
        fn parsing_anything_never_panics(bytes: Vec<u8>) {
            let _ = RootKey::parse(&SecretValue::from(bytes));
        }
    }
}
