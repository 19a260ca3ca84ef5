//! Keys in the hands of other services: Secrets Manager and Parameter Store use them for their callers.
//!
//! As on AWS, such a use is authorised as the caller, with `kms:ViaService` saying which service asks, and every
//! decision goes into the audit record of the caller's request. The errors are KMS's own; each service words them in
//! its way: a denial is [`CommonError::AccessDenied`](api::CommonError), and [`described`] gives Parameter Store's text.

use api::{ServiceError as _, kms::Error};
use crypto::{EncryptionContext, Key as DataKeyMaterial};
use types::{AccountId, Fault, Region, SecretValue};

use super::{
    authorize::{self, Use},
    ciphertext,
    key::Key,
    locate, managed, material,
};
use crate::{Access, Cx};

/// The service that uses a key for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    SecretsManager,
    Ssm,
}

/// A new data key, and the same under its KMS key.
pub struct DataKey {
    pub key: DataKeyMaterial,
    /// Give this to [`decrypt_data_key`] to have the data key again.
    pub blob: Vec<u8>,
}

/// Finds the key that a `KmsKeyId` or `KeyId` member names in any form, or the service's own key where none is named
/// (and makes that at its first use, so the session must write).
///
/// Says nothing about whether the caller may use it: each use asks that.
pub async fn resolve(cx: &mut Cx, via: Via, key_id: Option<&str>) -> Result<Key, Error> {
    match key_id {
        Some(key_id) => locate::locate_or_make(cx, key_id).await?.unauthorized(),
        None => Ok(managed::key_for(cx, via).await?),
    }
}

/// The ARN of the service's own key in an account and region; `None` before its first use.
pub async fn own_key_arn(
    cx: &mut Cx,
    via: Via,
    account: &AccountId,
    region: &Region,
) -> Result<Option<String>, Fault> {
    let row = cx.db.kms_key_by_alias(account, region, via.alias()).await?;
    Ok(row.map(Key::from_row).transpose()?.map(|key| key.arn()))
}

/// `kms:GenerateDataKey` for the caller: a new AES-256 key.
pub async fn generate_data_key(
    cx: &mut Cx,
    via: Via,
    key: &Key,
    context: &EncryptionContext,
) -> Result<DataKey, Error> {
    authorize::on_key(cx, key, via.asking("kms:GenerateDataKey", context)).await?;
    key.usable()?;
    let data_key = DataKeyMaterial::generate(cx.entropy());
    let blob = material::encrypt(cx, key, context, &data_key.to_secret()).await?;
    Ok(DataKey {
        key: data_key,
        blob,
    })
}

/// `kms:Encrypt` for the caller. The answer is a `CiphertextBlob` that KMS itself would decrypt.
pub async fn encrypt(
    cx: &mut Cx,
    via: Via,
    key: &Key,
    context: &EncryptionContext,
    plaintext: &SecretValue,
) -> Result<Vec<u8>, Error> {
    authorize::on_key(cx, key, via.asking("kms:Encrypt", context)).await?;
    key.usable()?;
    Ok(material::encrypt(cx, key, context, plaintext).await?)
}

/// `kms:Decrypt` for the caller.
pub async fn decrypt(
    cx: &mut Cx,
    via: Via,
    blob: &[u8],
    context: &EncryptionContext,
) -> Result<SecretValue, Error> {
    let sealed = ciphertext::parse(blob)?;
    let intent = via.asking("kms:Decrypt", context);
    let key = ciphertext::key_of(cx, &sealed, None, intent).await?;
    key.usable()?;
    ciphertext::open(cx, &key, &sealed, context).await
}

/// `kms:Decrypt` for the caller, of the blob of a [`DataKey`].
pub async fn decrypt_data_key(
    cx: &mut Cx,
    via: Via,
    blob: &[u8],
    context: &EncryptionContext,
) -> Result<DataKeyMaterial, Error> {
    let plaintext = decrypt(cx, via, blob, context).await?;
    DataKeyMaterial::from_secret(&plaintext).map_err(|_| material::invalid_ciphertext())
}

/// A refusal as the services of AWS hand one on: KMS's message, followed by where it came from.
pub fn described(error: &Error, request_id: &str) -> String {
    let report = error.report();
    format!(
        "{} (Service: AWSKMS; Status Code: {}; Error Code: {}; Request ID: {request_id}; Proxy: null)",
        report.message.as_deref().unwrap_or("null"),
        report.status,
        report.code,
    )
}

impl Via {
    pub(super) const ALL: [Self; 2] = [Self::SecretsManager, Self::Ssm];

    fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
        }
    }

    /// The alias of the service's own key.
    pub fn alias(self) -> &'static str {
        match self {
            Self::SecretsManager => "alias/aws/secretsmanager",
            Self::Ssm => "alias/aws/ssm",
        }
    }

    /// The service's endpoint in a region, as `kms:ViaService` names it.
    pub(super) fn endpoint(self, region: &Region) -> String {
        let suffix = if region.partition() == "aws-cn" {
            ".cn"
        } else {
            ""
        };
        format!("{}.{region}.amazonaws.com{suffix}", self.name())
    }

    /// The id of the policy of the service's own key.
    pub(super) fn policy_id(self) -> String {
        format!("auto-{}-1", self.name())
    }

    /// The id of the first statement of that policy.
    pub(super) fn policy_sid(self) -> &'static str {
        match self {
            Self::SecretsManager => {
                "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager"
            }
            Self::Ssm => {
                "Allow access through SSM for all principals in the account that are authorized to use SSM"
            }
        }
    }

    /// The description of the service's own key.
    pub(super) fn key_description(self) -> &'static str {
        match self {
            Self::SecretsManager => {
                "Default key that protects my Secrets Manager data when no other key is defined"
            }
            Self::Ssm => "Default key that protects my SSM parameters when no other key is defined",
        }
    }

    /// Says in a request that the service makes it for its caller.
    pub(super) fn conditions(self, access: Access, region: &Region) -> Access {
        access
            .with("kms:ViaService", self.endpoint(region))
            .called_via(format!("{}.amazonaws.com", self.name()))
    }

    fn asking<'a>(self, action: &'a str, context: &'a EncryptionContext) -> Use<'a> {
        Use::with_context(action, context).through(self)
    }
}
