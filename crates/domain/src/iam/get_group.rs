//! `iam:GetGroup`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_group::{GetGroup, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{answer, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for GetGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let members = cx.db.group_members(&group.id).await?;
        let paged = page.cut_all(members, |user| user.name.to_lowercase());
        let users = paged.map(|user| answer::user(&user, cx.partition()));
        Ok(Output {
            group: Some(answer::group(&group, cx.partition())),
            users: Some(users.items),
            is_truncated: users.is_truncated,
            marker: users.marker,
        })
    }
}
