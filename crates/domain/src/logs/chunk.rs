//! Lines in their sealed form.

use std::io::{Read as _, Write as _};

use crypto::Key;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize};
use store::logs::{LogChunk, LogGroup};
use types::{Entropy, Fault, Timestamp};
use zeroize::Zeroizing;

use crate::World;

/// One line of a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Line {
    /// When it was written, in milliseconds.
    #[serde(rename = "t")]
    pub(super) at: i64,
    #[serde(rename = "m")]
    pub(super) message: String,
}

/// The key of a group's lines, as it is kept.
pub(super) fn seal_key(world: &World, group_id: &str, key: &Key) -> Vec<u8> {
    let secret = key.to_secret();
    world.root_key.seal(
        &key_purpose(group_id),
        secret.expose_secret(),
        world.entropy.as_ref(),
    )
}

/// The key of a group's lines.
pub(super) fn open_key(world: &World, group: &LogGroup) -> Result<Key, Fault> {
    let opened = world
        .root_key
        .open(&key_purpose(&group.id), &group.sealed_key)
        .map_err(Fault::new)?;
    Key::from_secret(&opened).map_err(Fault::new)
}

/// A number for a new chunk: later ones are larger, and two servers do not make the same.
pub(super) fn new_id(now: Timestamp, entropy: &dyn Entropy) -> i64 {
    let random = i64::from(u16::from_le_bytes(entropy.bytes::<2>()));
    (now.as_millis() << 16) | random
}

/// Compresses and seals lines for this chunk of this stream and no other.
pub(super) fn seal(
    key: &Key,
    place: (&str, i64),
    lines: &[Line],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let json = Zeroizing::new(serde_json::to_vec(lines).map_err(Fault::new)?);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&json).map_err(Fault::new)?;
    let compressed = Zeroizing::new(encoder.finish().map_err(Fault::new)?);
    Ok(key.seal(&aad(place), &compressed, entropy))
}

/// The lines of a chunk.
pub(super) fn open(key: &Key, chunk: &LogChunk) -> Result<Vec<Line>, Fault> {
    let compressed = key
        .open(&aad((&chunk.stream, chunk.id)), &chunk.sealed)
        .map_err(Fault::new)?;
    let mut json = Zeroizing::new(Vec::new());
    DeflateDecoder::new(compressed.expose_secret())
        .read_to_end(&mut json)
        .map_err(Fault::new)?;
    serde_json::from_slice(&json).map_err(Fault::new)
}

/// What the key of a group is sealed for.
pub(crate) fn key_purpose(group_id: &str) -> String {
    format!("log group {group_id}")
}

fn aad((stream, id): (&str, i64)) -> Vec<u8> {
    format!("{id} {stream}").into_bytes()
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    #[test]
    fn lines_open_as_they_were_sealed_and_in_no_other_place() {
        let entropy = SeededEntropy::new(1);
        let key = Key::generate(&entropy);
        let lines = vec![Line {
            at: 5,
            message: "zwölf\n\u{0}".to_owned(),
        }];
        let at = Timestamp::from_millis(5);
        let mut chunk = LogChunk {
            group_id: "g".to_owned(),
            stream: "s".to_owned(),
            id: 7,
            first: at,
            last: at,
            ingested: at,
            bytes: 1,
            sealed: seal(&key, ("s", 7), &lines, &entropy).unwrap(),
        };
        assert_eq!(open(&key, &chunk).unwrap(), lines);
        chunk.id = 8;
        assert!(open(&key, &chunk).is_err());
    }
}
