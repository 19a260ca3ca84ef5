//! `ecr:DeleteRepository`

use api::{
    Modeled,
    ecr::{
        Error,
        delete_repository::{DeleteRepository, Input, Output},
    },
};

use super::repository;
use crate::{Cx, Operation};

impl Operation for DeleteRepository {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let row = repository::locate(cx, Self::ACTION, &address).await?;
        let is_empty = cx.db.ecr_images(&address, "", 1).await?.is_empty();
        if !is_empty && input.force != Some(true) {
            return Err(Error::RepositoryNotEmpty(format!(
                "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                address.name, address.account
            )));
        }
        cx.db.delete_ecr_repository(&address).await?;
        Ok(Output {
            repository: Some(repository::shown(cx, &row)?),
        })
    }
}
