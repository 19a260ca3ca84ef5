//! `secretsmanager:GetResourcePolicy`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        get_resource_policy::{GetResourcePolicy, Input, Output},
    },
};

use super::{errors, locate::locate, resource_policy};
use crate::{Cx, Operation, identity::principals};

impl Operation for GetResourcePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_marked(&secret)?;
        if !resource_policy::is_default(input.policy_name.as_deref()) {
            return Err(Error::ResourceNotFound(
                "Secrets Manager can't find the specified resource policy.".to_owned(),
            ));
        }
        let policy = match &secret.policy {
            Some(kept) => Some(principals::unbind(cx, kept).await?),
            None => None,
        };
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            policy_name: input.policy_name,
            resource_policy: policy,
        })
    }
}
