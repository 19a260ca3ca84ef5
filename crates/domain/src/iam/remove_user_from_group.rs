//! `iam:RemoveUserFromGroup`

use api::{
    Modeled as _,
    iam::{
        Error,
        remove_user_from_group::{Input, Output, RemoveUserFromGroup},
    },
};

use super::members;
use crate::{Cx, Operation, identity};

impl Operation for RemoveUserFromGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (group, user) =
            members::locate(cx, Self::ACTION, &input.group_name, &input.user_name).await?;
        // AWS: who is not in the group is removed from it all the same.
        cx.db.remove_group_member(&group.id, &user.id).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
