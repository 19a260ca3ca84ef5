//! `kms:Decrypt`

use api::kms::{
    DryRunModifierType, EncryptionAlgorithmSpec, Error,
    decrypt::{Decrypt, Input, Output},
};
use crypto::EncryptionContext;

use super::{authorize::Use, ciphertext, dry_run, grant_token, key::Key, locate};
use crate::{Cx, Operation};

impl Operation for Decrypt {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        if input.recipient.is_some() {
            return Err(super::no_recipients());
        }
        Key::has_algorithm(input.encryption_algorithm)?;
        grant_token::check_all(input.grant_tokens.as_ref())?;
        let context = EncryptionContext::from(input.encryption_context.unwrap_or_default());
        let intent = Use::with_context("kms:Decrypt", &context);
        let modifiers = input.dry_run_modifiers.unwrap_or_default();
        let Some(blob) = input.ciphertext_blob else {
            if let Some(key_id) = &input.key_id
                && modifiers.contains(&DryRunModifierType::IgnoreCiphertext)
            {
                // Asks for no more than whether the caller could.
                let key = locate::locate(cx, key_id).await?;
                key.authorize(cx, intent).await?.usable()?;
                dry_run(input.dry_run)?;
            }
            return Err(ciphertext::missing());
        };

        let sealed = ciphertext::parse(&blob.0)?;
        let named = ciphertext::named_key(cx, &sealed, input.key_id.as_deref()).await?;
        let key = ciphertext::key_of(cx, &sealed, named, intent).await?;
        key.usable()?;
        let plaintext = ciphertext::open(cx, &key, &sealed, &context).await?;

        dry_run(input.dry_run)?;
        Ok(Output {
            key_id: Some(key.arn()),
            plaintext: Some(plaintext),
            encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
            key_material_id: Some(sealed.material_id.to_string()),
            ..Output::default()
        })
    }
}
