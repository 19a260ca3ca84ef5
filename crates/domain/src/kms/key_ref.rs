//! The ways to name a key.

use api::kms::Error;
use store::kms::KeyAddress;
use types::{AccountId, Arn, Region};

/// A `KeyId` member, understood: a key or an alias of an account in the region of the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyRef {
    Key(KeyAddress),
    Alias {
        account: AccountId,
        region: Region,
        /// With its prefix: `alias/app`.
        name: String,
    },
}

impl KeyRef {
    /// Reads a key id, key ARN, alias name or alias ARN.
    pub(super) fn parse(text: &str, account: &AccountId, region: &Region) -> Result<Self, Error> {
        let (owner, resource) = match text.parse::<Arn>() {
            Ok(arn) if arn.service == "kms" => {
                if arn.region != region.as_str() {
                    return Err(Error::NotFound(format!("Invalid arn {}", arn.region)));
                }
                let owner = arn.account.parse().map_err(|_| invalid(text))?;
                let resource = match arn.resource.strip_prefix("key/") {
                    Some(id) => id.to_owned(),
                    None if arn.resource.starts_with("alias/") => arn.resource,
                    None => return Err(invalid(text)),
                };
                (owner, resource)
            }
            Ok(_) => return Err(invalid(text)),
            Err(_) => (account.clone(), text.to_owned()),
        };
        if resource.starts_with("alias/") {
            return Ok(Self::Alias {
                account: owner,
                region: region.clone(),
                name: resource,
            });
        }
        if !is_key_id(&resource) {
            return Err(invalid(text));
        }
        Ok(Self::Key(KeyAddress {
            account: owner,
            region: region.clone(),
            key_id: resource,
        }))
    }

    /// Reads a key id or key ARN, for the operations that take no alias.
    pub(super) fn parse_key(
        text: &str,
        account: &AccountId,
        region: &Region,
    ) -> Result<KeyAddress, Error> {
        match Self::parse(text, account, region)? {
            Self::Key(address) => Ok(address),
            Self::Alias { .. } => Err(invalid(text)),
        }
    }
}

fn invalid(text: &str) -> Error {
    Error::NotFound(format!("Invalid keyId '{text}'"))
}

/// A UUID with dashes, or `mrk-` and 32 hexadecimal digits.
pub(super) fn is_key_id(text: &str) -> bool {
    let hex =
        |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(rest) = text.strip_prefix("mrk-") {
        return hex(rest, 32);
    }
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<_> = text.split('-').collect();
    parts.len() == lengths.len() && parts.iter().zip(lengths).all(|(part, len)| hex(part, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn parse(text: &str) -> Result<KeyRef, Error> {
        let account = "111122223333".parse().unwrap();
        KeyRef::parse(text, &account, &"eu-west-1".parse().unwrap())
    }

    fn owner_and_name(text: &str) -> (String, String) {
        match parse(text).unwrap() {
            KeyRef::Key(at) => (at.account.to_string(), at.key_id),
            KeyRef::Alias { account, name, .. } => (account.to_string(), name),
        }
    }

    fn message(text: &str) -> String {
        match parse(text) {
            Err(Error::NotFound(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_is_named_by_id_arn_alias_or_alias_arn() {
        let (ours, theirs) = ("111122223333", "444455556666");
        let named = |account: &str, name: &str| (account.to_owned(), name.to_owned());
        assert_eq!(owner_and_name(ID), named(ours, ID));
        assert_eq!(
            owner_and_name(&format!("arn:aws:kms:eu-west-1:{theirs}:key/{ID}")),
            named(theirs, ID)
        );
        assert_eq!(owner_and_name("alias/a/b"), named(ours, "alias/a/b"));
        assert_eq!(
            owner_and_name(&format!("arn:aws:kms:eu-west-1:{theirs}:alias/app")),
            named(theirs, "alias/app")
        );
        let multi_region = format!("mrk-{}", "a".repeat(32));
        assert_eq!(owner_and_name(&multi_region), named(ours, &multi_region));
    }

    #[test]
    fn what_names_no_key_is_not_found() {
        for bad in [
            "fake-key-id",
            "1234abcd12ab34cd56ef1234567890ab",
            "mrk-fake",
            "arn:aws:kms:eu-west-1:111122223333:grant/x",
            "arn:aws:s3:eu-west-1:111122223333:key/x",
        ] {
            assert_eq!(message(bad), format!("Invalid keyId '{bad}'"));
        }
        let elsewhere = format!("arn:aws:kms:us-east-2:111122223333:key/{ID}");
        assert_eq!(message(&elsewhere), "Invalid arn us-east-2");
    }

    #[test]
    fn some_operations_take_no_alias() {
        let account = "111122223333".parse().unwrap();
        let region = "eu-west-1".parse().unwrap();
        assert!(KeyRef::parse_key(ID, &account, &region).is_ok());
        assert!(KeyRef::parse_key("alias/app", &account, &region).is_err());
    }
}
