//! The keys that AWS manages for its services: one for each service in an account and region, made at its first use.

use store::kms::AliasRow;
use types::Fault;

use super::{
    forward::Via,
    key::Key,
    key_policy,
    new_key::{self, NewKey},
};
use crate::Cx;

/// The service that an alias stands for: `alias/aws/ssm`.
pub(super) fn service_of(alias: &str) -> Option<Via> {
    Via::ALL
        .into_iter()
        .find(|service| service.alias() == alias)
}

/// The service's key in the caller's account and the request's region. Needs a session that writes where the key is
/// not there yet.
pub(super) async fn key_for(cx: &mut Cx, service: Via) -> Result<Key, Fault> {
    let (account, region) = (cx.account().clone(), cx.region.clone());
    if let Some(row) = cx
        .db
        .kms_key_by_alias(&account, &region, service.alias())
        .await?
    {
        return Key::from_row(row);
    }
    let address = new_key::address(cx, false);
    let alias = AliasRow {
        target: address.clone(),
        name: service.alias().to_owned(),
        created: cx.now(),
        updated: cx.now(),
    };
    // Claimed before the key is made: another server on the same database may be at its first use as well.
    if !cx.db.insert_kms_alias(&alias).await? {
        let row = cx
            .db
            .kms_key_by_alias(&account, &region, service.alias())
            .await?;
        return Key::from_row(row.ok_or_else(|| Fault::new("an alias of AWS points to no key"))?);
    }
    let key = NewKey {
        description: service.key_description().to_owned(),
        policy: key_policy::aws_managed(service, &account, &region),
        aws_managed: true,
        multi_region: false,
        tags: Vec::new(),
    };
    let mut key = new_key::make(cx, address, key).await?;
    key.row.aliases.push(alias.name);
    Ok(key)
}
