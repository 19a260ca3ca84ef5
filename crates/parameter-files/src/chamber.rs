//! The files of chamber, whose layout is `/service/key` with keys in lower case.

use std::collections::BTreeMap;

use types::SecretValue;

use crate::{Entry, Found, Key, Problem, dotenv, json};

/// The end of the parameter in which chamber keeps which services another includes: it is no key of the service.
const METADATA: &str = "__chamber.service.metadata";

/// The key of a variable's name, or of a key that was written in another case: chamber has lower case alone.
pub(crate) fn to_key(name: &str) -> Option<Key> {
    Key::parse(&name.to_ascii_lowercase()).filter(is_one_level)
}

fn is_one_level(key: &Key) -> bool {
    key.levels().count() == 1
}

/// Reads `{"key": "value"}`.
pub(crate) fn read_json(text: &str) -> Found {
    let read = json::read(text);
    let mut found = Found {
        entries: Vec::new(),
        problems: read.problems,
    };
    for entry in read.entries {
        if is_one_level(&entry.key) {
            found.add(entry.key.as_str(), to_key(entry.key.as_str()), entry.value);
        } else {
            let problem = Problem::new(
                entry.key.as_str(),
                "is below another key, and chamber has one level",
            );
            found.problems.push(problem);
        }
    }
    found
}

/// Writes `{"key": "value"}`.
pub(crate) fn write_json(entries: &[&Entry]) -> Result<SecretValue, Vec<Problem>> {
    Ok(json::write(&keys(entries)?))
}

/// Writes `KEY="value"` lines. As chamber has it, a hyphen becomes `_`, and then does not come back.
pub(crate) fn write_dotenv(entries: &[&Entry]) -> Result<SecretValue, Vec<Problem>> {
    let mut lines = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in keys(entries)? {
        let name = entry.key.as_str().to_ascii_uppercase().replace('-', "_");
        if !dotenv::is_variable(&name) {
            let why =
                "cannot be a variable: those have letters, digits and `_`, and begin with no digit";
            problems.push(Problem::new(entry.key.as_str(), why));
        } else if let Some(other) = lines.insert(name, entry) {
            let why = format!("would be the same variable as `{}`", other.key);
            problems.push(Problem::new(entry.key.as_str(), why));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut out = String::new();
    for (name, entry) in lines {
        out.push_str(&name);
        out.push('=');
        let value = entry.value.expose_secret_str().unwrap_or_default();
        dotenv::push_quoted(&mut out, value, "\\\"!$`");
        out.push('\n');
    }
    Ok(SecretValue::from(out))
}

/// The entries that are keys of the service.
fn keys<'e>(entries: &[&'e Entry]) -> Result<Vec<&'e Entry>, Vec<Problem>> {
    let keys = entries.iter().copied();
    let keys: Vec<_> = keys
        .filter(|entry| !entry.key.as_str().ends_with(METADATA))
        .collect();
    let refuse = |entry: &&Entry| {
        let why = "is no key of chamber's: those are one level, in lower case";
        let fits = to_key(entry.key.as_str()).as_ref() == Some(&entry.key);
        (!fits).then(|| Problem::new(entry.key.as_str(), why))
    };
    let problems: Vec<_> = keys.iter().filter_map(refuse).collect();
    if problems.is_empty() {
        Ok(keys)
    } else {
        Err(problems)
    }
}
