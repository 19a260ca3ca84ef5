//! From the rows of a user or role to compiled policies.

use std::sync::Arc;

use policy::{Attached, Policy, PolicyKind};
use store::Session;
use types::{Fault, Tag};

use super::{
    Permissions,
    aws_managed::{self, AwsManaged},
};
use crate::World;

/// A user or role, as far as its permissions need it.
pub(super) struct Owner<'a> {
    /// `AIDA…` or `AROA…`
    pub id: &'a str,
    pub tags: &'a [Tag],
    pub boundary: Option<&'a str>,
    /// Of the account, as read with the access key.
    pub generation: i64,
}

/// A stored policy that cannot be used. Nothing is decided without it: it may deny.
#[derive(Debug, thiserror::Error)]
enum UnusablePolicy {
    #[error("the stored policy `{0}` cannot be read: {1} at `{2}`")]
    Malformed(String, policy::PolicyError, String),
    #[error("the attached policy `{0}` does not exist")]
    Missing(String),
}

/// Everything that is attached to a user or role.
pub(super) async fn load(
    world: &World,
    db: &mut Session,
    owner: Owner<'_>,
) -> Result<Arc<Permissions>, Fault> {
    let cache = world.identity.permissions();
    if let Some(permissions) = cache.get(owner.id, owner.generation) {
        return Ok(permissions);
    }
    let mut identity = Vec::new();
    for inline in db.inline_policies(owner.id).await? {
        identity.push(compile(inline.name, &inline.document)?);
    }
    for attached in db.attached_policies(owner.id).await? {
        let aws = aws_managed::find(&attached.arn).map(AwsManaged::compiled);
        identity.push(match (attached.document, aws) {
            (Some(document), _) => compile(attached.arn, &document)?,
            (None, Some(policy)) => Attached::new(attached.arn, policy),
            (None, None) => return Err(missing(&attached.arn)),
        });
    }
    let boundary = match owner.boundary {
        Some(arn) => Some(find_managed(db, arn).await?.ok_or_else(|| missing(arn))?),
        None => None,
    };
    let permissions = Arc::new(Permissions {
        identity,
        boundary,
        tags: owner.tags.to_vec(),
    });
    cache.put(owner.id, owner.generation, Arc::clone(&permissions));
    Ok(permissions)
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
