//! From a signed request to its caller.

use std::sync::Arc;

use api::{
    CommonError, Service,
    sigv4::{SignatureError, SignedRequest},
};
use crypto::RootKey;
use policy::Principal;
use store::{Session, iam::AccessKeyRow};
use types::Region;

use super::{
    Caller,
    account::open_key,
    permissions::{self, user_principal},
    session::{self, Holder, SessionRecord},
    session_caller,
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
    let region = signed.scope.region.as_str();
    let parsed = region.parse::<Region>();
    let partition = parsed.as_ref().map_or("aws", Region::partition);
    let access_key_id = signed.access_key_id.as_str();
    let keys = world.identity.signing_keys();
    let now = world.clock.now();
    if let Some(token) = &signed.session_token {
        let (record, root_key) = open_session(world, access_key_id, token)?;
        let secret = session::secret_key(&root_key, access_key_id);
        signed.verify(&secret, service, keys, now)?;
        if let Holder::Role { id, .. } = &record.holder {
            world.identity.uses().note(id, service, region, now);
        }
        return session_caller::find(db, world, access_key_id, token, record, partition, service)
            .await;
    }
    let key = db.access_key(access_key_id).await?;
    let Some((key, generation)) = key.filter(|(key, _)| key.active) else {
        return Err(SignatureError::InvalidToken.into());
    };
    signed.verify(&open_key(world, &key)?, service, keys, now)?;
    world.identity.uses().note(&key.id, service, region, now);
    long_term(db, world, key, generation, partition).await
}

/// The caller behind a session of a role that the server itself made.
pub(crate) async fn caller_of_session(
    db: &mut Session,
    world: &World,
    access_key_id: &str,
    token: &str,
    (partition, service): (&str, Service),
) -> Result<Caller, CommonError> {
    let (record, _) = open_session(world, access_key_id, token)?;
    session_caller::find(db, world, access_key_id, token, record, partition, service).await
}

/// The caller behind an access key whose signature was verified before, when they asked for a token that stands for them.
/// AWS: such a token outlives the session that asked for it.
pub async fn recall(
    db: &mut Session,
    world: &World,
    access_key_id: &str,
    session_token: Option<&str>,
    partition: &str,
) -> Result<Caller, CommonError> {
    if let Some(token) = session_token {
        let root_keys = world.root_key.of_sessions(world.clock.now());
        let mut opened = root_keys.iter();
        let record = opened.find_map(|root_key| session::open(root_key, access_key_id, token));
        let record = record.ok_or(SignatureError::InvalidToken)?;
        return session_caller::find(
            db,
            world,
            access_key_id,
            token,
            record,
            partition,
            Service::Ecr,
        )
        .await;
    }
    let key = db.access_key(access_key_id).await?;
    let Some((key, generation)) = key.filter(|(key, _)| key.active) else {
        return Err(SignatureError::InvalidToken.into());
    };
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
    if record.is_over(now) {
        return Err(SignatureError::ExpiredToken);
    }
    Ok((record, root_key))
}

/// The user, or root user, of a long-term key.
async fn long_term(
    db: &mut Session,
    world: &World,
    key: AccessKeyRow,
    generation: i64,
    partition: &str,
) -> Result<Caller, CommonError> {
    let (principal, permissions) = match &key.user_id {
        None => {
            let (partition, account) = (partition.to_owned(), key.account.clone());
            (Principal::Root { partition, account }, Arc::default())
        }
        Some(id) => {
            let user = db.user_by_id(id).await?;
            let user = user.ok_or(SignatureError::InvalidToken)?;
            let permissions = permissions::load(world, db, &user, generation).await?;
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
