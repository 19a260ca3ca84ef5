//! Values that must never be seen where they are not meant to be.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq;
use zeroize::Zeroize as _;

/// A secret: the text or bytes of a secret's version, a parameter, a key or a password.
///
/// It has no `Display` and no `Serialize`, its `Debug` tells nothing, its memory is zeroed when it is dropped, and it
/// compares in constant time. The one way to its content is [`expose_secret`](Self::expose_secret) (or its text form),
/// so that every place a value leaves its wrapping can be listed with one search.
#[derive(Clone)]
pub struct SecretValue(SecretSlice<u8>);

impl SecretValue {
    /// The bytes of the secret. Whoever calls this hands the value to where it is meant to go.
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The secret as text; `None` where it is not UTF-8, as a binary secret may be.
    pub fn expose_secret_str(&self) -> Option<&str> {
        std::str::from_utf8(self.0.expose_secret()).ok()
    }

    /// Its length in bytes, which limits are counted in.
    pub fn len(&self) -> usize {
        self.0.expose_secret().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<u8>> for SecretValue {
    fn from(mut bytes: Vec<u8>) -> Self {
        if bytes.len() == bytes.capacity() {
            return Self(SecretSlice::from(bytes));
        }
        // To cut off spare capacity the allocator may move the bytes and leave the old ones behind, so it is done here.
        let exact: Box<[u8]> = bytes.as_slice().into();
        bytes.zeroize();
        Self(SecretSlice::new(exact))
    }
}

impl From<String> for SecretValue {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&str> for SecretValue {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes().to_vec())
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &Self) -> bool {
        self.expose_secret().ct_eq(other.expose_secret()).into()
    }
}

impl Eq for SecretValue {}

impl Default for SecretValue {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_tells_neither_value_nor_length() {
        assert_eq!(
            format!("{:?}", SecretValue::from("hunter2")),
            "SecretValue(…)"
        );
    }

    #[test]
    fn secrets_compare_by_content() {
        assert_eq!(SecretValue::from("a"), SecretValue::from(b"a".to_vec()));
        assert_ne!(SecretValue::from("a"), SecretValue::from("ab"));
    }

    #[test]
    fn bytes_that_are_no_text_have_no_text() {
        assert_eq!(
            SecretValue::from(vec![0xff, 0xfe]).expose_secret_str(),
            None
        );
    }
}
