//! `iam:DetachGroupPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        detach_group_policy::{DetachGroupPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::attachments;
use crate::{Cx, Operation};

impl Operation for DetachGroupPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.group_name, &input.policy_arn);
        attachments::detach(cx, Self::ACTION, EntityKind::Group, name, arn).await?;
        Ok(Output {})
    }
}
