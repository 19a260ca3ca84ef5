//! Links to layers: each opens one layer of one repository for an hour, to whoever has it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use types::Timestamp;

use crate::World;

const VALID_SECS: i64 = 60 * 60;
const LABEL: &str = "ecr layer link";

/// The secret part of a link to this layer.
pub(super) fn issue(world: &World, layer: &str) -> String {
    let expires = world.clock.now().plus_secs(VALID_SECS).as_millis();
    let purpose = format!("{LABEL} {layer}");
    let bytes = expires.to_be_bytes();
    let sealed = world
        .root_key
        .seal(&purpose, &bytes, world.entropy.as_ref());
    URL_SAFE_NO_PAD.encode(sealed)
}

/// Whether it is the secret part of a link to this layer that is still good.
pub(super) fn opens(world: &World, layer: &str, secret: &str) -> bool {
    let expires = URL_SAFE_NO_PAD.decode(secret).ok().and_then(|sealed| {
        let purpose = format!("{LABEL} {layer}");
        let opened = world.root_key.open(&purpose, &sealed).ok()?;
        let millis = opened.expose_secret().try_into().ok()?;
        Some(Timestamp::from_millis(i64::from_be_bytes(millis)))
    });
    expires.is_some_and(|expires| expires > world.clock.now())
}
