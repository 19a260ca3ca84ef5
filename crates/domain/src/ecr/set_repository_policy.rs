//! `ecr:SetRepositoryPolicy`

use api::{
    Modeled,
    ecr::{
        Error,
        set_repository_policy::{Input, Output, SetRepositoryPolicy},
    },
};

use super::repository;
use crate::{Cx, Operation};

impl Operation for SetRepositoryPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let mut row = repository::locate(cx, Self::ACTION, &address).await?;
        if repository::parse_policy(&input.policy_text).is_none() {
            return Err(Error::InvalidParameter(
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
                    .to_owned(),
            ));
        }
        row.policy = Some(input.policy_text);
        cx.db.save_ecr_repository(&row).await?;
        Ok(Output {
            registry_id: Some(address.account.to_string()),
            repository_name: Some(address.name),
            policy_text: row.policy,
        })
    }
}
