//! `iam:PutUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_user_policy::{Input, Output, PutUserPolicy},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for PutUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        inline::put(cx, &user, &input.policy_name, &input.policy_document).await?;
        Ok(Output {})
    }
}
