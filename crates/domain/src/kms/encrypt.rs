//! `kms:Encrypt`

use api::kms::{
    EncryptionAlgorithmSpec, Error,
    encrypt::{Encrypt, Input, Output},
};
use crypto::EncryptionContext;

use super::{authorize::Use, dry_run, grant_token, key::Key, locate, material};
use crate::{Cx, Operation};

impl Operation for Encrypt {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let context = EncryptionContext::from(input.encryption_context.unwrap_or_default());
        grant_token::check_all(input.grant_tokens.as_ref())?;
        let located = locate::locate(cx, &input.key_id).await?;
        let intent = Use::with_context("kms:Encrypt", &context);
        let key = located.authorize(cx, intent).await?;
        Key::has_algorithm(input.encryption_algorithm)?;
        key.usable()?;
        dry_run(input.dry_run)?;

        let blob = material::encrypt(cx, &key, &context, &input.plaintext).await?;

        Ok(Output {
            ciphertext_blob: Some(blob.into()),
            key_id: Some(key.arn()),
            encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
        })
    }
}
