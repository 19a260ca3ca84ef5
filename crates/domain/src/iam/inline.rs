//! What inline policies of users and of roles have in common.

use api::iam::Error;
use store::iam::InlinePolicyRow;

use super::document;
use crate::{Cx, identity};

/// A user or role that has inline policies.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub id: &'a str,
    pub kind: Kind,
    pub name: &'a str,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    User,
    Role,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Role => "role",
        }
    }

    /// The size of all inline policies together, without whitespace.
    fn quota(self) -> usize {
        match self {
            Self::User => 2048,
            Self::Role => 10240,
        }
    }
}

/// Stores an inline policy.
pub(super) async fn put(
    cx: &mut Cx,
    owner: Owner<'_>,
    name: &str,
    text: &str,
) -> Result<(), Error> {
    document::check_identity(text)?;
    let policies = cx.db.inline_policies(owner.id).await?;
    let others = policies.iter().filter(|policy| policy.name != name);
    let others: usize = others.map(|policy| document::size(&policy.document)).sum();
    if others + document::size(text) > owner.kind.quota() {
        return Err(Error::LimitExceeded(format!(
            "Maximum policy size of {} bytes exceeded for {} {}",
            owner.kind.quota(),
            owner.kind.as_str(),
            owner.name
        )));
    }
    cx.db.put_inline_policy(owner.id, name, text).await?;
    identity::note_change(cx).await?;
    Ok(())
}

/// The inline policy of this name.
pub(super) async fn get(
    cx: &mut Cx,
    owner: Owner<'_>,
    name: &str,
) -> Result<InlinePolicyRow, Error> {
    let mut policies = cx.db.inline_policies(owner.id).await?.into_iter();
    policies
        .find(|policy| policy.name == name)
        .ok_or_else(|| missing(owner, name))
}

/// Removes the inline policy of this name.
pub(super) async fn delete(cx: &mut Cx, owner: Owner<'_>, name: &str) -> Result<(), Error> {
    if !cx.db.delete_inline_policy(owner.id, name).await? {
        return Err(missing(owner, name));
    }
    identity::note_change(cx).await?;
    Ok(())
}

/// A user or role can be deleted only after its policies.
pub(super) async fn refuse_if_policies_remain(cx: &mut Cx, owner_id: &str) -> Result<(), Error> {
    let conflict = |text: &str| Err(Error::DeleteConflict(text.to_owned()));
    if !cx.db.attached_policies(owner_id).await?.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !cx.db.inline_policies(owner_id).await?.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    Ok(())
}

fn missing(owner: Owner<'_>, name: &str) -> Error {
    let kind = owner.kind.as_str();
    Error::NoSuchEntity(format!(
        "The {kind} policy with name {name} cannot be found."
    ))
}
