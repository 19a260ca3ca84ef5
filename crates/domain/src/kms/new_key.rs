//! Making a key: its row, and its first material, sealed.

use api::kms::{KeyManagerType, KeySpec, KeyState, KeyUsageType, OriginType};
use crypto::kms::KeyMaterial;
use store::kms::{KeyAddress, KeyRow, NewMaterial};
use types::{Fault, Tag};

use super::{key::Key, material};
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
    let material = KeyMaterial::generate(cx.entropy());
    let id = material.id();
    let purpose = material::purpose(&address, id);
    let secret = material.key().to_secret();
    let sealed = cx
        .world
        .root_key
        .seal(&purpose, secret.expose_secret(), cx.entropy());
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
        current_material: id.to_string(),
        created: cx.now(),
        deletion_date: None,
        aliases: Vec::new(),
    };
    let material = NewMaterial {
        id: id.to_string(),
        sealed,
    };
    cx.db.insert_kms_key(&row, &material).await?;
    Key::from_row(row)
}
