//! `iam:DeleteUser`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_user::{DeleteUser, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation, identity};

impl Operation for DeleteUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        let keys = cx.db.access_keys_of(&user.account, Some(&user.id)).await?;
        if !keys.is_empty() {
            let text = "Cannot delete entity, must remove referenced objects first.";
            return Err(Error::DeleteConflict(text.to_owned()));
        }
        if !cx.db.groups_of(&user.id).await?.is_empty() {
            let text = "Cannot delete entity, must remove users from group first.";
            return Err(Error::DeleteConflict(text.to_owned()));
        }
        inline::refuse_if_policies_remain(cx, &user).await?;
        cx.db.delete_entity(&user).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
