//! Making a key: its row, and its first material, sealed.

use api::kms::{KeyManagerType, KeySpec, KeyState, KeyUsageType, OriginType};
use store::kms::{KeyAddress, KeyRow};
use types::{Fault, Tag};

use super::{key::Key, material, rotation};
use crate::Cx;

/// What is chosen about a new key.
pub(super) struct NewKey {
    pub description: String,
    pub policy: String,
    pub aws_managed: bool,
    pub multi_region: bool,
    pub tags: Vec<Tag>,
}

/// A new id in the caller's account and the request's region.
pub(super) fn address(cx: &Cx, multi_region: bool) -> KeyAddress {
    let key_id = if multi_region {
        format!("mrk-{}", cx.entropy().hex::<16>())
    } else {
        cx.entropy().uuid()
    };
    KeyAddress {
        account: cx.account().clone(),
        region: cx.region.clone(),
        key_id,
    }
}

/// Makes and saves the key.
pub(super) async fn make(cx: &mut Cx, address: KeyAddress, new: NewKey) -> Result<Key, Fault> {
    let material = material::generate(&cx.world, &address, None, cx.now());
    let manager = if new.aws_managed {
        KeyManagerType::Aws
    } else {
        KeyManagerType::Customer
    };
    let row = KeyRow {
        address,
        description: new.description,
        key_usage: KeyUsageType::EncryptDecrypt.as_str().to_owned(),
        key_spec: KeySpec::SymmetricDefault.as_str().to_owned(),
        key_state: KeyState::Enabled.as_str().to_owned(),
        key_manager: manager.as_str().to_owned(),
        origin: OriginType::AwsKms.as_str().to_owned(),
        multi_region: new.multi_region,
        policy: new.policy,
        tags: new.tags,
        current_material: material.id.clone(),
        created: cx.now(),
        deletion_date: None,
        rotation: new
            .aws_managed
            .then(|| rotation::every(rotation::DEFAULT_PERIOD, cx.now())),
        aliases: Vec::new(),
        has_grants: false,
    };
    cx.db.insert_kms_key(&row, &material).await?;
    Key::from_row(row)
}
