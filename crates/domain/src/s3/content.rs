//! The content of objects in its sealed form.

use crypto::Key;
use store::s3::BucketRow;
use types::{Fault, SecretValue};

use crate::{Cx, World};

/// The key of a bucket's objects, as it is kept.
pub(super) fn seal_key(world: &World, bucket_id: &str, key: &Key) -> Vec<u8> {
    let secret = key.to_secret();
    let (purpose, entropy) = (key_purpose(bucket_id), world.entropy.as_ref());
    world
        .root_key
        .seal(&purpose, secret.expose_secret(), entropy)
}

/// What the key of a bucket is sealed for.
pub(crate) fn key_purpose(bucket_id: &str) -> String {
    format!("s3 bucket {bucket_id}")
}

fn open_key(world: &World, bucket: &BucketRow) -> Result<Key, Fault> {
    let opened = world
        .root_key
        .open(&key_purpose(&bucket.id), &bucket.sealed_key)
        .map_err(Fault::new)?;
    Key::from_secret(&opened).map_err(Fault::new)
}

/// Seals the content of the object of this key, which opens as that of no other.
pub(super) fn seal(
    cx: &Cx,
    bucket: &BucketRow,
    object_key: &str,
    content: &SecretValue,
) -> Result<Vec<u8>, Fault> {
    let key = open_key(&cx.world, bucket)?;
    Ok(key.seal(object_key.as_bytes(), content.expose_secret(), cx.entropy()))
}

pub(super) fn open(
    world: &World,
    bucket: &BucketRow,
    object_key: &str,
    sealed: &[u8],
) -> Result<SecretValue, Fault> {
    let key = open_key(world, bucket)?;
    key.open(object_key.as_bytes(), sealed).map_err(Fault::new)
}
