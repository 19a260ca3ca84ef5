//! Symmetric keys.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf,
};
use types::{Entropy, SecretValue};
use zeroize::Zeroizing;

use crate::CryptoError;

const TAG_LEN: usize = 16;

/// A key for AES-256-GCM. It has no `Debug`, and its memory is zeroed when it is dropped.
///
/// A sealed value is `nonce ‖ ciphertext ‖ tag`, with a random nonce of 96 bits: one key is good for some four billion
/// values, which no data key and no KMS key of ours comes near.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; Key::LEN]>);

impl Key {
    /// The length of a key in bytes.
    pub const LEN: usize = 32;

    /// A new random key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// The key with exactly these bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key that a decryption gave back, where it is one.
    pub fn from_secret(secret: &SecretValue) -> Result<Self, CryptoError> {
        let bytes = secret.expose_secret().try_into().map_err(|_| CryptoError)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The bytes of the key, to be sealed under another one.
    pub fn to_secret(&self) -> SecretValue {
        SecretValue::from(self.0.to_vec())
    }

    /// Another key that only the holder of this one can make. Labels are fixed words, one for each use.
    #[must_use]
    pub fn derive(&self, label: &str) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"sealift")
            .extract(self.0.as_ref())
            .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(bytes.as_mut()))
            .expect("HKDF gives 32 bytes for any label");
        Self(bytes)
    }

    /// Encrypts `plaintext` so that it opens only under this key and with the same `aad`.
    pub fn seal(&self, aad: &[u8], plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce = entropy.bytes::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let (_, text) = sealed.split_at_mut(NONCE_LEN);
        let tag = self
            .cipher()
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), text)
            .expect("values are far shorter than AES-GCM's limit");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Decrypts what [`seal`](Self::seal) made.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<SecretValue, CryptoError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError)?;
        let (text, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(CryptoError)?;
        // Written where it stays: no second copy of the plaintext is left behind, also when the tag does not fit.
        let mut plaintext = Zeroizing::new(vec![0; text.len()]);
        self.cipher()
            .open_separate_gather(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                text,
                tag,
                &mut plaintext,
            )
            .map_err(|_| CryptoError)?;
        Ok(SecretValue::from(std::mem::take(&mut *plaintext)))
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_ref()).expect("the key has 32 bytes");
        LessSafeKey::new(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::SeededEntropy;

    use super::*;

    fn key() -> Key {
        Key::from_bytes([7; 32])
    }

    #[test]
    fn sealing_twice_gives_different_ciphertexts() {
        let entropy = SeededEntropy::new(1);
        assert_ne!(
            key().seal(b"", b"same", &entropy),
            key().seal(b"", b"same", &entropy)
        );
    }

    #[test]
    fn a_key_survives_being_sealed_under_another() {
        let entropy = SeededEntropy::new(1);
        let inner = Key::generate(&entropy);
        let sealed = key().seal(b"", inner.to_secret().expose_secret(), &entropy);
        let opened = Key::from_secret(&key().open(b"", &sealed).unwrap()).unwrap();
        assert!(opened.to_secret() == inner.to_secret());
    }

    #[test]
    fn what_is_no_key_does_not_become_one() {
        assert!(Key::from_secret(&SecretValue::from("short")).is_err());
    }

    #[test]
    fn derived_keys_differ_by_label_and_from_their_parent() {
        let (a, b) = (key().derive("a").to_secret(), key().derive("b").to_secret());
        assert!(a != b && a != key().to_secret());
        assert!(a == key().derive("a").to_secret());
    }

    proptest! {
        #[test]
        fn open_gives_back_what_was_sealed(aad: Vec<u8>, text: Vec<u8>, seed: u64) {
            let sealed = key().seal(&aad, &text, &SeededEntropy::new(seed));
            let opened = key().open(&aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose_secret(), &text[..]);
        }

        #[test]
        fn any_flipped_bit_is_noticed(text: Vec<u8>, at: prop::sample::Index, bit in 0..8u8) {
            let mut sealed = key().seal(b"aad", &text, &SeededEntropy::new(1));
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(key().open(b"aad", &sealed), Err(CryptoError));
        }

        #[test]
        fn other_additional_data_does_not_open(aad: Vec<u8>, other: Vec<u8>) {
            prop_assume!(aad != other);
            let sealed = key().seal(&aad, b"text", &SeededEntropy::new(1));
            prop_assert_eq!(key().open(&other, &sealed), Err(CryptoError));
        }

        #[test]
        fn opening_anything_never_panics(bytes: Vec<u8>) {
            prop_assert_eq!(key().open(b"", &bytes), Err(CryptoError));
        }
    }
}
