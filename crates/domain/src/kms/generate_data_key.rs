//! `kms:GenerateDataKey`

use api::{
    CommonError,
    kms::{
        DataKeySpec, Error,
        generate_data_key::{GenerateDataKey, Input, Output},
    },
};
use crypto::EncryptionContext;
use types::SecretValue;

use super::{authorize::Use, dry_run, locate, material};
use crate::{Cx, Operation};

impl Operation for GenerateDataKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        if input.recipient.is_some() {
            return Err(super::no_recipients());
        }
        let len = length(input.key_spec, input.number_of_bytes)?;
        let context = EncryptionContext::from(input.encryption_context.unwrap_or_default());
        let located = locate::locate(cx, &input.key_id).await?;
        let key = located.authorize(cx, Use::with_context("kms:GenerateDataKey", &context))?;
        key.usable()?;
        dry_run(input.dry_run)?;

        let mut bytes = vec![0; len];
        cx.entropy().fill(&mut bytes);
        let plaintext = SecretValue::from(bytes);
        let blob = material::encrypt(cx, &key, &context, &plaintext).await?;

        Ok(Output {
            ciphertext_blob: Some(blob.into()),
            plaintext: Some(plaintext),
            key_id: Some(key.arn()),
            key_material_id: Some(key.row.current_material.clone()),
            ..Output::default()
        })
    }
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
