//! `ecr:GetRepositoryPolicy`

use api::{
    Modeled,
    ecr::{
        Error,
        get_repository_policy::{GetRepositoryPolicy, Input, Output},
    },
};
use store::ecr::RepositoryAddress;

use super::repository;
use crate::{Cx, Operation};

impl Operation for GetRepositoryPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        let row = repository::locate(cx, Self::ACTION, &address).await?;
        let policy = row.policy.ok_or_else(|| without_policy(&address))?;
        Ok(Output {
            registry_id: Some(address.account.to_string()),
            repository_name: Some(address.name),
            policy_text: Some(policy),
        })
    }
}

pub(super) fn without_policy(RepositoryAddress { account, name, .. }: &RepositoryAddress) -> Error {
    Error::RepositoryPolicyNotFound(format!(
        "Repository policy does not exist for the repository with name '{name}' in the registry with id '{account}'"
    ))
}
