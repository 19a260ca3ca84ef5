//! What the operations on aliases share.

use api::{CommonError, kms::Error};
use store::kms::KeyAddress;

use super::{
    authorize::{self, Use},
    key::Key,
    key_ref::KeyRef,
    locate,
};
use crate::Cx;

/// The most aliases that one key has.
const MAX_ALIASES: usize = 50;

/// Refuses what no alias of a customer is called.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let Some(rest) = name.strip_prefix("alias/") else {
        let text = "Alias must start with the prefix \"alias/\". Please see \
                    https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        return Err(CommonError::Validation(text.to_owned()).into());
    };
    if rest.is_empty() {
        return Err(Error::InvalidAliasName(
            "Alias must not be empty".to_owned(),
        ));
    }
    if rest.starts_with("aws/") {
        // AWS: names under `alias/aws/` are refused without a word.
        return Err(CommonError::NotAuthorized.into());
    }
    Ok(())
}

/// The key that an alias is to point to: one of the caller's own.
pub(super) async fn target(cx: &mut Cx, key_id: &str, action: &str) -> Result<Key, Error> {
    let account = cx.account().clone();
    if let KeyRef::Alias { .. } = KeyRef::parse(key_id, &account, &cx.region)? {
        let text = "Aliases must refer to keys. Not aliases";
        return Err(CommonError::Validation(text.to_owned()).into());
    }
    let located = locate::locate_own(cx, key_id).await?;
    let key = located.authorize(cx, Use::of(action)).await?;
    key.not_pending()?;
    Ok(key)
}

/// Refuses a key that has all the aliases it can have.
pub(super) fn has_room(key: &Key) -> Result<(), Error> {
    if key.row.aliases.len() < MAX_ALIASES {
        return Ok(());
    }
    let text = format!("Cannot have more than {MAX_ALIASES} aliases per CMK");
    Err(Error::LimitExceeded(text))
}

/// The key that an alias of the caller's account points to, for whoever may do this with both.
pub(super) async fn pointed_to(
    cx: &mut Cx,
    name: &str,
    alias_arn: &str,
    action: &str,
) -> Result<KeyAddress, Error> {
    authorize::on_alias(cx, action, alias_arn)?;
    let (account, region) = (cx.account().clone(), cx.region.clone());
    let row = cx.db.kms_key_by_alias(&account, &region, name).await?;
    let Some(row) = row else {
        return Err(Error::NotFound(format!("Alias {alias_arn} is not found.")));
    };
    let key = Key::from_row(row)?;
    authorize::on_key(cx, &key, Use::of(action)).await?;
    Ok(key.row.address)
}
