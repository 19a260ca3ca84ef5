//! `kms:Decrypt`

use api::{
    CommonError,
    kms::{
        EncryptionAlgorithmSpec, Error,
        decrypt::{Decrypt, Input, Output},
    },
};
use crypto::{EncryptionContext, kms::Ciphertext};
use types::SecretValue;

use super::{
    authorize::Use,
    dry_run,
    forward::Via,
    key::Key,
    key_ref::KeyRef,
    locate::{self, Located},
    material,
};
use crate::{Cx, Operation};

impl Operation for Decrypt {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        if input.recipient.is_some() {
            return Err(super::no_recipients());
        }
        Key::has_algorithm(input.encryption_algorithm)?;
        let blob = input.ciphertext_blob.ok_or_else(missing_ciphertext)?;
        let context = EncryptionContext::from(input.encryption_context.unwrap_or_default());
        if let Some(key_id) = &input.key_id {
            is_under(cx, &blob.0, key_id).await?;
        }

        let opened = open(cx, &blob.0, &context, None).await?;

        dry_run(input.dry_run)?;
        Ok(Output {
            key_id: Some(opened.key.arn()),
            plaintext: Some(opened.plaintext),
            encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
            key_material_id: Some(opened.material_id),
            ..Output::default()
        })
    }
}

/// A ciphertext that was decrypted, and what did it.
pub(super) struct Opened {
    pub plaintext: SecretValue,
    pub key: Key,
    pub material_id: String,
}

/// Decrypts a ciphertext under the key that it names, for a caller who may: who asks directly, or through a service.
pub(super) async fn open(
    cx: &mut Cx,
    blob: &[u8],
    context: &EncryptionContext,
    via: Option<Via>,
) -> Result<Opened, Error> {
    let intent = Use {
        via,
        ..Use::with_context("kms:Decrypt", context)
    };
    let ciphertext = Ciphertext::parse(blob).map_err(|_| material::invalid_ciphertext())?;
    // AWS: one answer for a key of another region, a key of another account that does not let the caller in, and none.
    let Ok(address) = KeyRef::parse_key(ciphertext.key_arn, cx.account(), &cx.region) else {
        return Err(not_accessible());
    };
    let located = locate::locate_key(cx, &address).await?;
    if matches!(located, Located::Missing { .. }) {
        return Err(not_accessible());
    }
    let foreign = address.account != *cx.account();
    let key = match located.authorize(cx, intent) {
        Err(Error::Common(CommonError::AccessDenied(_))) if foreign => return Err(not_accessible()),
        authorized => authorized?,
    };
    key.usable()?;
    let plaintext = material::decrypt(cx, &key, &ciphertext, context).await?;
    Ok(Opened {
        plaintext,
        key,
        material_id: ciphertext.material_id.to_string(),
    })
}

/// Refuses a ciphertext that another key made than the one the caller named.
async fn is_under(cx: &mut Cx, blob: &[u8], key_id: &str) -> Result<(), Error> {
    let ciphertext = Ciphertext::parse(blob).map_err(|_| material::invalid_ciphertext())?;
    let named = locate::locate(cx, key_id).await?.unauthorized()?;
    if named.arn() == ciphertext.key_arn {
        return Ok(());
    }
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    Err(Error::IncorrectKey(text.to_owned()))
}

fn missing_ciphertext() -> Error {
    let text = "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: \
                Member must not be null";
    CommonError::Validation(text.to_owned()).into()
}

fn not_accessible() -> Error {
    let text = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
                or you are not allowed to access.";
    CommonError::AccessDenied(text.to_owned()).into()
}
