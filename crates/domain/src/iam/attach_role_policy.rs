//! `iam:AttachRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        attach_role_policy::{AttachRolePolicy, Input, Output},
    },
};

use super::{attachments, locate};
use crate::{Cx, Operation};

impl Operation for AttachRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        locate::check_policy_arn(&input.policy_arn)?;
        let policy = input.policy_arn.clone();
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| {
            access.with("iam:PolicyARN", policy)
        })
        .await?;
        attachments::attach(cx, &role.id, &input.policy_arn, "PoliciesPerRole").await?;
        Ok(Output {})
    }
}
