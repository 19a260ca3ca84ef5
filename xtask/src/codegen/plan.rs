//! `operations.toml`: which operations are implemented, and what the models do not tell.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(transparent)]
pub struct Plan {
    pub services: BTreeMap<String, Planned>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    pub operations: BTreeMap<String, Kind>,
    /// Whether its protocol is spoken by hand, so that only the tables are generated.
    #[serde(default)]
    pub tables_only: bool,
    /// Kinds of resource: ARN, and `if` with the condition keys that come with it.
    #[serde(default)]
    pub resources: BTreeMap<String, String>,
    /// What each operation asks for; see the head of `operations.toml`.
    #[serde(default)]
    pub access: BTreeMap<String, String>,
    #[serde(default)]
    pub errors: Vec<String>,
    pub message: Option<MessageKey>,
    #[serde(default)]
    pub plain: Vec<String>,
    #[serde(default)]
    pub secret: Vec<String>,
    #[serde(default)]
    pub enums: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub patterns: BTreeMap<String, String>,
    #[serde(default)]
    pub newer: Newer,
}

/// What the models have in releases after the one that is generated from.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Newer {
    #[serde(default)]
    pub shapes: BTreeMap<String, toml::Value>,
    /// Of which structure, under which name, of which shape.
    #[serde(default)]
    pub members: BTreeMap<String, BTreeMap<String, String>>,
}

/// How errors spell the member that holds their message.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKey {
    Lower,
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Read,
    Write,
}

impl Plan {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("reading {}", path.display()))
    }
}
