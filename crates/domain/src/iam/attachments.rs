//! Managed policies attached to users, groups and roles.

use api::{
    CommonError,
    iam::{AttachedPolicy, Error},
};
use store::iam::{EntityKind, EntityRow};
use types::Fault;

use super::{
    kinds, locate,
    page::{Page, Paged},
};
use crate::{Cx, identity};

/// Attaches a managed policy, for a caller who may.
pub(super) async fn attach(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<(), Error> {
    let owner = locate(cx, action, kind, name, arn).await?;
    locate::attachable(cx, arn).await?;
    let attached = cx.db.attached_policies(&owner.id).await?;
    if attached.iter().all(|one| one.arn != arn) {
        let count = i64::try_from(attached.len()).unwrap_or(i64::MAX);
        kinds::check_quota(kinds::attachment_quota(kind), count)?;
    }
    cx.db.attach_policy(&owner.account, &owner.id, arn).await?;
    identity::note_change(cx).await?;
    Ok(())
}

/// Detaches a managed policy, for a caller who may.
pub(super) async fn detach(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<(), Error> {
    let owner = locate(cx, action, kind, name, arn).await?;
    if !cx.db.detach_policy(&owner.id, arn).await? {
        return Err(Error::NoSuchEntity(format!("Policy {arn} was not found.")));
    }
    identity::note_change(cx).await?;
    Ok(())
}

async fn locate(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<EntityRow, Error> {
    locate::check_policy_arn(arn)?;
    locate::entity_with(cx, action, kind, name, |access| {
        access.with("iam:PolicyARN", arn)
    })
    .await
}

/// Everything that is attached.
pub(super) async fn all(cx: &mut Cx, owner: &EntityRow) -> Result<Vec<AttachedPolicy>, Error> {
    let mut policies = Vec::new();
    for attached in cx.db.attached_policies(&owner.id).await? {
        let (_, name) = path_and_name(&attached.arn)?;
        policies.push(AttachedPolicy {
            policy_name: Some(name.to_owned()),
            policy_arn: Some(attached.arn),
        });
    }
    Ok(policies)
}

/// A page of what is attached, under a path.
pub(super) async fn list(
    cx: &mut Cx,
    owner: &EntityRow,
    prefix: Option<&str>,
    page: &Page,
) -> Result<Paged<AttachedPolicy>, Error> {
    let mut policies = all(cx, owner).await?;
    if let Some(prefix) = prefix {
        policies.retain(|policy| {
            let place = path_and_name(policy.policy_arn.as_deref().unwrap_or_default());
            place.is_ok_and(|(path, _)| path.starts_with(prefix))
        });
    }
    Ok(page.cut_all(policies, |policy| {
        policy.policy_arn.clone().unwrap_or_default()
    }))
}

/// The path and name of a managed policy: `arn:aws:iam::111122223333:policy/path/name`.
fn path_and_name(arn: &str) -> Result<(&str, &str), Error> {
    let place = arn.split_once(":policy").map_or("", |(_, place)| place);
    let name = place.rsplit('/').next().unwrap_or_default();
    match place.strip_suffix(name) {
        Some(path) if path.starts_with('/') => Ok((path, name)),
        _ => {
            let text = format!("`{arn}` is attached and no ARN of a policy");
            Err(CommonError::from(Fault::new(text)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_policy_ends_where_its_name_begins() {
        let place = |arn| path_and_name(arn).ok();
        assert_eq!(place("arn:aws:iam::aws:policy/x"), Some(("/", "x")));
        assert_eq!(place("arn:aws:iam::1:policy/a/b/x"), Some(("/a/b/", "x")));
        assert_eq!(place("arn:aws:iam::1:role/x"), None);
    }
}
