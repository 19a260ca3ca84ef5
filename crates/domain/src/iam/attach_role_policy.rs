//! `iam:AttachRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        attach_role_policy::{AttachRolePolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::attachments;
use crate::{Cx, Operation};

impl Operation for AttachRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.role_name, &input.policy_arn);
        attachments::attach(cx, Self::ACTION, EntityKind::Role, name, arn).await?;
        Ok(Output {})
    }
}
