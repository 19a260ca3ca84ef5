//! The name of a parameter below the path that a file is of.

use std::fmt;

/// Levels of a hierarchy with a slash between them, such as `db/password`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Reads a key; `None` where no parameter can be called so.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        let level_fits = |level: &str| !level.is_empty() && level.chars().all(legal);
        text.split('/')
            .all(level_fits)
            .then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its levels, from the top.
    pub fn levels(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
