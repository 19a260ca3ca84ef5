//! `iam:UpdateRoleDescription`

use api::{
    Modeled as _,
    iam::{
        Error,
        update_role_description::{Input, Output, UpdateRoleDescription},
    },
};

use super::{answer, locate};
use crate::{Cx, Operation};

impl Operation for UpdateRoleDescription {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let mut role = locate::role(cx, Self::ACTION, &input.role_name).await?;
        role.description = Some(input.description);
        cx.db
            .update_role(
                &role.id,
                role.description.as_deref(),
                role.max_session_duration,
            )
            .await?;
        Ok(Output {
            role: Some(answer::role(&role, cx.partition())),
        })
    }
}
