//! Resource tags.

use serde::{Deserialize, Serialize};

/// A key and a value attached to a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}
