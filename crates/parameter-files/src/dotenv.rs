//! Dotenv: `KEY=value` lines, as the libraries of many languages read them.

use types::SecretValue;

use crate::{Entry, Found, Key, Problem};

/// What stands for the slash of a hierarchy.
const LEVEL: &str = "__";

/// The key of a variable's name.
pub(crate) fn to_key(name: &str) -> Option<Key> {
    Key::parse(&name.replace(LEVEL, "/"))
}

/// Reads every line. `to_key` makes a key of a variable's name.
pub(crate) fn read(text: &str, to_key: fn(&str) -> Option<Key>) -> Found {
    let mut found = Found::default();
    let mut rest = Lines { text, number: 1 };
    while let Some(line) = rest.next_assignment() {
        match line {
            Ok((name, value)) => found.add(name, to_key(name), SecretValue::from(value)),
            Err(problem) => {
                found.problems.push(problem);
                // What follows an open quote cannot be told from what is in it.
                return found;
            }
        }
    }
    found
}

/// What is left to read.
struct Lines<'t> {
    text: &'t str,
    number: usize,
}

impl<'t> Lines<'t> {
    fn next_assignment(&mut self) -> Option<Result<(&'t str, String), Problem>> {
        loop {
            let blank = self.text.trim_start_matches([' ', '\t', '\r']);
            self.text = blank;
            if self.text.is_empty() {
                return None;
            }
            if self.text.starts_with(['\n', '#']) {
                self.skip_line();
                continue;
            }
            return Some(self.assignment());
        }
    }

    fn assignment(&mut self) -> Result<(&'t str, String), Problem> {
        let here = self.number;
        let at = |why: &str| Problem::new(format!("line {here}"), why);
        let line = self.text.split('\n').next().unwrap_or_default();
        let Some((name, _)) = line.split_once('=') else {
            return Err(at("has no `=`"));
        };
        self.advance(name.len() + 1);
        let name = name.trim();
        let name = name.strip_prefix("export ").map_or(name, str::trim);
        if name.is_empty() {
            return Err(at("has no name before its `=`"));
        }
        self.advance(self.text.len() - self.text.trim_start_matches([' ', '\t']).len());
        let quote = self.text.chars().next().filter(|c| "'\"".contains(*c));
        let Some(quote) = quote else {
            return Ok((name, self.unquoted()));
        };
        self.advance(1);
        let Some(value) = self.quoted(quote) else {
            return Err(at("begins a quoted value that does not end"));
        };
        let after = self.skip_line().trim();
        if !(after.is_empty() || after.starts_with('#')) {
            return Err(at("goes on after the quoted value"));
        }
        Ok((name, value))
    }

    /// The value up to a comment or the end of the line.
    fn unquoted(&mut self) -> String {
        let line = self.skip_line();
        let comment = line.find(" #").or_else(|| line.find("\t#"));
        let comment = if line.starts_with('#') {
            Some(0)
        } else {
            comment
        };
        line.get(..comment.unwrap_or(line.len()))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The value up to its closing quote, over as many lines as it takes.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.text.char_indices();
        while let Some((at, c)) = characters.next() {
            if c == quote {
                self.advance(at + c.len_utf8());
                return Some(value);
            }
            if c != '\\' || quote == '\'' {
                value.push(c);
                continue;
            }
            match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped if "\\\"$`!".contains(escaped) => value.push(escaped),
                // A backslash that escapes nothing is one.
                other => value.extend(['\\', other]),
            }
        }
        None
    }

    /// Goes to the next line, and gives what was left of this one.
    fn skip_line(&mut self) -> &'t str {
        let line = self.text.split('\n').next().unwrap_or_default();
        self.advance((line.len() + 1).min(self.text.len()));
        line
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.text.split_at_checked(bytes).unwrap_or((self.text, ""));
        self.number += passed.matches('\n').count();
        self.text = rest;
    }
}

/// Writes a line for each entry whose name can be a variable's.
pub(crate) fn write(entries: &[&Entry]) -> Result<SecretValue, Vec<Problem>> {
    let mut out = String::new();
    let mut problems = Vec::new();
    for entry in entries {
        let name = entry.key.as_str().replace('/', LEVEL);
        if is_variable(&name) && to_key(&name).as_ref() == Some(&entry.key) {
            out.push_str(&name);
            out.push('=');
            push_value(
                &mut out,
                entry.value.expose_secret_str().unwrap_or_default(),
            );
            out.push('\n');
        } else {
            problems.push(Problem::new(
                entry.key.as_str(),
                "cannot be a variable: those have letters, digits and single `_`, and begin with no digit; \
                 use JSON or YAML",
            ));
        }
    }
    if problems.is_empty() {
        Ok(SecretValue::from(out))
    } else {
        Err(problems)
    }
}

pub(crate) fn is_variable(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(legal) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

/// A value as it is where nothing in it means anything, and in double quotes otherwise.
fn push_value(out: &mut String, value: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        out.push_str(value);
    } else {
        push_quoted(out, value, "\\\"$`");
    }
}

/// A value in double quotes, with a backslash before each of these characters.
pub(crate) fn push_quoted(out: &mut String, value: &str, escaped: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if escaped.contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
}
