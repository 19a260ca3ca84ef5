//! `iam:ListRoles`

use api::{
    Modeled as _,
    iam::{
        Error, Role,
        list_roles::{Input, ListRoles, Output},
    },
};
use store::iam::NamePage;

use super::{answer, locate, page::Page};
use crate::{Access, Cx, Operation};

impl Operation for ListRoles {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let resource = locate::iam_arn(cx, format!("role{prefix}"));
        cx.authorize(Access::new(Self::ACTION, resource))?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let account = cx.account().clone();
        let rows = cx.db.list_roles(NamePage {
            account: &account,
            path_prefix: prefix,
            after: &page.after,
            limit: page.limit(),
        });
        let paged = page.cut(rows.await?, |role| &role.name);
        // AWS: a list shows neither RoleLastUsed nor tags nor boundary.
        let roles = paged.items.iter().map(|role| Role {
            max_session_duration: i32::try_from(role.max_session_duration).ok(),
            ..answer::role(role, cx.partition())
        });
        Ok(Output {
            roles: Some(roles.collect()),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
