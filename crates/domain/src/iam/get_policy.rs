//! `iam:GetPolicy`

use api::{
    Modeled as _,
    iam::{
        Error, Policy,
        get_policy::{GetPolicy, Input, Output},
    },
};

use super::{
    answer,
    locate::{self, Managed},
    usage,
};
use crate::{Cx, Operation};

impl Operation for GetPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy = locate::policy(cx, Self::ACTION, &input.policy_arn).await?;
        let usage = usage::count(cx, &input.policy_arn).await?;
        let policy = match policy {
            Managed::Customer(row) => Policy {
                description: row.description.clone(),
                tags: Some(answer::all_tags(&row.tags)),
                ..answer::policy(&row, usage)
            },
            Managed::Aws(policy) => Policy {
                description: Some(policy.description.to_owned()),
                tags: Some(Vec::new()),
                ..answer::aws_policy(policy, cx.partition(), usage)
            },
        };
        Ok(Output {
            policy: Some(policy),
        })
    }
}
