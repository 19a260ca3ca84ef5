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
        let role = locate::role(cx, Self::ACTION, &input.role_name).await?;
        if !cx.db.instance_profiles_of(&role).await?.is_empty() {
            let text = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(Error::DeleteConflict(text.to_owned()));
        }
        inline::refuse_if_policies_remain(cx, &role).await?;
        cx.db.delete_entity(&role).await?;
        cx.db.forget_uses(&role.id).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
