//! `iam:ListRoles`

use api::{
    Modeled as _,
    iam::{
        Error, Role,
        list_roles::{Input, ListRoles, Output},
    },
};
use store::iam::{EntityKind, NamePage};

use super::{answer, listing, page::Page, trust};
use crate::{Cx, Operation};

impl Operation for ListRoles {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let prefix = listing::authorize(cx, Self::ACTION, EntityKind::Role, input.path_prefix)?;
        let account = cx.account().clone();
        let rows = cx.db.list_roles(NamePage {
            account: &account,
            path_prefix: &prefix,
            after: &page.after,
            limit: page.limit(),
        });
        let mut paged = page.cut(rows.await?, |role| &role.name);
        for role in &mut paged.items {
            trust::show(cx, role).await?;
        }
        // AWS: a list shows neither RoleLastUsed nor tags nor boundary.
        let roles = paged.map(|role| Role {
            max_session_duration: i32::try_from(role.max_session_duration).ok(),
            ..answer::role(&role, cx.partition())
        });
        Ok(Output {
            roles: Some(roles.items),
            is_truncated: roles.is_truncated,
            marker: roles.marker,
        })
    }
}
