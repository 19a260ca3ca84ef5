//! `secretsmanager:DeleteResourcePolicy`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        delete_resource_policy::{DeleteResourcePolicy, Input, Output},
    },
};

use super::{errors, locate::locate, replicas, resource_policy};
use crate::{Cx, Operation};

impl Operation for DeleteResourcePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_unwritable(&secret)?;
        resource_policy::refuse_other(input.policy_name.as_deref())?;
        if secret.policy.take().is_some() {
            replicas::save_changed(cx, &mut secret).await?;
        }
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            policy_name: input.policy_name,
        })
    }
}
