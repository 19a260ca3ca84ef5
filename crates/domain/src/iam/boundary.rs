//! Permissions boundaries of users and roles.

use api::iam::Error;
use store::iam::EntityKind;

use super::locate;
use crate::{Cx, identity};

/// Makes a managed policy the boundary.
pub(super) async fn put(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<(), Error> {
    locate::check_boundary_arn(arn)?;
    let entity = locate::entity_with(cx, action, kind, name, |access| {
        access.with("iam:PermissionsBoundary", arn)
    })
    .await?;
    locate::as_boundary(cx, arn).await?;
    cx.db.set_entity_boundary(&entity, Some(arn)).await?;
    identity::note_change(cx).await?;
    Ok(())
}

/// Takes the boundary away; where there is none, nothing changes.
pub(super) async fn delete(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
) -> Result<(), Error> {
    let entity = locate::entity(cx, action, kind, name).await?;
    cx.db.set_entity_boundary(&entity, None).await?;
    identity::note_change(cx).await?;
    Ok(())
}
