//! `iam:AddUserToGroup`

use api::{
    Modeled as _,
    iam::{
        Error,
        add_user_to_group::{AddUserToGroup, Input, Output},
    },
};

use super::{kinds, members};
use crate::{Cx, Operation, identity};

impl Operation for AddUserToGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (group, user) =
            members::locate(cx, Self::ACTION, &input.group_name, &input.user_name).await?;
        let groups = cx.db.groups_of(&user.id).await?;
        if groups.iter().all(|one| one.id != group.id) {
            let count = i64::try_from(groups.len()).unwrap_or(i64::MAX);
            kinds::check_quota(members::GROUPS_PER_USER, count)?;
        }
        cx.db.add_group_member(&group.id, &user.id).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
