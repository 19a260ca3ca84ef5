//! Another name or path for a user or group.

use api::iam::Error;
use store::iam::EntityRow;

use super::{kinds, locate};
use crate::{Access, Cx, identity};

/// Renames or moves, for a caller who may do so to what is there and to what it becomes. What it has goes with it.
pub(super) async fn rename(
    cx: &mut Cx,
    action: &str,
    entity: &EntityRow,
    name: Option<String>,
    path: Option<String>,
) -> Result<(), Error> {
    let kind = entity.kind;
    let name = name.unwrap_or_else(|| entity.name.clone());
    let path = path.unwrap_or_else(|| entity.path.clone());
    if name == entity.name && path == entity.path {
        return Ok(());
    }
    // AWS: needs permission for the source and for the target.
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
    let target = locate::iam_arn(cx, format!("{}{path}{name}", kinds::in_arn(kind)));
    let shown = format!("{} {name}", kinds::word(kind));
    cx.authorize(Access::new(action, target).shown_as(shown))?;
    let holder = cx.db.entity_by_name(kind, &entity.account, &name).await?;
    if holder.is_some_and(|holder| holder.id != entity.id) {
        return Err(kinds::taken(kind, &name));
    }
    cx.db.rename_entity(entity, &name, &path).await?;
    identity::note_change(cx).await?;
    Ok(())
}
