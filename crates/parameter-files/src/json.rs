//! JSON: nested objects whose leaves are texts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use types::SecretValue;

use crate::{
    Entry, Found, Key, Problem,
    hierarchy::{Level, Member},
    quoting::push_quoted,
};

/// Reads objects of texts; whole numbers and booleans are texts too. The parser hands each text over where it lies, so
/// no tree of values is left in memory.
pub(crate) fn read(text: &str) -> Found {
    let mut found = Found::default();
    let mut parser = serde_json::Deserializer::from_str(text);
    let top = At {
        path: String::new(),
        found: &mut found,
    };
    let read = top.deserialize(&mut parser).and_then(|()| parser.end());
    if let Err(error) = read {
        // The parser's own text may quote what it found there.
        let place = format!("line {}, column {}", error.line(), error.column());
        found
            .problems
            .push(Problem::new(place, "is not valid JSON"));
    }
    found
}

/// The place in the file that is read now.
struct At<'f> {
    path: String,
    found: &'f mut Found,
}

impl At<'_> {
    fn value(self, value: &str) {
        if self.path.is_empty() {
            self.refuse("holds a value where an object of parameters should be");
        } else {
            let key = Key::parse(&self.path);
            self.found.add(&self.path, key, SecretValue::from(value));
        }
    }

    fn refuse(self, why: &str) {
        let at = if self.path.is_empty() {
            "the file".to_owned()
        } else {
            self.path
        };
        self.found.problems.push(Problem::new(at, why));
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let path = if self.path.is_empty() {
                name
            } else {
                format!("{}/{name}", self.path)
            };
            map.next_value_seed(At {
                path,
                found: &mut *self.found,
            })?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.value(text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.value(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.value(&value.to_string());
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.value(&value.to_string());
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.refuse("is a fraction, whose digits would not stay as they are; put it in quotes");
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.refuse("is null, and a parameter has a value");
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        self.refuse("is a list; put the text of a StringList in quotes, with commas");
        Ok(())
    }
}

/// Writes nested objects.
pub(crate) fn write(entries: &[&Entry]) -> SecretValue {
    let mut out = String::new();
    push_level(&mut out, &Level::of(entries), 0);
    out.push('\n');
    SecretValue::from(out)
}

fn push_level(out: &mut String, level: &Level<'_>, depth: usize) {
    if level.0.is_empty() {
        out.push_str("{}");
        return;
    }
    out.push('{');
    for (number, (name, member)) in level.0.iter().enumerate() {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        push_quoted(out, name);
        out.push_str(": ");
        match member {
            Member::Value(value) => {
                push_quoted(out, value.expose_secret_str().unwrap_or_default());
            }
            Member::Level(level) => push_level(out, level, depth + 1),
        }
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push('}');
}
