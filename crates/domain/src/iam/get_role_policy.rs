//! `iam:GetRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_role_policy::{GetRolePolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{document, inline, locate};
use crate::{Cx, Operation};

impl Operation for GetRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::entity(cx, Self::ACTION, EntityKind::Role, &input.role_name).await?;
        let policy = inline::get(cx, &role, &input.policy_name).await?;
        Ok(Output {
            role_name: Some(role.name),
            policy_name: Some(policy.name),
            policy_document: Some(document::encode(&policy.document)),
        })
    }
}
