//! `kms:ReEncrypt`

use api::kms::{
    EncryptionAlgorithmSpec, Error,
    re_encrypt::{Input, Output, ReEncrypt},
};
use crypto::EncryptionContext;

use super::{authorize::Use, ciphertext, dry_run, grant_token, key::Key, locate, material};
use crate::{Cx, Operation};

impl Operation for ReEncrypt {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        Key::has_algorithm(input.source_encryption_algorithm)?;
        Key::has_algorithm(input.destination_encryption_algorithm)?;
        grant_token::check_all(input.grant_tokens.as_ref())?;
        let blob = input.ciphertext_blob.ok_or_else(ciphertext::missing)?;
        let from = EncryptionContext::from(input.source_encryption_context.unwrap_or_default());
        let to = EncryptionContext::from(input.destination_encryption_context.unwrap_or_default());

        let sealed = ciphertext::parse(&blob.0)?;
        let named = ciphertext::named_key(cx, &sealed, input.source_key_id.as_deref()).await?;
        let destination = locate::locate(cx, &input.destination_key_id).await?;
        let same_key = destination.arn() == sealed.key_arn;
        let intent = |action, context| {
            Use::with_context(action, context).with("kms:ReEncryptOnSameKey", same_key.to_string())
        };
        let source_use = intent("kms:ReEncryptFrom", &from);
        let source = ciphertext::key_of(cx, &sealed, named, source_use).await?;
        let destination = destination
            .authorize(cx, intent("kms:ReEncryptTo", &to))
            .await?;
        source.usable()?;
        destination.usable()?;

        // The plaintext exists between these two lines and nowhere else.
        let plaintext = ciphertext::open(cx, &source, &sealed, &from).await?;
        dry_run(input.dry_run)?;
        let blob = material::encrypt(cx, &destination, &to, &plaintext).await?;

        Ok(Output {
            ciphertext_blob: Some(blob.into()),
            source_key_id: Some(source.arn()),
            key_id: Some(destination.arn()),
            source_encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
            destination_encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
            source_key_material_id: Some(sealed.material_id.to_string()),
            destination_key_material_id: Some(destination.row.current_material),
        })
    }
}
