//! From the name of a key to the key, if the caller may.

use api::kms::Error;
use store::kms::KeyAddress;
use types::{AccountId, Arn};

use super::{
    authorize::{self, Use},
    key::{self, Key},
    key_ref::KeyRef,
    managed,
};
use crate::Cx;

/// A key that was looked for. Whether there is one shows only once the caller is authorised.
pub(super) enum Located {
    Found(Box<Key>),
    Missing {
        owner: AccountId,
        resource: Arn,
        error: Error,
    },
}

/// Looks for the key that a `KeyId` member names, in any of its forms.
pub(super) async fn locate(cx: &mut Cx, key_id: &str) -> Result<Located, Error> {
    match KeyRef::parse(key_id, cx.account(), &cx.region)? {
        KeyRef::Key(address) => locate_key(cx, &address).await,
        KeyRef::Alias {
            account,
            region,
            name,
        } => {
            let row = cx.db.kms_key_by_alias(&account, &region, &name).await?;
            if let Some(row) = row {
                let mut key = Key::from_row(row)?;
                key.requested_alias = Some(name);
                return Ok(Located::Found(Box::new(key)));
            }
            let resource = Arn::new(
                region.partition(),
                "kms",
                region.as_str(),
                account.as_str(),
                name,
            );
            let error = Error::NotFound(format!("Alias {resource} is not found."));
            Ok(Located::Missing {
                owner: account,
                resource,
                error,
            })
        }
    }
}

/// Looks for a key by its address. Where the session writes, the key stays as it is until the session ends.
pub(super) async fn locate_key(cx: &mut Cx, address: &KeyAddress) -> Result<Located, Error> {
    if cx.db.is_write() {
        cx.db.lock_kms_key(address).await?;
    }
    if let Some(row) = cx.db.kms_key(address).await? {
        return Ok(Located::Found(Box::new(Key::from_row(row)?)));
    }
    Ok(missing(address))
}

/// Looks for a key by key id or key ARN, for the operations that take no alias.
pub(super) async fn locate_by_id(cx: &mut Cx, key_id: &str) -> Result<Located, Error> {
    let address = KeyRef::parse_key(key_id, cx.account(), &cx.region)?;
    locate_key(cx, &address).await
}

/// As [`locate_by_id`], for the operations that work within an account only: whatever its policy says, a key of another
/// account is out of reach.
pub(super) async fn locate_own(cx: &mut Cx, key_id: &str) -> Result<Located, Error> {
    let address = KeyRef::parse_key(key_id, cx.account(), &cx.region)?;
    if address.account != *cx.account() {
        return Ok(missing(&address));
    }
    locate_key(cx, &address).await
}

fn missing(address: &KeyAddress) -> Located {
    let resource = key::arn(address);
    let error = Error::NotFound(format!("Key '{resource}' does not exist"));
    Located::Missing {
        owner: address.account.clone(),
        resource,
        error,
    }
}

/// As [`locate`]; the first time the alias of an AWS-managed key is named, the key is made.
pub(super) async fn locate_or_make(cx: &mut Cx, key_id: &str) -> Result<Located, Error> {
    let located = locate(cx, key_id).await?;
    if let Located::Missing {
        owner, resource, ..
    } = &located
        && owner == cx.account()
        && let Some(service) = managed::service_of(&resource.resource)
    {
        let mut key = managed::key_for(cx, service).await?;
        key.requested_alias = Some(resource.resource.clone());
        return Ok(Located::Found(Box::new(key)));
    }
    Ok(located)
}

impl Located {
    /// The key, for a caller who may do this with it; otherwise why not.
    pub(super) async fn authorize(self, cx: &mut Cx, intent: Use<'_>) -> Result<Key, Error> {
        match self {
            Self::Found(key) => {
                authorize::on_key(cx, &key, intent).await?;
                Ok(*key)
            }
            Self::Missing {
                owner,
                resource,
                error,
            } => {
                authorize::on_missing(cx, resource.to_string(), &owner, intent)?;
                Err(error)
            }
        }
    }

    /// What was looked for, as far as it is known before anyone is authorised.
    pub(super) fn arn(&self) -> String {
        match self {
            Self::Found(key) => key.arn(),
            Self::Missing { resource, .. } => resource.to_string(),
        }
    }

    /// The key as it is, for those who authorise each use of it later.
    pub(super) fn unauthorized(self) -> Result<Key, Error> {
        match self {
            Self::Found(key) => Ok(*key),
            Self::Missing { error, .. } => Err(error),
        }
    }
}
