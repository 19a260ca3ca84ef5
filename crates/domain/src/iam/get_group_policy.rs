//! `iam:GetGroupPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_group_policy::{GetGroupPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{document, inline, locate};
use crate::{Cx, Operation};

impl Operation for GetGroupPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        let policy = inline::get(cx, &group, &input.policy_name).await?;
        Ok(Output {
            group_name: Some(group.name),
            policy_name: Some(policy.name),
            policy_document: Some(document::encode(&policy.document)),
        })
    }
}
