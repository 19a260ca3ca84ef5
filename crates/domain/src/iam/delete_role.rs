//! `iam:DeleteRole`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_role::{DeleteRole, Input, Output},
    },
};

use super::{inline, locate};
use crate::{Cx, Operation, identity};

impl Operation for DeleteRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| access).await?;
        inline::refuse_if_policies_remain(cx, &role.id).await?;
        cx.db.delete_role(&role.id).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
