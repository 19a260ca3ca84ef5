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
        if !cx.db.remove_group_member(&group.id, &user.id).await? {
            let text = format!("User {} is not in group {}.", user.name, group.name);
            return Err(Error::NoSuchEntity(text));
        }
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
