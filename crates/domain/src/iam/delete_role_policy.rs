//! `iam:DeleteRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_role_policy::{DeleteRolePolicy, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for DeleteRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::entity(cx, Self::ACTION, EntityKind::Role, &input.role_name).await?;
        inline::delete(cx, &role, &input.policy_name).await?;
        Ok(Output {})
    }
}
