//! `iam:DeleteUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_user_policy::{DeleteUserPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for DeleteUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        inline::delete(cx, &user, &input.policy_name).await?;
        Ok(Output {})
    }
}
