//! Envelope encryption and the KMS algorithms; the only crate that names a cryptography library.
//!
//! `root key → KMS key material → data key → value`: [`RootKey`] seals the [`KeyMaterial`](kms::KeyMaterial) of every
//! KMS key, key material encrypts data keys and small values under an [`EncryptionContext`], and a data [`Key`] seals a
//! value. Everything is AES-256-GCM. What is sealed can be stored and logged; what is opened comes back as
//! [`SecretValue`](types::SecretValue).

mod context;
mod digest;
mod key;
pub mod kms;
mod root_key;
mod root_keys;

pub use context::EncryptionContext;
pub use digest::{hmac_sha256, md5, sha1, sha256, sha256_hex};
pub use key::Key;
pub use root_key::{ParseRootKeyError, RootKey};
pub use root_keys::RootKeys;

/// A decryption that did not succeed. Whether the key, the context or a bit was wrong is nobody's business: an answer
/// would help only whoever is guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("decryption failed")]
pub struct CryptoError;
