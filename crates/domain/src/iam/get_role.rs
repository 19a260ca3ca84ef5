//! `iam:GetRole`

use api::{
    Modeled as _,
    iam::{
        Error, Role,
        get_role::{GetRole, Input, Output},
    },
};

use super::{answer, locate};
use crate::{Cx, Operation, identity};

impl Operation for GetRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name).await?;
        let last_used = identity::last_use(cx, &role.id).await?;
        Ok(Output {
            role: Some(Role {
                max_session_duration: i32::try_from(role.max_session_duration).ok(),
                role_last_used: Some(answer::role_last_used(last_used)),
                tags: answer::tags(&role.tags),
                permissions_boundary: answer::boundary(role.boundary.as_ref()),
                ..answer::role(&role, cx.partition())
            }),
        })
    }
}
