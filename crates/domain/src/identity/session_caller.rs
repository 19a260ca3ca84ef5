//! From a session's record to its caller, as long as what the session was made from is still there.

use std::sync::Arc;

use api::{CommonError, Service, sigv4::SignatureError};
use policy::{Attached, Principal};
use store::{Session, iam::EntityKind};
use types::{AccountId, Fault, SecretValue};

use super::{
    Caller, CallerSession, Permissions, aws_managed,
    permissions::{self, user_principal},
    session::{self, Holder, SessionRecord},
};
use crate::World;

/// The root user's policies, where something is made from the root user and is not the root user.
const EVERYTHING: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Whom a session speaks for, and what that one may do.
struct Held {
    principal: Principal,
    account: AccountId,
    permissions: Arc<Permissions>,
    /// Of the account.
    generation: i64,
}

/// The caller behind a session that is not over.
pub(super) async fn find(
    db: &mut Session,
    world: &World,
    access_key_id: &str,
    token: &str,
    record: SessionRecord,
    partition: &str,
    service: Service,
) -> Result<Caller, CommonError> {
    // AWS: without MFA, which nobody can have here, the temporary credentials of a user call no operation of IAM's.
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    if service == Service::Iam && !matches!(record.holder, Holder::Role { .. }) {
        return Err(SignatureError::InvalidToken.into());
    }
    let held = match &record.holder {
        Holder::Role { id, session_name } => role(db, world, id, session_name, partition).await?,
        Holder::User { id } => user(db, world, id, partition).await?,
        Holder::Root { account } => root(db, account, partition).await?,
        Holder::Federated {
            account,
            user_id,
            name,
        } => federated(db, world, (account, user_id.as_deref(), name), partition).await?,
    };
    let Some(held) = held else {
        return Err(SignatureError::InvalidToken.into());
    };
    let policies = policies(db, world, access_key_id, &record, held.generation).await?;
    Ok(Caller {
        principal: held.principal,
        account: held.account,
        access_key_id: access_key_id.to_owned(),
        permissions: held.permissions,
        session: Some(CallerSession {
            issued: record.issued,
            expires: record.expires,
            token: SecretValue::from(token),
            policies,
            tags: record.tags,
            transitive_tag_keys: record.transitive_tag_keys,
            source_identity: record.source_identity,
            task: record.task,
        }),
    })
}

/// A user, or a session of a role, as if it asked: for the server's own questions about who may do what.
pub(crate) async fn imagined(
    db: &mut Session,
    world: &World,
    kind: EntityKind,
    id: &str,
    partition: &str,
) -> Result<Option<Caller>, Fault> {
    let held = match kind {
        EntityKind::Role => role(db, world, id, "imagined", partition).await?,
        EntityKind::User => user(db, world, id, partition).await?,
        EntityKind::Group | EntityKind::InstanceProfile => None,
    };
    Ok(held.map(|held| Caller {
        principal: held.principal,
        account: held.account,
        access_key_id: String::new(),
        permissions: held.permissions,
        session: None,
    }))
}

async fn role(
    db: &mut Session,
    world: &World,
    id: &str,
    session_name: &str,
    partition: &str,
) -> Result<Option<Held>, Fault> {
    let Some((role, generation)) = db.role_by_id(id).await? else {
        return Ok(None);
    };
    Ok(Some(Held {
        principal: session::role_principal(&role, partition, session_name),
        permissions: permissions::load(world, db, &role, generation).await?,
        account: role.entity.account,
        generation,
    }))
}

async fn user(
    db: &mut Session,
    world: &World,
    id: &str,
    partition: &str,
) -> Result<Option<Held>, Fault> {
    let Some((user, generation)) = db.user_with_generation(id).await? else {
        return Ok(None);
    };
    Ok(Some(Held {
        permissions: permissions::load(world, db, &user, generation).await?,
        account: user.account.clone(),
        principal: user_principal(user, partition),
        generation,
    }))
}

async fn root(
    db: &mut Session,
    account: &AccountId,
    partition: &str,
) -> Result<Option<Held>, Fault> {
    let row = db.account(account).await?;
    Ok(row.map(|row| Held {
        principal: Principal::Root {
            partition: partition.to_owned(),
            account: account.clone(),
        },
        account: account.clone(),
        permissions: Arc::default(),
        generation: row.generation,
    }))
}

/// Whoever was given credentials by a user may do what the user may, within the session's policies.
async fn federated(
    db: &mut Session,
    world: &World,
    (account, user_id, name): (&AccountId, Option<&str>, &str),
    partition: &str,
) -> Result<Option<Held>, Fault> {
    let maker = match user_id {
        Some(id) => user(db, world, id, partition).await?,
        None => root(db, account, partition).await?.map(|root| Held {
            permissions: Arc::new(Permissions {
                identity: aws_managed::find(EVERYTHING)
                    .map(|policy| Attached::new(EVERYTHING, policy.compiled()))
                    .into_iter()
                    .collect(),
                ..Permissions::default()
            }),
            ..root
        }),
    };
    Ok(maker.map(|maker| Held {
        principal: Principal::FederatedUser {
            partition: partition.to_owned(),
            account: account.clone(),
            name: name.to_owned(),
        },
        ..maker
    }))
}

/// The compiled session policies; `None` where the session was given none and is not limited.
async fn policies(
    db: &mut Session,
    world: &World,
    access_key_id: &str,
    record: &SessionRecord,
    generation: i64,
) -> Result<Option<Arc<[Attached]>>, Fault> {
    if record.policy.is_none() && record.policy_arns.is_empty() {
        // AWS: a federated user without a policy may do nothing but what a resource's policy allows it by name.
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        let is_federated = matches!(record.holder, Holder::Federated { .. });
        return Ok(is_federated.then(|| Vec::new().into()));
    }
    // With the moment, since the ids of keys have few random bits beside their account.
    let session = format!("{access_key_id}/{}", record.issued.as_millis());
    let cache = world.identity.sessions();
    if let Some(policies) = cache.get(&session, generation) {
        return Ok(Some(policies));
    }
    let mut policies = Vec::new();
    if let Some(document) = &record.policy {
        policies.push(permissions::compile("session policy".to_owned(), document)?);
    }
    for arn in &record.policy_arns {
        // A managed policy that is gone allows nothing any more, and the others limit the session as before.
        if let Some(policy) = permissions::find_managed(db, arn).await? {
            policies.push(policy);
        }
    }
    let policies: Arc<[Attached]> = policies.into();
    cache.put(&session, generation, Arc::clone(&policies));
    Ok(Some(policies))
}
