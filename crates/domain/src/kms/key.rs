//! A key as operations see it.

use api::kms::{
    CustomerMasterKeySpec, EncryptionAlgorithmSpec, Error, KeyManagerType, KeyMetadata, KeySpec,
    KeyState, KeyUsageType, MultiRegionConfiguration, MultiRegionKey, MultiRegionKeyType,
    OriginType,
};
use store::kms::{KeyAddress, KeyRow};
use types::{Arn, Fault};

/// A key, its metadata and its policy; never its material.
#[derive(Debug, Clone)]
pub struct Key {
    pub(super) row: KeyRow,
    pub(super) state: KeyState,
    /// The alias that the request named it by (`kms:RequestAlias`).
    pub(super) requested_alias: Option<String>,
}

impl Key {
    pub(super) fn from_row(row: KeyRow) -> Result<Self, Fault> {
        let state = row.key_state.parse().map_err(Fault::new)?;
        Ok(Self {
            row,
            state,
            requested_alias: None,
        })
    }

    /// The key's ARN, which answers and ciphertexts name it by.
    pub fn arn(&self) -> String {
        arn(&self.row.address).to_string()
    }

    /// Whether AWS manages the key for one of its services.
    pub fn is_aws_managed(&self) -> bool {
        self.row.key_manager == KeyManagerType::Aws.as_str()
    }

    /// Refuses a key whose state does not let it encrypt or decrypt.
    pub(super) fn usable(&self) -> Result<(), Error> {
        match self.state {
            KeyState::Enabled => Ok(()),
            KeyState::Disabled => Err(Error::Disabled(format!("{} is disabled.", self.arn()))),
            _ => self.not_pending(),
        }
    }

    /// Refuses a key that is on its way out.
    pub(super) fn not_pending(&self) -> Result<(), Error> {
        let what = match self.state {
            KeyState::Enabled | KeyState::Disabled => return Ok(()),
            KeyState::PendingDeletion => "pending deletion",
            KeyState::PendingImport => "pending import",
            _ => "in an invalid state",
        };
        let text = format!("{} is {what}.", self.arn());
        Err(Error::KmsInvalidState(text))
    }

    /// Gives the key another state, here and in its row.
    pub(super) fn set_state(&mut self, state: KeyState) {
        self.state = state;
        state.as_str().clone_into(&mut self.row.key_state);
    }

    /// Refuses an algorithm that a symmetric key does not have.
    pub(super) fn has_algorithm(algorithm: Option<EncryptionAlgorithmSpec>) -> Result<(), Error> {
        match algorithm {
            None | Some(EncryptionAlgorithmSpec::SymmetricDefault) => Ok(()),
            Some(other) => Err(Error::InvalidKeyUsage(format!(
                "Algorithm {} is incompatible with key spec {}.",
                other.as_str(),
                KeySpec::SymmetricDefault.as_str()
            ))),
        }
    }

    /// What `CreateKey` and `DescribeKey` answer.
    pub(super) fn metadata(&self) -> Result<KeyMetadata, Fault> {
        let row = &self.row;
        Ok(KeyMetadata {
            aws_account_id: Some(row.address.account.to_string()),
            key_id: Some(row.address.key_id.clone()),
            arn: Some(self.arn()),
            creation_date: Some(row.created),
            enabled: Some(self.state == KeyState::Enabled),
            description: Some(row.description.clone()),
            key_usage: Some(row.key_usage.parse::<KeyUsageType>().map_err(Fault::new)?),
            key_state: Some(self.state),
            deletion_date: row.deletion_date,
            origin: Some(row.origin.parse::<OriginType>().map_err(Fault::new)?),
            key_manager: Some(
                row.key_manager
                    .parse::<KeyManagerType>()
                    .map_err(Fault::new)?,
            ),
            customer_master_key_spec: Some(
                row.key_spec
                    .parse::<CustomerMasterKeySpec>()
                    .map_err(Fault::new)?,
            ),
            key_spec: Some(row.key_spec.parse::<KeySpec>().map_err(Fault::new)?),
            encryption_algorithms: Some(vec![EncryptionAlgorithmSpec::SymmetricDefault]),
            multi_region: Some(row.multi_region),
            multi_region_configuration: row.multi_region.then(|| self.multi_region_configuration()),
            current_key_material_id: Some(row.current_material.clone()),
            ..KeyMetadata::default()
        })
    }

    fn multi_region_configuration(&self) -> MultiRegionConfiguration {
        MultiRegionConfiguration {
            multi_region_key_type: Some(MultiRegionKeyType::Primary),
            primary_key: Some(MultiRegionKey {
                arn: Some(self.arn()),
                region: Some(self.row.address.region.to_string()),
            }),
            replica_keys: Some(Vec::new()),
        }
    }
}

/// The ARN of the key at an address.
pub(super) fn arn(address: &KeyAddress) -> Arn {
    let KeyAddress {
        account,
        region,
        key_id,
    } = address;
    Arn::new(
        region.partition(),
        "kms",
        region.as_str(),
        account.as_str(),
        format!("key/{key_id}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(state: &str) -> Key {
        let address = KeyAddress {
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
        };
        let row = KeyRow {
            address,
            description: String::new(),
            key_usage: "ENCRYPT_DECRYPT".to_owned(),
            key_spec: "SYMMETRIC_DEFAULT".to_owned(),
            key_state: state.to_owned(),
            key_manager: "CUSTOMER".to_owned(),
            origin: "AWS_KMS".to_owned(),
            multi_region: false,
            policy: String::new(),
            tags: Vec::new(),
            current_material: "ab".repeat(32),
            created: types::Timestamp::from_secs(1),
            deletion_date: None,
            rotation: None,
            aliases: Vec::new(),
            has_grants: false,
        };
        Key::from_row(row).unwrap()
    }

    fn refusal(outcome: Result<(), Error>) -> String {
        outcome.map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn only_an_enabled_key_encrypts_and_decrypts() {
        let arn = key("Enabled").arn();
        assert_eq!(refusal(key("Enabled").usable()), "fine");
        assert_eq!(
            refusal(key("Disabled").usable()),
            format!("DisabledException: {arn} is disabled.")
        );
        assert_eq!(
            refusal(key("PendingDeletion").usable()),
            format!("KMSInvalidStateException: {arn} is pending deletion.")
        );
        assert_eq!(
            refusal(key("PendingImport").usable()),
            format!("KMSInvalidStateException: {arn} is pending import.")
        );
    }

    #[test]
    fn a_disabled_key_still_takes_an_alias_and_one_on_its_way_out_does_not() {
        assert_eq!(refusal(key("Disabled").not_pending()), "fine");
        assert!(refusal(key("PendingDeletion").not_pending()).contains("pending deletion"));
    }

    #[test]
    fn a_multi_region_key_says_that_it_is_the_primary_one() {
        let mut key = key("Enabled");
        assert_eq!(key.metadata().unwrap().multi_region_configuration, None);
        key.row.multi_region = true;
        let configuration = key.metadata().unwrap().multi_region_configuration.unwrap();
        assert_eq!(configuration.primary_key.unwrap().arn, Some(key.arn()));
    }
}
