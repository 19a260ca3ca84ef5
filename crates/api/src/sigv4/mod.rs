//! Signature Version 4, the verifying side.

mod error;

pub use error::SignatureError;
