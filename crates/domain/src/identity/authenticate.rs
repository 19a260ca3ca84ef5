//! From a signed request to its caller.

use std::sync::Arc;

use api::{
    CommonError, Service,
    sigv4::{SignatureError, SignedRequest},
};
use crypto::RootKey;
use policy::{Attached, Principal};
use store::{
    Session,
    iam::{AccessKeyRow, UserRow},
};
use types::{Fault, Region};

use super::{
    Caller, Permissions, RoleSession,
    account::open_key,
    permissions::{self, Owner},
    session::{self, SessionRecord},
};
use crate::World;

/// Who signed a request. Refuses, in AWS's words, whoever cannot prove it.
pub async fn authenticate(
    db: &mut Session,
    world: &World,
    signed: &SignedRequest,
    service: Service,
) -> Result<Caller, CommonError> {
    // An unreadable region is refused with the signature; until then any partition will do.
    let region = signed.scope.region.parse::<Region>();
    let partition = region.as_ref().map_or("aws", Region::partition);
    let access_key_id = signed.access_key_id.as_str();
    let keys = world.identity.signing_keys();
    let now = world.clock.now();
    if let Some(token) = &signed.session_token {
        let (record, root_key) = open_session(world, access_key_id, token)?;
        let secret = session::secret_key(&root_key, access_key_id);
        signed.verify(&secret, service, keys, now)?;
        return role_session(db, world, access_key_id, record, partition).await;
    }
    let key = db.access_key(access_key_id).await?;
    let Some((key, generation)) = key.filter(|(key, _)| key.active) else {
        return Err(SignatureError::InvalidToken.into());
    };
    signed.verify(&open_key(world, &key)?, service, keys, now)?;
    long_term(db, world, key, generation, partition).await
}

/// The record of a session that is not over, and the root key that it was made under.
fn open_session(
    world: &World,
    access_key_id: &str,
    token: &str,
) -> Result<(SessionRecord, Arc<RootKey>), SignatureError> {
    let now = world.clock.now();
    let mut root_keys = world.root_key.of_sessions(now).into_iter();
    let opened = root_keys.find_map(|root_key| {
        let record = session::open(&root_key, access_key_id, token)?;
        Some((record, root_key))
    });
    let (record, root_key) = opened.ok_or(SignatureError::InvalidToken)?;
    if record.expires <= now {
        return Err(SignatureError::ExpiredToken);
    }
    Ok((record, root_key))
}

/// The caller behind a session, as long as its role is still the one that was assumed.
async fn role_session(
    db: &mut Session,
    world: &World,
    access_key_id: &str,
    record: SessionRecord,
    partition: &str,
) -> Result<Caller, CommonError> {
    let Some((role, generation)) = db.role_by_id(&record.role_id).await? else {
        return Err(SignatureError::InvalidToken.into());
    };
    let owner = Owner {
        id: &role.id,
        tags: &role.tags,
        boundary: role.boundary.as_deref(),
        generation,
    };
    let permissions = permissions::load(world, db, owner).await?;
    let policies = session_policies(db, world, access_key_id, &record, generation).await?;
    Ok(Caller {
        principal: session::principal(&role, partition, &record.session_name),
        account: role.account,
        access_key_id: access_key_id.to_owned(),
        permissions,
        session: Some(RoleSession {
            issued: record.issued,
            expires: record.expires,
            policies,
            tags: record.tags,
            transitive_tag_keys: record.transitive_tag_keys,
            source_identity: record.source_identity,
            task: record.task,
        }),
    })
}

/// The compiled session policies; `None` where the session was given none.
async fn session_policies(
    db: &mut Session,
    world: &World,
    access_key_id: &str,
    record: &SessionRecord,
    generation: i64,
) -> Result<Option<Arc<[Attached]>>, Fault> {
    if record.policy.is_none() && record.policy_arns.is_empty() {
        return Ok(None);
    }
    let cache = world.identity.sessions();
    if let Some(policies) = cache.get(access_key_id, generation) {
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
    cache.put(access_key_id, generation, Arc::clone(&policies));
    Ok(Some(policies))
}

/// The user, or root user, of a long-term key.
async fn long_term(
    db: &mut Session,
    world: &World,
    key: AccessKeyRow,
    generation: i64,
    partition: &str,
) -> Result<Caller, CommonError> {
    let partition = partition.to_owned();
    let (principal, permissions) = match &key.user_id {
        None => {
            let account = key.account.clone();
            (Principal::Root { partition, account }, Arc::default())
        }
        Some(id) => {
            let user = db.user_by_id(id).await?;
            let user = user.ok_or(SignatureError::InvalidToken)?;
            let permissions = user_permissions(db, world, &user, generation).await?;
            (user_principal(user, partition), permissions)
        }
    };
    Ok(Caller {
        principal,
        account: key.account,
        access_key_id: key.id,
        permissions,
        session: None,
    })
}

async fn user_permissions(
    db: &mut Session,
    world: &World,
    user: &UserRow,
    generation: i64,
) -> Result<Arc<Permissions>, Fault> {
    let owner = Owner {
        id: &user.id,
        tags: &user.tags,
        boundary: user.boundary.as_deref(),
        generation,
    };
    permissions::load(world, db, owner).await
}

fn user_principal(user: UserRow, partition: String) -> Principal {
    Principal::User {
        partition,
        account: user.account,
        path: user.path,
        name: user.name,
        id: user.id,
    }
}
