//! `secretsmanager:GetResourcePolicy`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        get_resource_policy::{GetResourcePolicy, Input, Output},
    },
};

use super::{errors, locate::locate};
use crate::{Cx, Operation, identity::principals};

impl Operation for GetResourcePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_marked(&secret)?;
        let policy = match &secret.policy {
            Some(kept) => Some(principals::unbind(cx, kept).await?),
            None => None,
        };
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            resource_policy: policy,
        })
    }
}
