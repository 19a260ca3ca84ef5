//! Operations as types.

use crate::{
    CommonError, Service, ServiceError,
    codec::{Decode, DecodeError, Decoder, Encode, Node, Wire},
};

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
}

/// What an operation asks for before it acts: its line of `access` in `models/operations.toml`.
#[derive(Clone, Copy, Debug)]
pub struct OperationAccess {
    /// Every action it may ask for; its own comes first. Empty where it asks for nothing.
    pub actions: &'static [&'static str],
    /// The kinds of resource it is authorised on, and their ARNs as AWS writes them.
    pub resources: &'static [(&'static str, &'static str)],
    /// The condition keys it supplies beside those of `aws:`. A `*` at the end stands for any rest.
    pub keys: &'static [&'static str],
}

impl OperationAccess {
    /// Whether the table lets the operation ask for this action.
    pub fn has_action(&self, action: &str) -> bool {
        self.actions.contains(&action)
    }

    /// Whether the table lets the operation supply this condition key, in any casing.
    pub fn has_key(&self, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        let (service, name) = key.split_once(':').unwrap_or_default();
        service == "aws"
            || name.starts_with("resourcetag/")
            || self.keys.iter().any(|known| {
                let known = known.to_ascii_lowercase();
                match known.strip_suffix('*') {
                    Some(start) => key.starts_with(start),
                    None => known == key,
                }
            })
    }
}

/// An operation of a service whose protocol is spoken by hand, with its line in the table of who asks for what.
#[derive(Clone, Copy, Debug)]
pub struct HandledOperation {
    /// `GetObject`
    pub name: &'static str,
    /// `s3:GetObject`, as the audit log names it.
    pub action: &'static str,
    pub kind: Kind,
    pub access: OperationAccess,
}

/// An operation of a service's model. Its input, output and errors are generated.
pub trait Modeled: 'static {
    const SERVICE: Service;
    /// `GetSecretValue`
    const NAME: &'static str;
    /// `secretsmanager:GetSecretValue`
    const ACTION: &'static str;
    const KIND: Kind;
    /// Its line in the table of who asks for what.
    const ACCESS: &'static OperationAccess;
    /// Whether the model gives it an output at all.
    const HAS_OUTPUT: bool;
    type Input: Decode + Send + 'static;
    type Output: Encode + Send + 'static;
    type Error: ServiceError;
}

/// The typed input of an operation, every constraint of the model checked.
pub fn decode_input<O: Modeled>(node: Node) -> Result<O::Input, O::Error> {
    let wire = if O::SERVICE.is_query() {
        Wire::Query
    } else {
        Wire::Json
    };
    Decoder::request(node, wire).map_err(|error| CommonError::from(error).into())
}

impl From<DecodeError> for CommonError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Serialization(message) => Self::Serialization(message),
            DecodeError::Validation(message) => Self::Validation(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Modeled, secretsmanager::get_secret_value::GetSecretValue,
        sts::get_caller_identity::GetCallerIdentity,
    };

    #[test]
    fn the_table_says_what_an_operation_may_ask_for() {
        let access = GetSecretValue::ACCESS;
        assert!(access.has_action("secretsmanager:GetSecretValue"));
        assert!(access.has_action("kms:Decrypt"));
        assert!(!access.has_action("kms:Encrypt"));
        for key in [
            "aws:SourceIp",
            "secretsmanager:versionstage",
            "secretsmanager:ResourceTag/team",
            "kms:EncryptionContext:SecretARN",
            "kms:ViaService",
        ] {
            assert!(access.has_key(key), "{key}");
        }
        assert!(!access.has_key("secretsmanager:Name"));
        assert!(!access.has_key("kms:EncryptionContex"));
        assert!(GetCallerIdentity::ACCESS.actions.is_empty());
    }
}
