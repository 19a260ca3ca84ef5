//! A new data key, as the operations that make one share it.

use api::{
    CommonError,
    kms::{DataKeySpec, Error},
};
use crypto::EncryptionContext;
use types::SecretValue;

use super::{authorize::Use, dry_run, grant_token, key::Key, locate, material};
use crate::Cx;

/// What is asked for.
pub(super) struct Asked {
    pub key_id: String,
    pub encryption_context: Option<std::collections::BTreeMap<String, String>>,
    pub key_spec: Option<DataKeySpec>,
    pub number_of_bytes: Option<i32>,
    pub grant_tokens: Option<Vec<String>>,
    pub dry_run: Option<bool>,
}

/// A data key, and the same under its KMS key.
pub(super) struct DataKey {
    pub plaintext: SecretValue,
    pub blob: Vec<u8>,
    pub key: Key,
}

/// Makes a data key for a caller who may.
pub(super) async fn make(cx: &mut Cx, action: &str, asked: Asked) -> Result<DataKey, Error> {
    let len = length(asked.key_spec, asked.number_of_bytes)?;
    grant_token::check_all(asked.grant_tokens.as_ref())?;
    let context = EncryptionContext::from(asked.encryption_context.unwrap_or_default());
    let located = locate::locate(cx, &asked.key_id).await?;
    let key = located
        .authorize(cx, Use::with_context(action, &context))
        .await?;
    key.usable()?;
    dry_run(asked.dry_run)?;

    let plaintext = random(cx, len);
    let blob = material::encrypt(cx, &key, &context, &plaintext).await?;
    Ok(DataKey {
        plaintext,
        blob,
        key,
    })
}

/// So many random bytes.
pub(super) fn random(cx: &Cx, len: usize) -> SecretValue {
    let mut bytes = vec![0; len];
    cx.entropy().fill(&mut bytes);
    SecretValue::from(bytes)
}

/// How many bytes the data key has: exactly one of the two members says so.
fn length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<usize, Error> {
    let len = match (spec, bytes) {
        (Some(DataKeySpec::Aes256), None) => Some(32),
        (Some(DataKeySpec::Aes128), None) => Some(16),
        (None, Some(bytes)) => usize::try_from(bytes).ok(),
        _ => None,
    };
    len.ok_or_else(|| {
        let text = "Please specify either number of bytes or key spec.";
        CommonError::Validation(text.to_owned()).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_the_key_spec_or_the_number_of_bytes_says_the_length() {
        assert_eq!(length(Some(DataKeySpec::Aes256), None).ok(), Some(32));
        assert_eq!(length(Some(DataKeySpec::Aes128), None).ok(), Some(16));
        assert_eq!(length(None, Some(24)).ok(), Some(24));
        assert!(length(None, None).is_err());
        assert!(length(Some(DataKeySpec::Aes128), Some(16)).is_err());
    }
}
