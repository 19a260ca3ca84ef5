//! `ecr:CreateRepository`

use api::{
    CommonError, Modeled,
    ecr::{
        EncryptionType, Error,
        create_repository::{CreateRepository, Input, Output},
    },
};
use store::ecr::RepositoryRow;

use super::{repository, settings::Settings, tags};
use crate::{Cx, Operation};

impl Operation for CreateRepository {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let mut given = Vec::new();
        tags::add(&mut given, input.tags.unwrap_or_default())?;
        let pairs = || {
            given
                .iter()
                .map(|tag| (tag.key.as_str(), tag.value.as_str()))
        };
        for action in [Self::ACTION, "ecr:TagResource"] {
            if action == Self::ACTION || !given.is_empty() {
                let access = repository::access(action, &address, None)?;
                repository::authorize(cx, access.with_request_tags(pairs()))?;
            }
        }
        let encryption = input.encryption_configuration.as_ref();
        if encryption.is_some_and(|given| given.encryption_type != EncryptionType::Aes256) {
            // The registry behind this server keeps the layers, and encrypts them or not.
            let what = "ecr:CreateRepository with encryption under a KMS key".to_owned();
            return Err(CommonError::Unsupported(what).into());
        }
        let scanning = input.image_scanning_configuration;
        let settings = Settings::new(
            input.image_tag_mutability,
            input.image_tag_mutability_exclusion_filters,
            scanning
                .and_then(|given| given.scan_on_push)
                .unwrap_or_default(),
        )?;
        let row = RepositoryRow {
            address,
            settings: settings.write(),
            policy: None,
            tags: given,
            created: cx.now(),
        };
        if !cx.db.insert_ecr_repository(&row).await? {
            return Err(Error::RepositoryAlreadyExists(format!(
                "The repository with name '{}' already exists in the registry with id '{}'",
                row.address.name, row.address.account
            )));
        }
        Ok(Output {
            repository: Some(repository::shown(cx, &row)?),
        })
    }
}
