//! `iam:ListUsers`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_users::{Input, ListUsers, Output},
    },
};
use store::iam::EntityKind;

use super::{answer, listing, page::Page};
use crate::{Cx, Operation};

impl Operation for ListUsers {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged =
            listing::list(cx, Self::ACTION, EntityKind::User, input.path_prefix, &page).await?;
        let users = paged.map(|user| answer::user(&user, cx.partition()));
        Ok(Output {
            users: Some(users.items),
            is_truncated: users.is_truncated,
            marker: users.marker,
        })
    }
}
