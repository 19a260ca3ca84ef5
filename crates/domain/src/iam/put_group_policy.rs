//! `iam:PutGroupPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_group_policy::{Input, Output, PutGroupPolicy},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for PutGroupPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        inline::put(cx, &group, &input.policy_name, &input.policy_document).await?;
        Ok(Output {})
    }
}
