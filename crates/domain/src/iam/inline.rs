//! Inline policies of users, groups and roles.

use api::iam::Error;
use store::iam::{EntityRow, InlinePolicyRow};

use super::{document, kinds};
use crate::{Cx, identity};

/// Stores an inline policy.
pub(super) async fn put(
    cx: &mut Cx,
    owner: &EntityRow,
    name: &str,
    text: &str,
) -> Result<(), Error> {
    document::check_identity(text)?;
    let policies = cx.db.inline_policies(&owner.id).await?;
    let others = policies.iter().filter(|policy| policy.name != name);
    let others: usize = others.map(|policy| document::size(&policy.document)).sum();
    let quota = kinds::inline_quota(owner.kind);
    if usize::try_from(quota).is_ok_and(|quota| others + document::size(text) > quota) {
        return Err(Error::LimitExceeded(format!(
            "Maximum policy size of {quota} bytes exceeded for {} {}",
            kinds::word(owner.kind),
            owner.name
        )));
    }
    cx.db.put_inline_policy(&owner.id, name, text).await?;
    identity::note_change(cx).await?;
    Ok(())
}

/// The inline policy of this name.
pub(super) async fn get(
    cx: &mut Cx,
    owner: &EntityRow,
    name: &str,
) -> Result<InlinePolicyRow, Error> {
    let mut policies = cx.db.inline_policies(&owner.id).await?.into_iter();
    policies
        .find(|policy| policy.name == name)
        .ok_or_else(|| missing(owner, name))
}

/// Removes the inline policy of this name.
pub(super) async fn delete(cx: &mut Cx, owner: &EntityRow, name: &str) -> Result<(), Error> {
    if !cx.db.delete_inline_policy(&owner.id, name).await? {
        return Err(missing(owner, name));
    }
    identity::note_change(cx).await?;
    Ok(())
}

/// A user, group or role can be deleted only after its policies.
pub(super) async fn refuse_if_policies_remain(cx: &mut Cx, owner: &EntityRow) -> Result<(), Error> {
    let conflict = |text: &str| Err(Error::DeleteConflict(text.to_owned()));
    if !cx.db.attached_policies(&owner.id).await?.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !cx.db.inline_policies(&owner.id).await?.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    Ok(())
}

fn missing(owner: &EntityRow, name: &str) -> Error {
    let kind = kinds::word(owner.kind);
    Error::NoSuchEntity(format!(
        "The {kind} policy with name {name} cannot be found."
    ))
}
