//! Sealing and opening the values of versions.
//!
//! Each version has a data key of its own, made under the secret's KMS key as the caller, and kept beside the value it
//! seals. What AWS uses as encryption context binds both to the secret and the version.

use api::{CommonError, kms, secretsmanager::Error};
use crypto::EncryptionContext;
use store::secrets::{SealedValue, Secret, SecretVersion};
use types::SecretValue;

use super::{
    stages::{CURRENT, PENDING, PREVIOUS},
    value::Value,
};
use crate::{
    Cx,
    kms::{
        Key,
        forward::{self, Via},
    },
};

/// What stands for the version where only the access to a key is tried.
const VALIDATION: &str = "RequestToValidateKeyAccess";

/// Seals a value as a version of a secret, under a new data key.
pub(super) async fn seal(
    cx: &mut Cx,
    secret: &Secret,
    version: &str,
    value: &Value,
) -> Result<SealedValue, Error> {
    let key = resolve(cx, secret).await?;
    let context = context(secret, version);
    let data_key = forward::generate_data_key(cx, Via::SecretsManager, &key, &context)
        .await
        .map_err(on_write)?;
    // AWS: whoever writes a value must be allowed to decrypt it as well.
    forward::decrypt_data_key(cx, Via::SecretsManager, &data_key.blob, &context)
        .await
        .map_err(on_write)?;
    let secret_bytes = value.secret.expose_secret();
    let sealed = data_key
        .key
        .seal(&context.canonical(), secret_bytes, cx.entropy());
    Ok(SealedValue {
        kind: value.kind,
        sealed,
        data_key: data_key.blob,
        key_arn: key.arn(),
    })
}

/// Opens the value of a version; `None` where the version has none, or there is no such version.
pub(super) async fn open_version(
    cx: &mut Cx,
    secret: &Secret,
    version: &str,
) -> Result<Option<Value>, Error> {
    refuse_foreign_default_key(cx, secret)?;
    let Some(sealed) = cx.db.secret_value(&secret.arn, version).await? else {
        return Ok(None);
    };
    let context = context(secret, version);
    let data_key = forward::decrypt_data_key(cx, Via::SecretsManager, &sealed.data_key, &context)
        .await
        .map_err(on_read)?;
    let opened = data_key.open(&context.canonical(), &sealed.sealed);
    let opened = opened.map_err(|_| decryption_failure())?;
    Ok(Some(Value {
        kind: sealed.kind,
        secret: opened,
    }))
}

/// Makes sure that the caller can use the key that a secret is to have; the default key is everyone's.
pub(super) async fn check_key(cx: &mut Cx, secret: &Secret) -> Result<(), Error> {
    if secret.kms_key_id.is_none() {
        return Ok(());
    }
    let key = resolve(cx, secret).await?;
    let context = context(secret, VALIDATION);
    let data_key = forward::generate_data_key(cx, Via::SecretsManager, &key, &context)
        .await
        .map_err(on_write)?;
    forward::decrypt_data_key(cx, Via::SecretsManager, &data_key.blob, &context)
        .await
        .map_err(on_write)?;
    Ok(())
}

/// AWS: whoever gives a secret another key must be allowed to encrypt under it as such, beside using data keys of it.
async fn check_encrypt(cx: &mut Cx, secret: &Secret) -> Result<(), Error> {
    if secret.kms_key_id.is_none() {
        return Ok(());
    }
    let key = resolve(cx, secret).await?;
    let context = context(secret, VALIDATION);
    let nothing = SecretValue::from(VALIDATION.to_owned());
    forward::encrypt(cx, Via::SecretsManager, &key, &context, &nothing)
        .await
        .map_err(on_write)?;
    Ok(())
}

/// Brings the versions that AWS's own labels name under the secret's key, which is a new one. Others stay under the
/// key they have.
pub(super) async fn change_key(cx: &mut Cx, secret: &Secret) -> Result<(), Error> {
    check_key(cx, secret).await?;
    check_encrypt(cx, secret).await?;
    let named = |version: &SecretVersion| {
        let mut labels = version.labels.iter();
        labels.any(|label| [CURRENT, PENDING, PREVIOUS].contains(&label.as_str()))
    };
    let versions = cx.db.secret_versions(&secret.arn).await?;
    for version in versions.into_iter().filter(named) {
        if let Some(value) = open_version(cx, secret, &version.id).await? {
            let sealed = seal(cx, secret, &version.id, &value).await?;
            let created = version.created;
            cx.db
                .put_secret_value(&secret.arn, &version.id, &sealed, created)
                .await?;
        }
    }
    Ok(())
}

async fn resolve(cx: &mut Cx, secret: &Secret) -> Result<Key, Error> {
    refuse_foreign_default_key(cx, secret)?;
    let key_id = secret.kms_key_id.as_deref().map(|id| of_owner(secret, id));
    forward::resolve(cx, Via::SecretsManager, key_id.as_deref())
        .await
        .map_err(on_write)
}

/// A key id or alias of a secret means one in the account of the secret, whoever writes to it.
fn of_owner(secret: &Secret, key_id: &str) -> String {
    if key_id.starts_with("arn:") {
        return key_id.to_owned();
    }
    let resource = match key_id.strip_prefix("alias/") {
        Some(_) => key_id.to_owned(),
        None => format!("key/{key_id}"),
    };
    let (partition, region, account) = (secret.region.partition(), &secret.region, &secret.account);
    format!("arn:{partition}:kms:{region}:{account}:{resource}")
}

/// Whether a caller names the default key: with nothing, or by its alias.
pub(super) fn is_default_key(cx: &Cx, id: &str) -> bool {
    const ALIAS: &str = "alias/aws/secretsmanager";
    id.is_empty() || id == ALIAS || id == cx.arn("kms", ALIAS).to_string()
}

/// The ARN of the key that a request names for a secret, as conditions see it; `None` where it names none that is there.
pub(super) async fn named_key_arn(
    cx: &mut Cx,
    secret: &Secret,
    key_id: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(key_id) = key_id.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let key_id = of_owner(secret, key_id);
    match forward::resolve(cx, Via::SecretsManager, Some(&key_id)).await {
        Ok(key) => Ok(Some(key.arn())),
        Err(kms::Error::Common(CommonError::Fault(fault))) => Err(fault.into()),
        Err(_) => Ok(None),
    }
}

/// The ARN of the service's own key, where a secret lies; `None` before its first use.
pub(super) async fn default_key_arn(
    cx: &mut Cx,
    secret: &Secret,
) -> Result<Option<String>, types::Fault> {
    forward::own_key_arn(cx, Via::SecretsManager, &secret.account, &secret.region).await
}

fn refuse_foreign_default_key(cx: &Cx, secret: &Secret) -> Result<(), Error> {
    if secret.kms_key_id.is_some() || secret.account == *cx.account() {
        return Ok(());
    }
    Err(Error::InvalidRequest(
        "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."
            .to_owned(),
    ))
}

fn context(secret: &Secret, version: &str) -> EncryptionContext {
    EncryptionContext::from([
        ("SecretARN", secret.arn.as_str()),
        ("SecretVersionId", version),
    ])
}

/// What Secrets Manager makes of a refusal by KMS while it writes.
fn on_write(error: kms::Error) -> Error {
    handed_on(error, || {
        Error::EncryptionFailure(
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state."
                .to_owned(),
        )
    })
}

/// What Secrets Manager makes of a refusal by KMS while it reads.
fn on_read(error: kms::Error) -> Error {
    handed_on(error, decryption_failure)
}

fn decryption_failure() -> Error {
    Error::DecryptionFailure(
        "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
            .to_owned(),
    )
}

fn handed_on(error: kms::Error, otherwise: impl FnOnce() -> Error) -> Error {
    match error {
        // AWS: it does not say which key or action KMS refused.
        kms::Error::Common(CommonError::AccessDenied(_)) => {
            CommonError::AccessDenied("Access to KMS is not allowed".to_owned()).into()
        }
        kms::Error::Common(CommonError::Fault(fault)) => fault.into(),
        _ => otherwise(),
    }
}
