//! `iam:GetUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_user_policy::{GetUserPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{document, inline, locate};
use crate::{Cx, Operation};

impl Operation for GetUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        let policy = inline::get(cx, &user, &input.policy_name).await?;
        Ok(Output {
            user_name: Some(user.name),
            policy_name: Some(policy.name),
            policy_document: Some(document::encode(&policy.document)),
        })
    }
}
