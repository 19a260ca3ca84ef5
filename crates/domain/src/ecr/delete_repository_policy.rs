//! `ecr:DeleteRepositoryPolicy`

use api::{
    Modeled,
    ecr::{
        Error,
        delete_repository_policy::{DeleteRepositoryPolicy, Input, Output},
    },
};

use super::{get_repository_policy::without_policy, repository};
use crate::{Cx, Operation};

impl Operation for DeleteRepositoryPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let mut row = repository::locate(cx, Self::ACTION, &address).await?;
        let policy = row.policy.take().ok_or_else(|| without_policy(&address))?;
        cx.db.save_ecr_repository(&row).await?;
        Ok(Output {
            registry_id: Some(address.account.to_string()),
            repository_name: Some(address.name),
            policy_text: Some(policy),
        })
    }
}
