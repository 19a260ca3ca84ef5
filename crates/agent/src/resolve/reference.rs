//! The grammar of a Secrets Manager reference: an ARN, with or without the three fields that select inside the secret.

use types::{Arn, ParseArnError};

/// What one `valueFrom` asks Secrets Manager for. Absent fields are not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretReference {
    pub secret_id: String,
    pub json_key: Option<String>,
    pub version_stage: Option<String>,
    pub version_id: Option<String>,
}

/// A `valueFrom` that names no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReferenceError {
    #[error(transparent)]
    Arn(#[from] ParseArnError),
    #[error(
        "an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again."
    )]
    Format,
}

impl SecretReference {
    /// `arn:…:secret:NAME`, or `arn:…:secret:NAME:json-key:version-stage:version-id` with all three fields there, each
    /// possibly empty.
    pub fn parse(value_from: &str) -> Result<Self, ReferenceError> {
        let arn: Arn = value_from.parse()?;
        let parts: Vec<&str> = arn.resource.split(':').collect();
        match parts.as_slice() {
            [_, _] => Ok(Self {
                secret_id: value_from.to_owned(),
                json_key: None,
                version_stage: None,
                version_id: None,
            }),
            [kind, name, json_key, version_stage, version_id] => {
                let present = |field: &str| (!field.is_empty()).then(|| field.to_owned());
                let resource = format!("{kind}:{name}");
                Ok(Self {
                    json_key: present(json_key),
                    version_stage: present(version_stage),
                    version_id: present(version_id),
                    secret_id: Arn { resource, ..arn }.to_string(),
                })
            }
            _ => Err(ReferenceError::Format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";

    fn parts(tail: &str) -> [Option<String>; 3] {
        let reference = SecretReference::parse(&format!("{SECRET}{tail}")).unwrap();
        assert_eq!(reference.secret_id, SECRET);
        [
            reference.json_key,
            reference.version_stage,
            reference.version_id,
        ]
    }

    #[test]
    fn each_of_the_three_fields_may_be_empty() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts(""), [None, None, None]);
        assert_eq!(parts(":::"), [None, None, None]);
        assert_eq!(parts(":user::"), [some("user"), None, None]);
        assert_eq!(parts("::AWSPREVIOUS:"), [None, some("AWSPREVIOUS"), None]);
        assert_eq!(parts(":a:b:c"), [some("a"), some("b"), some("c")]);
    }

    #[test]
    fn fewer_or_more_fields_are_no_reference() {
        for tail in [":user", ":user:", ":user:::"] {
            let error = SecretReference::parse(&format!("{SECRET}{tail}")).unwrap_err();
            assert_eq!(error, ReferenceError::Format, "{tail}");
        }
    }
}
