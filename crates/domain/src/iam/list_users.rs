//! `iam:ListUsers`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_users::{Input, ListUsers, Output},
    },
};
use store::iam::NamePage;

use super::{answer, locate, page::Page};
use crate::{Access, Cx, Operation};

impl Operation for ListUsers {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let resource = locate::iam_arn(cx, format!("user{prefix}"));
        cx.authorize(Access::new(Self::ACTION, resource))?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let account = cx.account().clone();
        let rows = cx.db.list_users(NamePage {
            account: &account,
            path_prefix: prefix,
            after: &page.after,
            limit: page.limit(),
        });
        let paged = page.cut(rows.await?, |user| &user.name);
        let users = paged
            .items
            .iter()
            .map(|user| answer::user(user, cx.partition()));
        Ok(Output {
            users: Some(users.collect()),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
