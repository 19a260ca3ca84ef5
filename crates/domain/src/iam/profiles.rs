//! Instance profiles as answers show them: with the role they hold.

use api::iam::{Error, InstanceProfile};
use store::iam::InstanceProfileRow;

use super::answer;
use crate::Cx;

/// An instance profile with its role.
pub(super) async fn show(
    cx: &mut Cx,
    profile: &InstanceProfileRow,
) -> Result<InstanceProfile, Error> {
    let role = match &profile.role_id {
        Some(id) => cx.db.role_by_id(id).await?.map(|(role, _)| role),
        None => None,
    };
    let shown = answer::instance_profile(&profile.entity, role.as_ref(), cx.partition());
    Ok(shown)
}

/// Each of them with its role.
pub(super) async fn show_all(
    cx: &mut Cx,
    profiles: &[InstanceProfileRow],
) -> Result<Vec<InstanceProfile>, Error> {
    let mut shown = Vec::new();
    for profile in profiles {
        shown.push(show(cx, profile).await?);
    }
    Ok(shown)
}
