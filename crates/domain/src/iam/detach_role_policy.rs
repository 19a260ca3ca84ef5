//! `iam:DetachRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        detach_role_policy::{DetachRolePolicy, Input, Output},
    },
};

use super::{attachments, locate};
use crate::{Cx, Operation};

impl Operation for DetachRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        locate::check_policy_arn(&input.policy_arn)?;
        let policy = input.policy_arn.clone();
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| {
            access.with("iam:PolicyARN", policy)
        })
        .await?;
        attachments::detach(cx, &role.id, &input.policy_arn).await?;
        Ok(Output {})
    }
}
