//! An access key on its way to the operator who asked for it.

use serde::{Deserialize, Serialize};
use types::{AccountId, SecretValue};

/// A new access key of an account's root user, or of one of its users. The one time that its secret half is told.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessKey {
    pub account_id: AccountId,
    /// Absent for the root user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    #[serde(flatten)]
    pub key: Pair,
}

/// The two halves.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pair {
    pub access_key_id: String,
    #[serde(with = "told")]
    pub secret_access_key: SecretValue,
}

/// The secret half as text, for the operator's own eyes.
mod told {
    use serde::{Deserialize as _, Deserializer, Serializer, ser::Error as _};
    use types::SecretValue;

    pub fn serialize<S: Serializer>(secret: &SecretValue, to: S) -> Result<S::Ok, S::Error> {
        let text = secret.expose_secret_str();
        to.serialize_str(text.ok_or_else(|| S::Error::custom("a secret access key is not text"))?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretValue, D::Error> {
        String::deserialize(from).map(SecretValue::from)
    }
}
