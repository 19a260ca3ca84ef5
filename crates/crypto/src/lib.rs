//! Envelope encryption and the KMS algorithms; the only crate that names a cryptography library
