//! From a ciphertext to the key that made it, and to what it holds. The order of the checks is AWS's: the form, the key
//! that the caller named, whether the caller may, the state of the key, and only then the ciphertext itself.

use api::{CommonError, kms::Error};
use crypto::{EncryptionContext, kms::Ciphertext};
use types::SecretValue;

use super::{
    authorize::Use,
    key::Key,
    key_ref::KeyRef,
    locate::{self, Located},
    material,
};
use crate::Cx;

/// Takes a ciphertext apart.
pub(super) fn parse(blob: &[u8]) -> Result<Ciphertext<'_>, Error> {
    Ciphertext::parse(blob).map_err(|_| material::invalid_ciphertext())
}

/// Refuses a ciphertext that another key made than the one the caller named, and gives back the alias that they named
/// it by.
pub(super) async fn named_key(
    cx: &mut Cx,
    ciphertext: &Ciphertext<'_>,
    key_id: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(key_id) = key_id else {
        return Ok(None);
    };
    let named = locate::locate(cx, key_id).await?.unauthorized()?;
    if named.arn() == ciphertext.key_arn {
        return Ok(named.requested_alias);
    }
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    Err(Error::IncorrectKey(text.to_owned()))
}

/// The key that made a ciphertext, for a caller who may do this with it.
pub(super) async fn key_of(
    cx: &mut Cx,
    ciphertext: &Ciphertext<'_>,
    requested_alias: Option<String>,
    intent: Use<'_>,
) -> Result<Key, Error> {
    // AWS: one answer for a key of another region, a key of another account that does not let the caller in, and none.
    let Ok(address) = KeyRef::parse_key(ciphertext.key_arn, cx.account(), &cx.region) else {
        return Err(not_accessible());
    };
    let mut located = locate::locate_key(cx, &address).await?;
    let Located::Found(key) = &mut located else {
        return Err(not_accessible());
    };
    key.requested_alias = requested_alias;
    let foreign = address.account != *cx.account();
    match located.authorize(cx, intent).await {
        Err(Error::Common(CommonError::AccessDenied(_))) if foreign => Err(not_accessible()),
        authorized => authorized,
    }
}

/// Opens a ciphertext under the key that made it.
pub(super) async fn open(
    cx: &mut Cx,
    key: &Key,
    ciphertext: &Ciphertext<'_>,
    context: &EncryptionContext,
) -> Result<SecretValue, Error> {
    material::decrypt(cx, key, ciphertext, context).await
}

/// Nothing was given to open.
pub(super) fn missing() -> Error {
    let text = "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: \
                Member must not be null";
    CommonError::Validation(text.to_owned()).into()
}

fn not_accessible() -> Error {
    let text = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
                or you are not allowed to access.";
    CommonError::AccessDenied(text.to_owned()).into()
}
