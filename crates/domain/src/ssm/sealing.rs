//! Sealing and opening the values of parameters.
//!
//! A Standard `SecureString` is a KMS ciphertext under its key, which whoever may can hand to KMS; an Advanced one is
//! sealed by a data key of its own that lies before it. Both are bound to the parameter's ARN, as on AWS. Other types
//! are no secrets to AWS, but nothing lies in clear on our disk, so the root key seals them.

use api::{
    CommonError, kms,
    ssm::{Error, ParameterTier, ParameterType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::EncryptionContext;
use store::parameters::Parameter;
use types::{AccountId, Fault, Region, SecretValue};

use crate::{
    Cx,
    kms::forward::{self, Via},
};

/// What a value is sealed for.
pub(super) struct Sealing<'a> {
    pub(super) arn: &'a str,
    pub(super) version: i64,
    pub(super) type_: ParameterType,
    pub(super) tier: ParameterTier,
    /// As the caller gave it; `None` for the default key.
    pub(super) key_id: Option<&'a str>,
}

/// The key of a `SecureString` that names none.
pub(super) const DEFAULT_KEY: &str = "alias/aws/ssm";

/// The first byte of a value that a data key of its own seals.
const ENVELOPE: u8 = 1;

/// Seals a value that is about to be stored.
pub(super) async fn seal(
    cx: &mut Cx,
    sealing: Sealing<'_>,
    value: &SecretValue,
) -> Result<Vec<u8>, Error> {
    let Sealing {
        arn,
        version,
        type_,
        tier,
        key_id,
    } = sealing;
    if type_ != ParameterType::SecureString {
        let purpose = root_purpose(arn, version);
        return Ok(cx
            .world
            .root_key
            .seal(&purpose, value.expose_secret(), cx.entropy()));
    }
    let context = context(arn);
    let key = forward::resolve(cx, Via::Ssm, key_id).await;
    let key = key.map_err(|error| handed_on(cx, error))?;
    if tier == ParameterTier::Standard {
        let blob = forward::encrypt(cx, Via::Ssm, &key, &context, value).await;
        return blob.map_err(|error| handed_on(cx, error));
    }
    let data_key = forward::generate_data_key(cx, Via::Ssm, &key, &context).await;
    let data_key = data_key.map_err(|error| handed_on(cx, error))?;
    let sealed = data_key
        .key
        .seal(&context.canonical(), value.expose_secret(), cx.entropy());
    envelope(&data_key.blob, &sealed)
}

/// The value of a version: opened, or of a `SecureString` without decryption its ciphertext.
pub(super) async fn open(
    cx: &mut Cx,
    arn: &str,
    parameter: &Parameter,
    with_decryption: bool,
) -> Result<SecretValue, Error> {
    if parameter.type_ != ParameterType::SecureString.as_str() {
        let purpose = root_purpose(arn, parameter.version);
        let opened = cx.world.root_key.open(&purpose, &parameter.sealed);
        return Ok(opened.map_err(Fault::new)?);
    }
    if !with_decryption {
        return Ok(SecretValue::from(STANDARD.encode(&parameter.sealed)));
    }
    let context = context(arn);
    if parameter.tier == ParameterTier::Standard.as_str() {
        let value = forward::decrypt(cx, Via::Ssm, &parameter.sealed, &context).await;
        return value.map_err(|error| handed_on(cx, error));
    }
    let parts = open_envelope(&parameter.sealed);
    let (blob, sealed) = parts.ok_or_else(|| Fault::new("a stored value has an unknown form"))?;
    let data_key = forward::decrypt_data_key(cx, Via::Ssm, blob, &context).await;
    let data_key = data_key.map_err(|error| handed_on(cx, error))?;
    Ok(data_key
        .open(&context.canonical(), sealed)
        .map_err(Fault::new)?)
}

fn context(arn: &str) -> EncryptionContext {
    EncryptionContext::from([("PARAMETER_ARN", arn)])
}

fn root_purpose(arn: &str, version: i64) -> String {
    format!("version {version} of {arn}")
}

/// As [`root_purpose`], from where a parameter lies.
pub(crate) fn plain_purpose(
    account: &AccountId,
    region: &Region,
    path: &str,
    version: i64,
) -> String {
    let arn = format!(
        "arn:{}:ssm:{region}:{account}:parameter{path}",
        region.partition()
    );
    root_purpose(&arn, version)
}

/// The form, the length of the data key, the data key, the sealed value.
fn envelope(data_key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let length = u16::try_from(data_key.len()).map_err(Fault::new)?;
    let mut bytes = vec![ENVELOPE];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(data_key);
    bytes.extend_from_slice(sealed);
    Ok(bytes)
}

fn open_envelope(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[ENVELOPE])?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// What Parameter Store makes of a refusal by KMS: KMS's words, and where they come from.
fn handed_on(cx: &Cx, error: kms::Error) -> Error {
    let text = forward::described(&error, &cx.request.id);
    match error {
        kms::Error::Common(CommonError::Fault(fault)) => fault.into(),
        kms::Error::Common(CommonError::AccessDenied(_)) => CommonError::AccessDenied(text).into(),
        _ => Error::InvalidKeyId(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_gives_back_its_parts() {
        let bytes = envelope(b"data key", b"sealed").unwrap();
        assert_eq!(
            open_envelope(&bytes),
            Some((&b"data key"[..], &b"sealed"[..]))
        );
        for cut in 0..b"data key".len() + 3 {
            assert_eq!(open_envelope(&bytes[..cut]), None);
        }
        assert_eq!(open_envelope(b"\x02\x00\x00"), None);
    }
}
