//! `iam:PutRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_role_policy::{Input, Output, PutRolePolicy},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for PutRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::entity(cx, Self::ACTION, EntityKind::Role, &input.role_name).await?;
        inline::put(cx, &role, &input.policy_name, &input.policy_document).await?;
        Ok(Output {})
    }
}
