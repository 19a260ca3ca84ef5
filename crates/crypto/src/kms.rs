//! What a symmetric KMS key does with its material, and the ciphertext it makes.
//!
//! A ciphertext says by itself which key and which material decrypt it, as AWS's do: `Decrypt` needs no key id, and old
//! ciphertexts stay readable when a key gets new material. Its form, all of it authenticated:
//!
//! ```text
//! version 1 │ length of ARN (u16, big endian) │ key ARN │ material id (32 bytes) │ nonce ‖ ciphertext ‖ tag
//! ```

use types::{Entropy, SecretValue};

use crate::{CryptoError, EncryptionContext, Key};

const VERSION: u8 = 1;
const MATERIAL_ID_LEN: usize = 32;

/// The secret half of a KMS key, or of one rotation of it.
#[derive(Clone)]
pub struct KeyMaterial {
    id: MaterialId,
    key: Key,
}

/// Names key material: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaterialId([u8; MATERIAL_ID_LEN]);

/// A ciphertext taken apart, not decrypted yet. Nothing it says is to be trusted before it opens.
#[derive(Debug, PartialEq, Eq)]
pub struct Ciphertext<'a> {
    /// The ARN of the key that is said to decrypt it.
    pub key_arn: &'a str,
    /// The material of that key.
    pub material_id: MaterialId,
    header: &'a [u8],
    sealed: &'a [u8],
}

impl KeyMaterial {
    /// New random material.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::new(MaterialId(entropy.bytes()), Key::generate(entropy))
    }

    /// Material that was stored before.
    pub fn new(id: MaterialId, key: Key) -> Self {
        Self { id, key }
    }

    pub fn id(&self) -> MaterialId {
        self.id
    }

    /// The key itself, to be sealed under the root key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Encrypts under this material, in the name of the key with that ARN.
    pub fn encrypt(
        &self,
        key_arn: &str,
        context: &EncryptionContext,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Vec<u8> {
        let arn_len = u16::try_from(key_arn.len()).expect("a key ARN is shorter than 64 KiB");
        let mut blob = vec![VERSION];
        blob.extend_from_slice(&arn_len.to_be_bytes());
        blob.extend_from_slice(key_arn.as_bytes());
        blob.extend_from_slice(&self.id.0);
        let aad = additional_data(&blob, context);
        blob.extend_from_slice(&self.key.seal(&aad, plaintext, entropy));
        blob
    }

    /// Decrypts a ciphertext that this material made under an equal context.
    pub fn decrypt(
        &self,
        ciphertext: &Ciphertext<'_>,
        context: &EncryptionContext,
    ) -> Result<SecretValue, CryptoError> {
        let aad = additional_data(ciphertext.header, context);
        self.key.open(&aad, ciphertext.sealed)
    }
}

impl<'a> Ciphertext<'a> {
    /// Takes a ciphertext apart.
    pub fn parse(blob: &'a [u8]) -> Result<Self, CryptoError> {
        let (&version, rest) = blob.split_first().ok_or(CryptoError)?;
        let (arn_len, rest) = rest.split_first_chunk::<2>().ok_or(CryptoError)?;
        let (arn, rest) = rest
            .split_at_checked(u16::from_be_bytes(*arn_len).into())
            .ok_or(CryptoError)?;
        let (material_id, sealed) = rest
            .split_first_chunk::<MATERIAL_ID_LEN>()
            .ok_or(CryptoError)?;
        if version != VERSION {
            return Err(CryptoError);
        }
        let (header, _) = blob
            .split_at_checked(blob.len() - sealed.len())
            .ok_or(CryptoError)?;
        Ok(Self {
            key_arn: std::str::from_utf8(arn).map_err(|_| CryptoError)?,
            material_id: MaterialId(*material_id),
            header,
            sealed,
        })
    }
}

/// The header has a known length, so header and context can be told apart in their concatenation.
fn additional_data(header: &[u8], context: &EncryptionContext) -> Vec<u8> {
    [header, &context.canonical()].concat()
}

impl std::fmt::Display for MaterialId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::str::FromStr for MaterialId {
    type Err = CryptoError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; MATERIAL_ID_LEN];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| CryptoError)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};
    use types::SeededEntropy;

    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-4333-8444-555555555555";

    fn material(seed: u64) -> KeyMaterial {
        KeyMaterial::generate(&SeededEntropy::new(seed))
    }

    fn encrypt(context: &EncryptionContext, text: &[u8]) -> Vec<u8> {
        material(1).encrypt(ARN, context, text, &SeededEntropy::new(9))
    }

    fn decrypt(blob: &[u8], context: &EncryptionContext) -> Result<SecretValue, CryptoError> {
        material(1).decrypt(&Ciphertext::parse(blob)?, context)
    }

    #[test]
    fn a_ciphertext_names_its_key_and_material() {
        let blob = encrypt(&EncryptionContext::default(), b"text");
        let ciphertext = Ciphertext::parse(&blob).unwrap();
        assert_eq!(ciphertext.key_arn, ARN);
        assert_eq!(ciphertext.material_id, material(1).id());
    }

    #[test]
    fn other_material_does_not_decrypt() {
        let context = EncryptionContext::default();
        let blob = encrypt(&context, b"text");
        let ciphertext = Ciphertext::parse(&blob).unwrap();
        assert_eq!(material(2).decrypt(&ciphertext, &context), Err(CryptoError));
    }

    #[test]
    fn the_largest_plaintext_fits_the_largest_ciphertext_of_the_api() {
        let blob = encrypt(&EncryptionContext::default(), &[0; 4096]);
        assert!(blob.len() <= 6144, "{}", blob.len());
    }

    #[test]
    fn a_material_id_prints_as_it_parses() {
        let id = material(1).id();
        assert_eq!(id.to_string().len(), 64);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("abc".parse::<MaterialId>(), Err(CryptoError));
    }

    proptest! {
        #[test]
        fn decrypt_gives_back_what_was_encrypted(
            context in btree_map("\\PC{0,9}", "\\PC{0,9}", 0..4),
            text: Vec<u8>,
        ) {
            let context = EncryptionContext::from(context);
            let opened = decrypt(&encrypt(&context, &text), &context).unwrap();
            prop_assert_eq!(opened.expose_secret(), &text[..]);
        }

        #[test]
        fn after_any_rotations_each_ciphertext_opens_under_its_own_material_alone(
            rotations in 1..5u64, text: Vec<u8>,
        ) {
            let context = EncryptionContext::from([("a", "1")]);
            let materials: Vec<_> = (0..=rotations).map(material).collect();
            for made_by in &materials {
                let blob = made_by.encrypt(ARN, &context, &text, &SeededEntropy::new(9));
                let ciphertext = Ciphertext::parse(&blob).unwrap();
                for one in &materials {
                    let opened = one.decrypt(&ciphertext, &context).ok();
                    let named = one.id() == ciphertext.material_id;
                    prop_assert_eq!(named, one.id() == made_by.id());
                    prop_assert_eq!(opened, named.then(|| SecretValue::from(text.clone())));
                }
            }
        }

        #[test]
        fn another_context_does_not_decrypt(
            context in btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3),
            other in btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3),
        ) {
            prop_assume!(context != other);
            let blob = encrypt(&context.into(), b"text");
            prop_assert_eq!(decrypt(&blob, &other.into()), Err(CryptoError));
        }

        #[test]
        fn any_flipped_bit_is_noticed(text: Vec<u8>, at: prop::sample::Index, bit in 0..8u8) {
            let context = EncryptionContext::default();
            let mut blob = encrypt(&context, &text);
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert_eq!(decrypt(&blob, &context), Err(CryptoError));
        }

        #[test]
        fn parsing_anything_never_panics(blob: Vec<u8>) {
            let _ = decrypt(&blob, &EncryptionContext::default());
        }

        #[test]
        fn parsing_a_shortened_ciphertext_never_panics(len in 0usize..200) {
            let blob = encrypt(&EncryptionContext::default(), b"text");
            let short = &blob[..len.min(blob.len() - 1)];
            prop_assert_eq!(decrypt(short, &EncryptionContext::default()), Err(CryptoError));
        }
    }
}
