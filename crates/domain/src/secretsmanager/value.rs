//! A value on its way into a version.

use api::{CommonError, secretsmanager::Error};
use store::secrets::ValueKind;
use types::SecretValue;

/// Counted in bytes, while the service model counts characters.
const MOST_BYTES: usize = 65_536;

/// What a version holds: text or bytes, never both.
#[derive(PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: ValueKind,
    pub(super) secret: SecretValue,
}

impl Value {
    /// The value of a request, if it has one.
    pub(super) fn of_request(
        string: Option<SecretValue>,
        binary: Option<SecretValue>,
    ) -> Result<Option<Self>, Error> {
        let (kind, member, secret) = match (string, binary) {
            (None, None) => return Ok(None),
            (Some(string), None) => (ValueKind::String, "secretString", string),
            (None, Some(binary)) => (ValueKind::Binary, "secretBinary", binary),
            (Some(_), Some(_)) => {
                return Err(Error::InvalidParameter(
                    "You can't specify both a binary secret value and a string secret value in the same secret."
                        .to_owned(),
                ));
            }
        };
        if secret.len() > MOST_BYTES {
            return Err(Error::Common(CommonError::Validation(format!(
                "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {MOST_BYTES}"
            ))));
        }
        Ok(Some(Self { kind, secret }))
    }

    /// The members `SecretString` and `SecretBinary` of an answer.
    pub(super) fn into_members(self) -> (Option<SecretValue>, Option<SecretValue>) {
        match self.kind {
            ValueKind::String => (Some(self.secret), None),
            ValueKind::Binary => (None, Some(self.secret)),
        }
    }
}
