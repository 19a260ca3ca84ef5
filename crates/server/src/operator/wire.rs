//! Commands and answers as JSON.

use serde::Serialize;
use types::{Fault, SecretValue};
use zeroize::Zeroizing;

/// More than any command or answer here is.
pub(super) const MAX_BODY: usize = 4 * 1024 * 1024;

/// The JSON of a value that may hold an access key.
pub(super) fn to_json(value: &impl Serialize) -> Result<SecretValue, super::Refusal> {
    // Room for a usual answer at once: a growing buffer would leave parts of a key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer(&mut *text, value).map_err(Fault::new)?;
    Ok(SecretValue::from(std::mem::take(&mut *text)))
}
