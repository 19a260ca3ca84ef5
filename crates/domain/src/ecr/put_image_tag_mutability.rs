//! `ecr:PutImageTagMutability`

use api::{
    Modeled,
    ecr::{
        Error,
        put_image_tag_mutability::{Input, Output, PutImageTagMutability},
    },
};

use super::{repository, settings::Settings};
use crate::{Cx, Operation};

impl Operation for PutImageTagMutability {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let mut row = repository::locate(cx, Self::ACTION, &address).await?;
        let settings = Settings::new(
            Some(input.image_tag_mutability),
            input.image_tag_mutability_exclusion_filters,
            Settings::read(&row.settings)?.scan_on_push,
        )?;
        row.settings = settings.write();
        cx.db.save_ecr_repository(&row).await?;
        Ok(Output {
            registry_id: Some(address.account.to_string()),
            repository_name: Some(address.name),
            image_tag_mutability: settings.mutability(),
            image_tag_mutability_exclusion_filters: settings.exclusion_filters(),
        })
    }
}
