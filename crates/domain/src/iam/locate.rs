//! Finding what an operation is about, and authorising on it before saying whether it exists.

use api::{CommonError, iam::Error};
use policy::Principal;
use store::iam::{EntityKind, EntityRow, InstanceProfileRow, ManagedPolicyRow, RoleRow};
use types::{AccountId, Arn};

use super::{answer, kinds, tags, trust};
use crate::{
    Access, Cx,
    identity::aws_managed::{self, AwsManaged},
};

/// The user, group, role or instance profile of this name, for a caller who may do this to it.
pub(super) async fn entity(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
) -> Result<EntityRow, Error> {
    entity_with(cx, action, kind, name, |access| access).await
}

/// As [`entity`]; `conditions` adds what the operation knows.
pub(super) async fn entity_with(
    cx: &mut Cx,
    action: &str,
    kind: EntityKind,
    name: &str,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<EntityRow, Error> {
    let account = cx.account().clone();
    let found = cx.db.entity_by_name(kind, &account, name).await?;
    authorize(cx, action, (kind, name), found.as_ref(), conditions)?;
    found.ok_or_else(|| kinds::missing(kind, name))
}

/// The role of this name with what only roles have, its trust policy as it is shown, for a caller who may do this to it.
pub(super) async fn role(cx: &mut Cx, action: &str, name: &str) -> Result<RoleRow, Error> {
    let account = cx.account().clone();
    let found = cx.db.role_by_name(&account, name).await?;
    let entity = found.as_ref().map(|role| &role.entity);
    authorize(cx, action, (EntityKind::Role, name), entity, |access| {
        access
    })?;
    let mut role = found.ok_or_else(|| kinds::missing(EntityKind::Role, name))?;
    trust::show(cx, &mut role).await?;
    Ok(role)
}

/// The instance profile of this name with the role it holds, for a caller who may do this to it.
pub(super) async fn instance_profile(
    cx: &mut Cx,
    action: &str,
    name: &str,
) -> Result<InstanceProfileRow, Error> {
    let account = cx.account().clone();
    let found = cx.db.instance_profile_by_name(&account, name).await?;
    let entity = found.as_ref().map(|profile| &profile.entity);
    let named = (EntityKind::InstanceProfile, name);
    authorize(cx, action, named, entity, |access| access)?;
    found.ok_or_else(|| kinds::missing(EntityKind::InstanceProfile, name))
}

fn authorize(
    cx: &mut Cx,
    action: &str,
    (kind, name): (EntityKind, &str),
    found: Option<&EntityRow>,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<(), Error> {
    let access = match found {
        Some(entity) => Access::new(action, answer::arn(entity, cx.partition()))
            .with_resource_tags(tags::pairs(&entity.tags))
            .with_some("iam:PermissionsBoundary", entity.boundary.as_deref()),
        None => Access::new(
            action,
            iam_arn(cx, format!("{}/{name}", kinds::in_arn(kind))),
        ),
    };
    // AWS: a denial names what is there by kind and name, not by ARN.
    let access = access.shown_as(format!("{} {name}", kinds::word(kind)));
    cx.authorize(conditions(access))?;
    Ok(())
}

/// Whose access keys are meant.
pub(super) enum KeyOwner {
    Root,
    User(EntityRow),
}

impl KeyOwner {
    /// The unique id of the user; the root user's keys have none.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Root => None,
            Self::User(user) => Some(&user.id),
        }
    }

    /// The name that answers show.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Root => None,
            Self::User(user) => Some(user.name.clone()),
        }
    }
}

/// The user whose access keys are meant: the named one, else the caller.
pub(super) async fn key_owner(
    cx: &mut Cx,
    action: &str,
    name: Option<&str>,
) -> Result<KeyOwner, Error> {
    let name = match (name, &cx.caller.principal) {
        (Some(name), _) => name.to_owned(),
        (None, Principal::User { name, .. }) => name.clone(),
        (None, Principal::Root { .. }) => {
            cx.authorize(Access::new(action, iam_arn(cx, "root".to_owned())))?;
            return Ok(KeyOwner::Root);
        }
        (None, _) => {
            let text = "Must specify userName when calling with non-User credentials";
            return Err(CommonError::Validation(text.to_owned()).into());
        }
    };
    let user = entity(cx, action, EntityKind::User, &name).await?;
    Ok(KeyOwner::User(user))
}

/// A managed policy, the customer's or AWS's.
pub(super) enum Managed {
    Customer(ManagedPolicyRow),
    Aws(&'static AwsManaged),
}

/// The managed policy of this ARN, for a caller who may do this to it.
pub(super) async fn policy(cx: &mut Cx, action: &str, arn: &str) -> Result<Managed, Error> {
    policy_with(cx, action, arn, |access| access).await
}

/// The customer's managed policy of this ARN, for a caller who may change it.
pub(super) async fn own_policy(
    cx: &mut Cx,
    action: &str,
    arn: &str,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<ManagedPolicyRow, Error> {
    match policy_with(cx, action, arn, conditions).await? {
        Managed::Customer(row) => Ok(row),
        Managed::Aws(_) => {
            // AWS: its own policies are no account's, so nobody's policies let anyone change them.
            let text = "Policy is outside your own account.".to_owned();
            Err(CommonError::AccessDenied(text).into())
        }
    }
}

async fn policy_with(
    cx: &mut Cx,
    action: &str,
    arn: &str,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<Managed, Error> {
    check_policy_arn(arn)?;
    let found = find_policy(cx, arn).await?;
    let mut access = Access::new(action, arn).shown_as(format!("policy {arn}"));
    if let Some(Managed::Customer(row)) = &found {
        access = access.with_resource_tags(tags::pairs(&row.tags));
    }
    cx.authorize(conditions(access))?;
    found.ok_or_else(|| Error::NoSuchEntity(format!("Policy {arn} was not found.")))
}

/// The managed policy of this ARN, if the account has it.
pub(super) async fn find_policy(cx: &mut Cx, arn: &str) -> Result<Option<Managed>, Error> {
    if let Some(policy) = aws_managed::find(arn) {
        return Ok(Some(Managed::Aws(policy)));
    }
    let account = cx.account().clone();
    let row = cx.db.managed_policy(arn).await?;
    let own = row.filter(|row| row.account == account);
    Ok(own.map(Managed::Customer))
}

/// A managed policy that is to be attached: it must exist.
pub(super) async fn attachable(cx: &mut Cx, arn: &str) -> Result<Managed, Error> {
    find_policy(cx, arn).await?.ok_or_else(|| {
        Error::NoSuchEntity(format!("Policy {arn} does not exist or is not attachable."))
    })
}

/// A managed policy that is to be a boundary: it must exist.
pub(super) async fn as_boundary(cx: &mut Cx, arn: &str) -> Result<Managed, Error> {
    find_policy(cx, arn).await?.ok_or_else(|| {
        let text = format!("Scope ARN: {arn} does not exist or is not attachable.");
        Error::NoSuchEntity(text)
    })
}

/// Refuses a boundary that is no ARN of a managed policy.
pub(super) fn check_boundary_arn(arn: &str) -> Result<(), Error> {
    if is_policy_arn(arn) {
        return Ok(());
    }
    Err(Error::InvalidInput(format!("ARN {arn} is not valid.")))
}

/// Another text for what is missing: some operations have their own.
pub(super) fn missing_as(error: Error, text: impl FnOnce() -> String) -> Error {
    match error {
        Error::NoSuchEntity(_) => Error::NoSuchEntity(text()),
        other => other,
    }
}

fn is_policy_arn(arn: &str) -> bool {
    let parsed = arn.parse::<Arn>().ok();
    parsed.is_some_and(|arn| {
        let owned = arn.account == "aws" || arn.account.parse::<AccountId>().is_ok();
        arn.service == "iam" && owned && arn.resource.starts_with("policy/")
    })
}

/// Refuses what is no ARN of a managed policy.
pub(super) fn check_policy_arn(arn: &str) -> Result<(), Error> {
    if is_policy_arn(arn) {
        return Ok(());
    }
    // AWS: with two blanks.
    let text = "Invalid ARN:  Could not be parsed!".to_owned();
    Err(CommonError::Validation(text).into())
}

/// The ARN of something in the caller's account. IAM's ARNs have no region.
pub(super) fn iam_arn(cx: &Cx, resource: String) -> String {
    let arn = Arn::new(cx.partition(), "iam", "", cx.account().as_str(), resource);
    arn.to_string()
}
