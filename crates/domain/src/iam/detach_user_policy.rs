//! `iam:DetachUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        detach_user_policy::{DetachUserPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::attachments;
use crate::{Cx, Operation};

impl Operation for DetachUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.user_name, &input.policy_arn);
        attachments::detach(cx, Self::ACTION, EntityKind::User, name, arn).await?;
        Ok(Output {})
    }
}
