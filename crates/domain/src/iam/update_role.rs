//! `iam:UpdateRole`

use api::{
    Modeled as _,
    iam::{
        Error,
        update_role::{Input, Output, UpdateRole},
    },
};

use super::locate;
use crate::{Cx, Operation};

impl Operation for UpdateRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name).await?;
        let description = input.description.or_else(|| role.description.clone());
        let duration = input.max_session_duration.map(i64::from);
        let duration = duration.unwrap_or(role.max_session_duration);
        cx.db
            .update_role(&role.id, description.as_deref(), duration)
            .await?;
        Ok(Output {})
    }
}
