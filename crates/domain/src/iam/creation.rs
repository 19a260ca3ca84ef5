//! What creating users, groups, roles and instance profiles has in common.

use api::iam::{self, Error};
use store::iam::{EntityKind, EntityRow};

use super::{kinds, locate, tags};
use crate::{Access, Cx, identity};

/// What is to be created.
pub(super) struct Wanted {
    pub kind: EntityKind,
    pub name: String,
    pub path: Option<String>,
    pub tags: Option<Vec<iam::Tag>>,
    /// The ARN of the managed policy that is to be its permissions boundary.
    pub boundary: Option<String>,
}

/// The row of what is to be created, for a caller who may.
pub(super) async fn prepare(cx: &mut Cx, action: &str, wanted: Wanted) -> Result<EntityRow, Error> {
    let Wanted { kind, name, .. } = wanted;
    let path = wanted.path.unwrap_or_else(|| "/".to_owned());
    let tags = tags::read(wanted.tags)?;
    let arn = locate::iam_arn(cx, format!("{}{path}{name}", kinds::in_arn(kind)));
    cx.authorize(
        Access::new(action, arn)
            .with_request_tags(tags::pairs(&tags))
            .with_some("iam:PermissionsBoundary", wanted.boundary.as_deref()),
    )?;
    if let Some(arn) = &wanted.boundary {
        locate::check_boundary_arn(arn)?;
        locate::as_boundary(cx, arn).await?;
    }
    let account = cx.account().clone();
    if cx.db.entity_by_name(kind, &account, &name).await?.is_some() {
        return Err(kinds::taken(kind, &name));
    }
    let count = cx.db.count_entities(kind, &account).await?;
    kinds::check_quota(kinds::quota(kind), count)?;
    Ok(EntityRow {
        kind,
        id: identity::ids::entity(kind, cx.entropy()),
        account,
        name,
        path,
        tags,
        boundary: wanted.boundary,
        created: cx.now(),
    })
}
