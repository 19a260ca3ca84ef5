//! Parameter files, pure: texts to entries and entries to texts.
//!
//! A file holds what lies below one path of Parameter Store. Reading either understands all of a file or says, entry by
//! entry, what it does not understand; nothing is guessed, dropped or changed on the way. Whatever [`write()`] accepts,
//! [`read()`] gives back exactly.

mod chamber;
mod dotenv;
mod hierarchy;
mod json;
mod key;
mod quoting;
mod tree;
mod yaml;

use types::SecretValue;

pub use key::Key;
pub use tree::{Node, tree};

/// A parameter as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub value: SecretValue,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `KEY=value` lines. `__` stands for the slash of a hierarchy.
    Dotenv,
    /// Nested objects of texts.
    Json,
    /// Nested mappings of texts.
    Yaml,
    /// The JSON of `chamber export` and `chamber import`: one level of keys in lower case.
    Chamber,
    /// The dotenv of `chamber export --format dotenv`: keys in upper case.
    ChamberDotenv,
}

/// Something in a file, or among what is to be one, that cannot be. It never tells a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, or the line.
    pub at: String,
    pub why: String,
}

impl Problem {
    fn new(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            why: why.into(),
        }
    }
}

/// Reads a whole file.
pub fn read(format: Format, text: &str) -> Result<Vec<Entry>, Vec<Problem>> {
    // Windows editors begin files with it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let found = match format {
        Format::Dotenv => dotenv::read(text, dotenv::to_key),
        Format::Json => json::read(text),
        Format::Yaml => yaml::read(text),
        Format::Chamber => chamber::read_json(text),
        Format::ChamberDotenv => dotenv::read(text, chamber::to_key),
    };
    let problems = duplicates(&found.entries);
    let problems: Vec<_> = found.problems.into_iter().chain(problems).collect();
    if problems.is_empty() {
        Ok(found.entries)
    } else {
        Err(problems)
    }
}

/// Writes a whole file, in the order of keys.
pub fn write(format: Format, entries: &[Entry]) -> Result<SecretValue, Vec<Problem>> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    match format {
        Format::Dotenv => dotenv::write(&entries),
        Format::Json => Ok(json::write(&entries)),
        Format::Yaml => Ok(yaml::write(&entries)),
        Format::Chamber => chamber::write_json(&entries),
        Format::ChamberDotenv => chamber::write_dotenv(&entries),
    }
}

/// What a reader found, and what it could not use.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Found {
    /// Takes in a value under the text of its key.
    fn add(&mut self, at: &str, key: Option<Key>, value: SecretValue) {
        match key {
            Some(key) => self.entries.push(Entry { key, value }),
            None => self.problems.push(Problem::new(
                at,
                "is no name for a parameter: letters, digits, `.`, `-` and `_`, with a slash between levels",
            )),
        }
    }
}

fn duplicates(entries: &[Entry]) -> Vec<Problem> {
    let mut keys: Vec<_> = entries.iter().map(|entry| &entry.key).collect();
    keys.sort();
    let mut twice: Vec<_> = keys
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if a == b => Some(a.as_str()),
            _ => None,
        })
        .collect();
    twice.dedup();
    twice
        .into_iter()
        .map(|key| Problem::new(key, "comes more than once"))
        .collect()
}

#[cfg(test)]
mod tests;
