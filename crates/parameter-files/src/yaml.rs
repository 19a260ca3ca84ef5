//! YAML: nested mappings whose leaves are scalars, each the text that is written there.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use types::SecretValue;

use crate::{
    Entry, Found, Key, Problem,
    hierarchy::{Level, Member},
    quoting::push_quoted,
};

/// What YAML 1.2 and its predecessors take for something else than a text.
const WORDS: [&str; 10] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "~",
];

/// Reads one document. No scalar is turned into a number or a date and back: `007`, `1.10` and `yes` stay as they are.
pub(crate) fn read(text: &str) -> Found {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, place) = match event {
            Ok((event, span)) => (event, span.start.line()),
            Err(error) => {
                // The parser's own text may quote what it found there.
                let place = format!("line {}", error.marker().line());
                reader
                    .found
                    .problems
                    .push(Problem::new(place, "is not valid YAML"));
                return reader.found;
            }
        };
        if let Err(why) = reader.take(event) {
            let place = format!("line {place}");
            reader.found.problems.push(Problem::new(place, why));
            return reader.found;
        }
    }
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Found,
    documents: usize,
    /// The path of each mapping that is open.
    open: Vec<String>,
    /// The key whose value comes next.
    key: Option<String>,
    /// How many lists are open: what is in them is not read.
    lists: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err("begins a second document; a file has one");
                }
            }
            Event::SequenceStart(..) => self.list()?,
            Event::SequenceEnd => self.lists = self.lists.saturating_sub(1),
            _ if self.lists > 0 => {}
            Event::MappingStart(..) => {
                let path = self.path_of_value()?;
                self.open.push(path);
            }
            Event::MappingEnd => {
                self.open.pop();
            }
            Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_ref())?,
            Event::Alias(_) => return Err("is an alias; write the value itself"),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(), &'static str> {
        if self.lists == 0 {
            let path = self.path_of_value()?;
            let why = "is a list; put the text of a StringList in quotes, with commas";
            self.found.problems.push(Problem::new(path, why));
        }
        self.lists += 1;
        Ok(())
    }

    /// The whole path of the key whose value begins here; empty for the top.
    fn path_of_value(&mut self) -> Result<String, &'static str> {
        match (self.open.last(), self.key.take()) {
            (None, _) => Ok(String::new()),
            (Some(_), None) => Err("is no key: keys are texts"),
            (Some(path), Some(key)) if path.is_empty() => Ok(key),
            (Some(path), Some(key)) => Ok(format!("{path}/{key}")),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Cow<'_, Tag>>,
    ) -> Result<(), &'static str> {
        if tag.is_some_and(|tag| !(tag.is_yaml_core_schema() && tag.suffix == "str")) {
            return Err("has a tag that sealift does not know");
        }
        let is_null = style == ScalarStyle::Plain
            && tag.is_none()
            && ["", "~", "null", "Null", "NULL"].contains(&text);
        if self.open.is_empty() {
            let why = "holds a value where a mapping of parameters should be";
            return is_null.then_some(()).ok_or(why);
        }
        if self.key.is_none() {
            self.key = Some(text.to_owned());
            return Ok(());
        }
        let path = self.path_of_value()?;
        if is_null {
            let why = "is null, and a parameter has a value";
            self.found.problems.push(Problem::new(path, why));
        } else {
            let key = Key::parse(&path);
            self.found.add(&path, key, SecretValue::from(text));
        }
        Ok(())
    }
}

/// Writes nested mappings, with every value in double quotes.
pub(crate) fn write(entries: &[&Entry]) -> SecretValue {
    let mut out = String::new();
    if entries.is_empty() {
        out.push_str("{}\n");
    }
    push_level(&mut out, &Level::of(entries), 0);
    SecretValue::from(out)
}

fn push_level(out: &mut String, level: &Level<'_>, depth: usize) {
    for (name, member) in &level.0 {
        out.push_str(&"  ".repeat(depth));
        if is_plain(name) {
            out.push_str(name);
        } else {
            push_quoted(out, name);
        }
        match member {
            Member::Value(value) => {
                out.push_str(": ");
                push_quoted(out, value.expose_secret_str().unwrap_or_default());
                out.push('\n');
            }
            Member::Level(level) => {
                out.push_str(":\n");
                push_level(out, level, depth + 1);
            }
        }
    }
}

/// Whether a key means the same text without quotes to every reader of YAML.
fn is_plain(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    begins && !WORDS.contains(&name.to_ascii_lowercase().as_str())
}
