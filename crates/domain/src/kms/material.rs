//! Unsealing key material, and the two things done with it.

use std::sync::Arc;

use api::kms::{Error, RotationType};
use crypto::{
    EncryptionContext, Key as SymmetricKey,
    kms::{Ciphertext, KeyMaterial, MaterialId},
};
use store::kms::{KeyAddress, NewMaterial};
use types::{Fault, SecretValue, Timestamp};

use super::key::{self, Key};
use crate::{Cx, World};

/// Encrypts under the key's current material.
pub(super) async fn encrypt(
    cx: &mut Cx,
    key: &Key,
    context: &EncryptionContext,
    plaintext: &SecretValue,
) -> Result<Vec<u8>, Fault> {
    let id = key.row.current_material.parse().map_err(Fault::new)?;
    let entry = unsealed(cx, &key.row.address, id)
        .await?
        .ok_or_else(|| Fault::new("the current material of a key is missing"))?;
    let (_, material) = entry.as_ref();
    Ok(material.encrypt(&key.arn(), context, plaintext.expose_secret(), cx.entropy()))
}

/// Decrypts a ciphertext that names this key.
pub(super) async fn decrypt(
    cx: &mut Cx,
    key: &Key,
    ciphertext: &Ciphertext<'_>,
    context: &EncryptionContext,
) -> Result<SecretValue, Error> {
    let Some(entry) = unsealed(cx, &key.row.address, ciphertext.material_id).await? else {
        return Err(invalid_ciphertext());
    };
    let (_, material) = entry.as_ref();
    material
        .decrypt(ciphertext, context)
        .map_err(|_| invalid_ciphertext())
}

// AWS: InvalidCiphertextException comes without a message, whatever was wrong.
pub(super) fn invalid_ciphertext() -> Error {
    Error::InvalidCiphertext(String::new())
}

/// What the root key seals material for: exactly this material of this key.
pub(crate) fn purpose(address: &KeyAddress, id: &str) -> String {
    format!("kms key material {id} of {}", key::arn(address))
}

/// New material for a key, sealed.
pub(super) fn generate(
    world: &World,
    address: &KeyAddress,
    rotation: Option<RotationType>,
    now: Timestamp,
) -> NewMaterial {
    let entropy = world.entropy.as_ref();
    let material = KeyMaterial::generate(entropy);
    let secret = material.key().to_secret();
    let purpose = purpose(address, &material.id().to_string());
    NewMaterial {
        id: material.id().to_string(),
        sealed: world
            .root_key
            .seal(&purpose, secret.expose_secret(), entropy),
        rotation_type: rotation.map(|kind| kind.as_str().to_owned()),
        created: now,
    }
}

async fn unsealed(
    cx: &mut Cx,
    address: &KeyAddress,
    id: MaterialId,
) -> Result<Option<Arc<(KeyAddress, KeyMaterial)>>, Fault> {
    if let Some(entry) = cx.world.kms.material(&id) {
        return Ok((entry.0 == *address).then_some(entry));
    }
    let Some(sealed) = cx.db.kms_material(address, &id.to_string()).await? else {
        return Ok(None);
    };
    let opened = cx
        .world
        .root_key
        .open(&purpose(address, &id.to_string()), &sealed);
    let key = opened
        .and_then(|secret| SymmetricKey::from_secret(&secret))
        .map_err(Fault::new)?;
    let material = KeyMaterial::new(id, key);
    Ok(Some(cx.world.kms.keep_material(address.clone(), material)))
}
