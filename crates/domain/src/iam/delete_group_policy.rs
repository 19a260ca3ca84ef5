//! `iam:DeleteGroupPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_group_policy::{DeleteGroupPolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for DeleteGroupPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        inline::delete(cx, &group, &input.policy_name).await?;
        Ok(Output {})
    }
}
