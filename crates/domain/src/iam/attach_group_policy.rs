//! `iam:AttachGroupPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        attach_group_policy::{AttachGroupPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::attachments;
use crate::{Cx, Operation};

impl Operation for AttachGroupPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.group_name, &input.policy_arn);
        attachments::attach(cx, Self::ACTION, EntityKind::Group, name, arn).await?;
        Ok(Output {})
    }
}
