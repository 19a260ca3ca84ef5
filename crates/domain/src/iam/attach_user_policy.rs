//! `iam:AttachUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        attach_user_policy::{AttachUserPolicy, Input, Output},
    },
};

use super::{attachments, locate};
use crate::{Cx, Operation};

impl Operation for AttachUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        locate::check_policy_arn(&input.policy_arn)?;
        let policy = input.policy_arn.clone();
        let user = locate::user(cx, Self::ACTION, &input.user_name, |access| {
            access.with("iam:PolicyARN", policy)
        })
        .await?;
        attachments::attach(cx, &user.id, &input.policy_arn, "PoliciesPerUser").await?;
        Ok(Output {})
    }
}
