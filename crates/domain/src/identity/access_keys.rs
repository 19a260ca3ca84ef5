//! Access keys as the operator makes and ends them, for whoever lost theirs or has to change them.

use store::Session;
use types::{AccountId, Entropy, Fault, SecretValue};

use super::{account::insert_key, ids};
use crate::World;

/// An access key id and its secret half.
#[derive(Clone)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    pub secret: SecretValue,
}

impl AccessKey {
    /// A new key pair in AWS's form: `AKIA…`, 20 characters, and 40 characters of secret.
    pub fn generate(account: &AccountId, entropy: &dyn Entropy) -> Self {
        Self {
            id: ids::access_key(account, entropy),
            secret: ids::secret_key(entropy),
        }
    }
}

/// Whose access keys are meant.
#[derive(Debug, Clone, Copy)]
pub enum KeyHolder<'a> {
    Root,
    User(&'a str),
}

impl<'a> KeyHolder<'a> {
    /// The user of this name; the root user where there is none.
    pub fn of(user: Option<&'a str>) -> Self {
        user.map_or(Self::Root, Self::User)
    }
}

/// There is nobody to have a key.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchHolder {
    #[error("there is no account {0}; `sealift account create {0}` makes it")]
    Account(AccountId),
    #[error("account {0} has no user `{1}`")]
    User(AccountId, String),
}

/// Makes another access key. The present ones stay as they are.
pub async fn new_access_key(
    world: &World,
    account: &AccountId,
    holder: KeyHolder<'_>,
) -> Result<Result<AccessKey, NoSuchHolder>, Fault> {
    let mut db = world.store.write().await?;
    let user_id = match find(&mut db, account, holder).await? {
        Ok(user_id) => user_id,
        Err(missing) => return Ok(Err(missing)),
    };
    let key = AccessKey::generate(account, world.entropy.as_ref());
    insert_key(world, &mut db, account, user_id.as_deref(), &key).await?;
    db.commit().await?;
    Ok(Ok(key))
}

/// Ends all access keys but the newest so many, and says which. Nothing brings them back.
pub async fn end_access_keys(
    world: &World,
    account: &AccountId,
    holder: KeyHolder<'_>,
    keep_newest: usize,
) -> Result<Result<Vec<String>, NoSuchHolder>, Fault> {
    let mut db = world.store.write().await?;
    let user_id = match find(&mut db, account, holder).await? {
        Ok(user_id) => user_id,
        Err(missing) => return Ok(Err(missing)),
    };
    let mut keys = db.access_keys_of(account, user_id.as_deref()).await?;
    keys.truncate(keys.len().saturating_sub(keep_newest));
    for key in &keys {
        db.end_access_key(&key.id, world.clock.now()).await?;
        db.forget_uses(&key.id).await?;
    }
    db.commit().await?;
    Ok(Ok(keys.into_iter().map(|key| key.id).collect()))
}

/// The unique id of a user who is there; `None` for a root user who is.
async fn find(
    db: &mut Session,
    account: &AccountId,
    holder: KeyHolder<'_>,
) -> Result<Result<Option<String>, NoSuchHolder>, Fault> {
    if db.account(account).await?.is_none() {
        return Ok(Err(NoSuchHolder::Account(account.clone())));
    }
    let KeyHolder::User(name) = holder else {
        return Ok(Ok(None));
    };
    let user = db.user_by_name(account, name).await?;
    Ok(match user {
        Some(user) => Ok(Some(user.id)),
        None => Err(NoSuchHolder::User(account.clone(), name.to_owned())),
    })
}
