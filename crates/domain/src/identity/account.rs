//! What an account has from its first moment: a root user's access key, and the role of container instances.

use store::{
    Session,
    iam::{AccessKeyRow, AccountRow, RoleRow},
};
use types::{AccountId, Fault, SecretValue};

use super::ids;
use crate::World;

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

/// Makes an account, or completes it: afterwards it is there, this is its root user's access key, and container
/// instances have their role.
pub async fn ensure_account(
    world: &World,
    account: &AccountId,
    access_key_id: &str,
    secret: &SecretValue,
) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    let row = AccountRow {
        id: account.clone(),
        generation: ids::generation(world.entropy.as_ref()),
        created: world.clock.now(),
    };
    db.insert_account(&row).await?;
    ensure_root_key(world, &mut db, account, access_key_id, secret).await?;
    ensure_instance_role(world, &mut db, account).await?;
    db.commit().await
}

async fn ensure_root_key(
    world: &World,
    db: &mut Session,
    account: &AccountId,
    access_key_id: &str,
    secret: &SecretValue,
) -> Result<(), Fault> {
    if let Some((key, _)) = db.access_key(access_key_id).await? {
        if key.account != *account || key.user_id.is_some() {
            return Err(Fault::new(KeyTaken(access_key_id.to_owned())));
        }
        if open_key(world, &key)? == *secret {
            return Ok(());
        }
        // The operator chose another secret for it.
        db.delete_access_key(access_key_id).await?;
    }
    let key = AccessKeyRow {
        id: access_key_id.to_owned(),
        account: account.clone(),
        user_id: None,
        sealed_secret: seal_key(world, access_key_id, secret),
        active: true,
        created: world.clock.now(),
    };
    db.insert_access_key(&key).await?;
    Ok(())
}

async fn ensure_instance_role(
    world: &World,
    db: &mut Session,
    account: &AccountId,
) -> Result<(), Fault> {
    let role = RoleRow {
        id: ids::role(world.entropy.as_ref()),
        account: account.clone(),
        name: INSTANCE_ROLE.to_owned(),
        path: INSTANCE_ROLE_PATH.to_owned(),
        trust_policy: INSTANCE_TRUST.to_owned(),
        description: Some(
            "Lets sealift's container instances register and report their tasks".to_owned(),
        ),
        max_session_duration: 3600,
        tags: Vec::new(),
        boundary: None,
        created: world.clock.now(),
    };
    if db.insert_role(&role).await? {
        db.attach_policy(account, &role.id, INSTANCE_POLICY).await?;
    }
    Ok(())
}

/// Seals the secret half of an access key for the store.
pub(crate) fn seal_key(world: &World, access_key_id: &str, secret: &SecretValue) -> Vec<u8> {
    world.root_key.seal(
        &purpose(access_key_id),
        secret.expose_secret(),
        world.entropy.as_ref(),
    )
}

/// Opens the secret half of an access key.
pub(super) fn open_key(world: &World, key: &AccessKeyRow) -> Result<SecretValue, Fault> {
    world
        .root_key
        .open(&purpose(&key.id), &key.sealed_secret)
        .map_err(Fault::new)
}

/// Each secret is sealed for its own key, so that no row's secret can stand in for another's.
fn purpose(access_key_id: &str) -> String {
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
