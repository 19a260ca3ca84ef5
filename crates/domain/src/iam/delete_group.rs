//! `iam:DeleteGroup`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_group::{DeleteGroup, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{inline, locate};
use crate::{Cx, Operation};

impl Operation for DeleteGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        if !cx.db.group_members(&group.id).await?.is_empty() {
            let text = "Cannot delete entity, must remove users from group first.";
            return Err(Error::DeleteConflict(text.to_owned()));
        }
        inline::refuse_if_policies_remain(cx, &group).await?;
        cx.db.delete_entity(&group).await?;
        Ok(Output {})
    }
}
