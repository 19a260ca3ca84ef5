//! The line of a root key that a KMS key encrypts: `sealift-root-key-kms-1:` and base64 of KMS's ciphertext.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::SecretValue;

const PREFIX: &[u8] = b"sealift-root-key-kms-1:";

/// The ciphertext in a line; `None` for a line that is no envelope.
pub(super) fn read(line: &SecretValue) -> Result<Option<Vec<u8>>, base64::DecodeError> {
    let encoded = line.expose_secret().trim_ascii().strip_prefix(PREFIX);
    encoded.map(|encoded| STANDARD.decode(encoded)).transpose()
}

/// The line for a ciphertext.
pub(super) fn write(sealed: &[u8]) -> SecretValue {
    SecretValue::from([PREFIX, STANDARD.encode(sealed).as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_gives_back_its_ciphertext_and_other_lines_are_none() {
        assert_eq!(read(&write(b"sealed")), Ok(Some(b"sealed".to_vec())));
        assert_eq!(read(&SecretValue::from("sealift-root-key-1:x")), Ok(None));
        assert!(read(&SecretValue::from("sealift-root-key-kms-1:???")).is_err());
    }
}
