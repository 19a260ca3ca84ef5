//! From the rows of a user or role to compiled policies.

use std::sync::Arc;

use policy::{Attached, Policy, PolicyKind, Principal};
use store::{Session, iam::EntityRow};
use types::Fault;

use super::{
    Permissions,
    aws_managed::{self, AwsManaged},
};
use crate::World;

/// A stored policy that cannot be used. Nothing is decided without it: it may deny.
#[derive(Debug, thiserror::Error)]
enum UnusablePolicy {
    #[error("the stored policy `{0}` cannot be read: {1} at `{2}`")]
    Malformed(String, policy::PolicyError, String),
    #[error("the attached policy `{0}` does not exist")]
    Missing(String),
}

/// Everything that is attached to a user or role, and to the groups that a user is in.
pub(super) async fn load(
    world: &World,
    db: &mut Session,
    owner: &EntityRow,
    generation: i64,
) -> Result<Arc<Permissions>, Fault> {
    let cache = world.identity.permissions();
    if let Some(permissions) = cache.get(&owner.id, generation) {
        return Ok(permissions);
    }
    let mut identity = Vec::new();
    collect(db, &owner.id, &mut identity).await?;
    // A role is in no group, and asking whether it is costs one look into an index, once.
    for group in db.groups_of(&owner.id).await? {
        collect(db, &group.id, &mut identity).await?;
    }
    let boundary = match &owner.boundary {
        Some(arn) => Some(find_managed(db, arn).await?.ok_or_else(|| missing(arn))?),
        None => None,
    };
    let permissions = Arc::new(Permissions {
        identity,
        boundary,
        tags: owner.tags.clone(),
    });
    cache.put(&owner.id, generation, Arc::clone(&permissions));
    Ok(permissions)
}

/// Adds the inline and attached policies of one user, role or group.
async fn collect(db: &mut Session, id: &str, identity: &mut Vec<Attached>) -> Result<(), Fault> {
    for inline in db.inline_policies(id).await? {
        identity.push(compile(inline.name, &inline.document)?);
    }
    for attached in db.attached_policies(id).await? {
        let aws = aws_managed::find(&attached.arn).map(AwsManaged::compiled);
        identity.push(match (attached.document, aws) {
            (Some(document), _) => compile(attached.arn, &document)?,
            (None, Some(policy)) => Attached::new(attached.arn, policy),
            (None, None) => return Err(missing(&attached.arn)),
        });
    }
    Ok(())
}

/// A managed policy by its ARN, the customer's or AWS's; `None` where there is none.
pub(super) async fn find_managed(db: &mut Session, arn: &str) -> Result<Option<Attached>, Fault> {
    if let Some(policy) = aws_managed::find(arn) {
        return Ok(Some(Attached::new(arn, policy.compiled())));
    }
    let Some(policy) = db.managed_policy(arn).await? else {
        return Ok(None);
    };
    let version = db
        .policy_version(&policy.id, policy.default_version)
        .await?;
    version
        .map(|version| compile(arn.to_owned(), &version.document))
        .transpose()
}

/// A user, as policies see it.
pub(super) fn user_principal(user: EntityRow, partition: &str) -> Principal {
    Principal::User {
        partition: partition.to_owned(),
        account: user.account,
        path: user.path,
        name: user.name,
        id: user.id,
    }
}

/// Compiles a stored identity policy.
pub(super) fn compile(name: String, document: &str) -> Result<Attached, Fault> {
    match Policy::parse(document, PolicyKind::Identity) {
        Ok(policy) => Ok(Attached::new(name, policy)),
        Err(error) => {
            let path = error.path().to_owned();
            Err(Fault::new(UnusablePolicy::Malformed(name, error, path)))
        }
    }
}

fn missing(arn: &str) -> Fault {
    Fault::new(UnusablePolicy::Missing(arn.to_owned()))
}
