//! What an account has from its first moment: a root user's access key, and the role of container instances.

use store::{
    Session,
    iam::{AccessKeyRow, AccountRow, EntityKind, EntityRow, RoleRow},
};
use types::{AccountId, Fault, SecretValue};

use super::{AccessKey, ids};
use crate::{World, ecs};

/// The role whose sessions the agents of container instances sign with.
pub const INSTANCE_ROLE: &str = "sealift-instance";

const INSTANCE_ROLE_PATH: &str = "/sealift/";
const INSTANCE_POLICY: &str =
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";
const INSTANCE_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The key id is another account's.
#[derive(Debug, thiserror::Error)]
#[error(
    "access key `{0}` belongs to another account or to a user; choose another one for the root user"
)]
struct KeyTaken(String);

/// What became of the access key that an account's root user should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKey {
    Works,
    /// It was ended once, and what was ended never works again.
    Ended,
}

/// What became of a request for a new account.
pub enum NewAccount {
    /// With its root user's access key.
    Made(AccessKey),
    ThereAlready,
}

/// Makes an account, or completes it: afterwards it is there, this is its root user's access key (unless that was ended),
/// and container instances have their role.
pub async fn ensure_account(
    world: &World,
    account: &AccountId,
    key: &AccessKey,
) -> Result<RootKey, Fault> {
    let mut db = world.store.write().await?;
    insert_account(world, &mut db, account).await?;
    let outcome = ensure_root_key(world, &mut db, account, key).await?;
    ensure_instance_role(world, &mut db, account).await?;
    db.commit().await?;
    Ok(outcome)
}

/// Makes another account: its root user with an access key, the role of container instances, and the default cluster in
/// the server's region.
pub async fn create_account(world: &World, account: &AccountId) -> Result<NewAccount, Fault> {
    let mut db = world.store.write().await?;
    if !insert_account(world, &mut db, account).await? {
        return Ok(NewAccount::ThereAlready);
    }
    let key = AccessKey::generate(account, world.entropy.as_ref());
    insert_key(world, &mut db, account, None, &key).await?;
    ensure_instance_role(world, &mut db, account).await?;
    ecs::agents::ensure_default_cluster(world, &mut db, account).await?;
    db.commit().await?;
    world.clusters_changed.notify_one();
    Ok(NewAccount::Made(key))
}

async fn insert_account(
    world: &World,
    db: &mut Session,
    account: &AccountId,
) -> Result<bool, Fault> {
    let row = AccountRow {
        id: account.clone(),
        generation: ids::generation(world.entropy.as_ref()),
        created: world.clock.now(),
    };
    db.insert_account(&row).await
}

async fn ensure_root_key(
    world: &World,
    db: &mut Session,
    account: &AccountId,
    key: &AccessKey,
) -> Result<RootKey, Fault> {
    if let Some((row, _)) = db.access_key(&key.id).await? {
        if row.account != *account || row.user_id.is_some() {
            return Err(Fault::new(KeyTaken(key.id.clone())));
        }
        if open_key(world, &row)? == key.secret {
            return Ok(RootKey::Works);
        }
        // The operator chose another secret for it.
        db.delete_access_key(&key.id).await?;
    } else if db.is_access_key_ended(&key.id).await? {
        return Ok(RootKey::Ended);
    }
    insert_key(world, db, account, None, key).await?;
    Ok(RootKey::Works)
}

async fn ensure_instance_role(
    world: &World,
    db: &mut Session,
    account: &AccountId,
) -> Result<(), Fault> {
    let role = RoleRow {
        entity: EntityRow {
            kind: EntityKind::Role,
            id: ids::entity(EntityKind::Role, world.entropy.as_ref()),
            account: account.clone(),
            name: INSTANCE_ROLE.to_owned(),
            path: INSTANCE_ROLE_PATH.to_owned(),
            tags: Vec::new(),
            boundary: None,
            created: world.clock.now(),
        },
        trust_policy: INSTANCE_TRUST.to_owned(),
        description: Some(
            "Lets sealift's container instances register and report their tasks".to_owned(),
        ),
        max_session_duration: 3600,
    };
    if db.insert_role(&role).await? {
        db.attach_policy(account, &role.id, INSTANCE_POLICY).await?;
    }
    Ok(())
}

/// Stores an access key; of the root user where no user is named.
pub(super) async fn insert_key(
    world: &World,
    db: &mut Session,
    account: &AccountId,
    user_id: Option<&str>,
    key: &AccessKey,
) -> Result<(), Fault> {
    let row = AccessKeyRow {
        id: key.id.clone(),
        account: account.clone(),
        user_id: user_id.map(str::to_owned),
        sealed_secret: seal_key(world, &key.id, &key.secret),
        active: true,
        created: world.clock.now(),
    };
    db.insert_access_key(&row).await?;
    Ok(())
}

/// Seals the secret half of an access key for the store.
pub(crate) fn seal_key(world: &World, access_key_id: &str, secret: &SecretValue) -> Vec<u8> {
    world.root_key.seal(
        &access_key_purpose(access_key_id),
        secret.expose_secret(),
        world.entropy.as_ref(),
    )
}

/// Opens the secret half of an access key.
pub(super) fn open_key(world: &World, key: &AccessKeyRow) -> Result<SecretValue, Fault> {
    world
        .root_key
        .open(&access_key_purpose(&key.id), &key.sealed_secret)
        .map_err(Fault::new)
}

/// Each secret is sealed for its own key, so that no row's secret can stand in for another's.
pub(crate) fn access_key_purpose(access_key_id: &str) -> String {
    format!("access key {access_key_id}")
}

#[cfg(test)]
mod tests {
    use policy::{Policy, PolicyKind};

    use super::*;
    use crate::identity::aws_managed;

    #[test]
    fn the_instance_role_has_a_trust_policy_and_permissions_that_exist() {
        assert!(Policy::parse(INSTANCE_TRUST, PolicyKind::Trust).is_ok());
        assert!(aws_managed::find(INSTANCE_POLICY).is_some());
    }
}
