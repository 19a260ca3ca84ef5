//! Signature Version 4, the verifying side.
//!
//! Reading and checking are apart, because the secret is only known once the access key id was read:
//! [`SignedRequest::parse`] takes what the request says of its signature, in its `Authorization` header or presigned in
//! its query string, and [`SignedRequest::verify`] checks it in AWS's order and words.

mod authorization;
mod canonical;
mod error;
mod key;
mod scope;
mod signed_request;
#[cfg(test)]
mod tests;

pub use error::SignatureError;
pub use key::SigningKeys;
pub use scope::{Scope, scope_service};
pub use signed_request::SignedRequest;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
