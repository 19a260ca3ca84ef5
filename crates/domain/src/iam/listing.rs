//! Lists of an account's users, groups, roles and instance profiles, under a path.

use api::iam::Error;
use store::iam::{EntityKind, EntityRow, NamePage};

use super::{
    kinds, locate,
    page::{Page, Paged},
};
use crate::{Access, Cx};

/// Refuses a caller who may not list what is under a path, and gives the path.
pub(super) fn authorize(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    path_prefix: Option<String>,
) -> Result<String, Error> {
    let prefix = path_prefix.unwrap_or_else(|| "/".to_owned());
    let resource = locate::iam_arn(cx, format!("{}{prefix}", kinds::in_arn(kind)));
    cx.authorize(Access::new(action, resource))?;
    Ok(prefix)
}

/// A page of users or groups.
pub(super) async fn list(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    path_prefix: Option<String>,
    page: &Page,
) -> Result<Paged<EntityRow>, Error> {
    let prefix = authorize(cx, action, kind, path_prefix)?;
    let account = cx.account().clone();
    let rows = cx.db.list_entities(
        kind,
        NamePage {
            account: &account,
            path_prefix: &prefix,
            after: &page.after,
            limit: page.limit(),
        },
    );
    Ok(page.cut(rows.await?, |entity| &entity.name))
}
