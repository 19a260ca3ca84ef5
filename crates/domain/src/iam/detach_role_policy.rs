//! `iam:DetachRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        detach_role_policy::{DetachRolePolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::attachments;
use crate::{Cx, Operation};

impl Operation for DetachRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.role_name, &input.policy_arn);
        attachments::detach(cx, Self::ACTION, EntityKind::Role, name, arn).await?;
        Ok(Output {})
    }
}
