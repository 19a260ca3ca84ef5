//! `iam:ListGroupsForUser`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_groups_for_user::{Input, ListGroupsForUser, Output},
    },
};
use store::iam::EntityKind;

use super::{answer, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListGroupsForUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let groups = cx.db.groups_of(&user.id).await?;
        let paged = page.cut_all(groups, |group| group.name.to_lowercase());
        let groups = paged.map(|group| answer::group(&group, cx.partition()));
        Ok(Output {
            groups: Some(groups.items),
            is_truncated: groups.is_truncated,
            marker: groups.marker,
        })
    }
}
