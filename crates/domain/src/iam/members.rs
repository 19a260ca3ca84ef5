//! Users in groups.

use api::iam::Error;
use store::iam::{EntityKind, EntityRow};

use super::{kinds, locate};
use crate::Cx;

/// How many groups a user can be in.
pub(super) const GROUPS_PER_USER: (&str, i32) = ("GroupsPerUser", 10);

/// A group and a user, for a caller who may do this to the group.
pub(super) async fn locate(
    cx: &mut Cx,
    action: &str,
    group: &str,
    user: &str,
) -> Result<(EntityRow, EntityRow), Error> {
    let group = locate::entity(cx, action, EntityKind::Group, group).await?;
    let found = cx.db.user_by_name(&group.account, user).await?;
    let user = found.ok_or_else(|| kinds::missing(EntityKind::User, user))?;
    Ok((group, user))
}
