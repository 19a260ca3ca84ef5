//! The grammar of `valueFrom`: which service holds a secret, in which region, and what the agent is to ask for.
//!
//! On AWS this decision is the control plane's. The agent never looks at the text: it is told provider, region and
//! name, and only takes the trailing fields of a Secrets Manager ARN apart when it fetches.

use std::fmt;

use types::{AccountId, Arn, Region};

/// The longest parameter name ECS accepts.
const LONGEST_NAME: usize = 2048;

/// The service a secret is read from, spelled as the agent's messages spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Secrets Manager.
    Asm,
    /// Parameter Store.
    Ssm,
}

impl Provider {
    /// `asm` or `ssm`; the agent compares the lower-case text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asm => "asm",
            Self::Ssm => "ssm",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A secret as the agent is told to fetch it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretReference {
    pub provider: Provider,
    /// The region the request is made in: that of the ARN, else the task's own.
    pub region: Region,
    /// What the agent asks for: the ARN with its trailing fields, or the bare name of a parameter.
    pub value_from: String,
}

/// Why a `valueFrom` is refused when a task definition is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueFromError {
    /// It begins with `arn:` and is no ARN of a secret or a parameter.
    #[error("Invalid arn syntax.")]
    InvalidArn,
    /// It names a parameter that Parameter Store could not hold. The message names the secret, so it is made by
    /// [`ValueFromError::message`].
    #[error("the parameter name holds characters that Parameter Store does not allow")]
    InvalidParameterName,
}

impl ValueFromError {
    /// The text of the `ClientException`, in ECS's words.
    pub fn message(self, secret_name: &str) -> String {
        match self {
            Self::InvalidArn => self.to_string(),
            Self::InvalidParameterName => format!(
                "The Systems Manager parameter name specified for secret {secret_name} is invalid. The parameter name can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-/"
            ),
        }
    }
}

/// Reads the `valueFrom` of `secrets` and `secretOptions`, for a task of this account and region.
///
/// The number of trailing fields of a Secrets Manager ARN is not looked at: ECS registers a wrong one, and the agent
/// refuses it when the task starts.
pub fn parse(
    value_from: &str,
    account: &AccountId,
    region: &Region,
) -> Result<SecretReference, ValueFromError> {
    if !value_from.starts_with("arn:") {
        return Ok(SecretReference {
            provider: Provider::Ssm,
            region: region.clone(),
            value_from: parameter_name(value_from)?,
        });
    }
    let arn: Arn = value_from.parse().map_err(|_| ValueFromError::InvalidArn)?;
    let there = region_of(&arn, region)?;
    match arn.service.as_str() {
        "secretsmanager" if arn.resource.starts_with("secret:") => Ok(SecretReference {
            provider: Provider::Asm,
            region: there,
            value_from: value_from.to_owned(),
        }),
        "ssm" => Ok(SecretReference {
            provider: Provider::Ssm,
            region: there,
            value_from: parameter_to_ask_for(&arn, value_from, account)?,
        }),
        _ => Err(ValueFromError::InvalidArn),
    }
}

/// Reads a registry's `credentialsParameter`: where a bare name is that of a secret, never of a parameter.
pub fn parse_credentials_parameter(
    text: &str,
    region: &Region,
) -> Result<SecretReference, ValueFromError> {
    let there = if text.starts_with("arn:") {
        let arn: Arn = text.parse().map_err(|_| ValueFromError::InvalidArn)?;
        if arn.service != "secretsmanager" || !arn.resource.starts_with("secret:") {
            return Err(ValueFromError::InvalidArn);
        }
        region_of(&arn, region)?
    } else {
        region.clone()
    };
    Ok(SecretReference {
        provider: Provider::Asm,
        region: there,
        value_from: text.to_owned(),
    })
}

/// Which version of a secret a reference selects. What is `None` is not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SelectedVersion<'a> {
    pub stage: Option<&'a str>,
    pub id: Option<&'a str>,
}

/// Reads the trailing fields of a reference to a secret.
pub fn selected_version(value_from: &str) -> SelectedVersion<'_> {
    // `arn:P:secretsmanager:R:ACCT:secret:NAME` and then `:json-key:version-stage:version-id`.
    let mut fields = value_from.split(':').skip(8);
    let mut next = || fields.next().filter(|field| !field.is_empty());
    SelectedVersion {
        stage: next(),
        id: next(),
    }
}

/// What stands before the id of a secret that is read through Parameter Store.
const SECRET_REFERENCE: &str = "/aws/reference/secretsmanager/";

/// The label or version id that a reference to a secret through Parameter Store names; `None` for what is no such reference.
pub fn selector_of_reference(value_from: &str) -> Option<Option<&str>> {
    let (_, secret) = value_from.split_once(SECRET_REFERENCE)?;
    Some(secret.split_once(':').map(|(_, selector)| selector))
}

fn region_of(arn: &Arn, own: &Region) -> Result<Region, ValueFromError> {
    if arn.region.is_empty() {
        return Ok(own.clone());
    }
    arn.region.parse().map_err(|_| ValueFromError::InvalidArn)
}

/// The bare name for a parameter of the task's own account: Parameter Store answers with bare names, and the agent
/// finds a value by the name in the answer. Only the ARN can name a parameter that another account shares.
fn parameter_to_ask_for(
    arn: &Arn,
    text: &str,
    account: &AccountId,
) -> Result<String, ValueFromError> {
    let rest = arn
        .resource
        .strip_prefix("parameter/")
        .ok_or(ValueFromError::InvalidArn)?;
    // A path is written after `parameter` with one slash, which is its own first one.
    let name = if rest.contains('/') {
        parameter_name(&format!("/{rest}"))?
    } else {
        parameter_name(rest)?
    };
    let own = arn.account.is_empty() || arn.account == account.as_str();
    Ok(if own { name } else { text.to_owned() })
}

fn parameter_name(name: &str) -> Result<String, ValueFromError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(fits) {
        Ok(name.to_owned())
    } else {
        Err(ValueFromError::InvalidParameterName)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";

    fn read(text: &str) -> Result<SecretReference, ValueFromError> {
        parse(
            text,
            &"111122223333".parse().unwrap(),
            &"eu-west-1".parse().unwrap(),
        )
    }

    #[test]
    fn a_reference_selects_a_version_by_stage_or_id_or_not_at_all() {
        let secret = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";
        let selected = |tail: &str| {
            let text = format!("{secret}{tail}");
            let version = selected_version(&text);
            (
                version.stage.map(str::to_owned),
                version.id.map(str::to_owned),
            )
        };
        assert_eq!(selected(""), (None, None));
        assert_eq!(selected(":key::"), (None, None));
        assert_eq!(
            selected("::AWSPREVIOUS:"),
            (Some("AWSPREVIOUS".to_owned()), None)
        );
        assert_eq!(selected(":::1234"), (None, Some("1234".to_owned())));
    }

    #[test]
    fn a_secret_read_through_parameter_store_may_name_a_label_or_a_version() {
        let name = "/aws/reference/secretsmanager/db";
        assert_eq!(selector_of_reference(name), Some(None));
        let labelled = format!("arn:aws:ssm:us-west-2:111122223333:parameter{name}:AWSPREVIOUS");
        assert_eq!(selector_of_reference(&labelled), Some(Some("AWSPREVIOUS")));
        assert_eq!(selector_of_reference("/db"), None);
    }

    #[test]
    fn a_secrets_manager_arn_is_handed_over_whole_with_its_own_region() {
        for tail in ["", ":user::", "::AWSPREVIOUS:", ":::", ":user", ":a:b:c:d"] {
            let text = format!("{SECRET}{tail}");
            let reference = read(&text).unwrap();
            assert_eq!(reference.provider, Provider::Asm);
            assert_eq!(reference.region.as_str(), "us-west-2");
            assert_eq!(reference.value_from, text);
        }
    }

    #[test]
    fn a_bare_name_is_a_parameter_of_the_tasks_region() {
        for name in [
            "DB_PASSWORD",
            "/prod/db/password",
            "/aws/reference/secretsmanager/db",
        ] {
            let reference = read(name).unwrap();
            assert_eq!(reference.provider, Provider::Ssm);
            assert_eq!(reference.region.as_str(), "eu-west-1");
            assert_eq!(reference.value_from, name);
        }
    }

    #[test]
    fn a_parameter_arn_of_the_own_account_becomes_region_and_bare_name() {
        for (text, name) in [
            (
                "arn:aws:ssm:us-east-2:111122223333:parameter/token",
                "token",
            ),
            (
                "arn:aws:ssm:us-east-2:111122223333:parameter/prod/db/token",
                "/prod/db/token",
            ),
            (
                "arn:aws:ssm:us-east-2:111122223333:parameter/aws/reference/secretsmanager/db",
                "/aws/reference/secretsmanager/db",
            ),
        ] {
            let reference = read(text).unwrap();
            assert_eq!(reference.region.as_str(), "us-east-2");
            assert_eq!(reference.value_from, name);
        }
    }

    #[test]
    fn a_parameter_of_another_account_stays_an_arn() {
        let text = "arn:aws:ssm:us-east-2:444455556666:parameter/shared";
        assert_eq!(read(text).unwrap().value_from, text);
    }

    #[test]
    fn versions_labels_and_odd_characters_are_no_parameter_names() {
        for text in [
            "name:3",
            "name:prod",
            "na me",
            "",
            "naïve",
            "arn:aws:ssm:us-east-2:111122223333:parameter/name:3",
        ] {
            assert_eq!(
                read(text),
                Err(ValueFromError::InvalidParameterName),
                "{text}"
            );
        }
        assert!(
            ValueFromError::InvalidParameterName
                .message("TOKEN")
                .starts_with(
                    "The Systems Manager parameter name specified for secret TOKEN is invalid. "
                )
        );
    }

    #[test]
    fn arns_of_anything_else_are_refused() {
        for text in [
            "arn:aws:ssm",
            "arn:aws:s3:::bucket",
            "arn:aws:ssm:us-east-2:111122223333:parameter:/name",
            "arn:aws:secretsmanager:us-west-2:111122223333:other:db",
            "arn:aws:secretsmanager:../etc:111122223333:secret:db",
        ] {
            assert_eq!(read(text), Err(ValueFromError::InvalidArn), "{text}");
        }
    }

    #[test]
    fn a_registrys_bare_name_is_a_secret() {
        let region: Region = "eu-west-1".parse().unwrap();
        let reference = parse_credentials_parameter("registry/login", &region).unwrap();
        assert_eq!(reference.provider, Provider::Asm);
        assert_eq!(reference.region, region);
        assert!(
            parse_credentials_parameter("arn:aws:ssm:us-east-2:1:parameter/x", &region).is_err()
        );
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_never_invents_a_region(text in "\\PC{0,120}") {
            if let Ok(reference) = read(&text) {
                prop_assert!(reference.region.as_str() == "eu-west-1" || text.contains(reference.region.as_str()));
            }
        }

        #[test]
        fn every_parameter_path_survives_its_arn(path in "(/[a-zA-Z0-9_.-]{1,8}){2,4}") {
            let arn = format!("arn:aws:ssm:us-east-2:111122223333:parameter{path}");
            prop_assert_eq!(read(&arn).unwrap().value_from, path);
        }
    }
}
