//! `iam:AttachUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        attach_user_policy::{AttachUserPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::attachments;
use crate::{Cx, Operation};

impl Operation for AttachUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.user_name, &input.policy_arn);
        attachments::attach(cx, Self::ACTION, EntityKind::User, name, arn).await?;
        Ok(Output {})
    }
}
