//! Writing the XML of the Query protocol.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::{SecretText, Timestamp};
use zeroize::Zeroizing;

use super::{Encode, Shape, Sink};

/// Writes the inside of an element. What it outgrows on the way is zeroed.
#[derive(Default)]
pub struct XmlWriter(SecretText);

impl XmlWriter {
    /// What was written.
    pub fn into_text(self) -> String {
        self.0.into_string()
    }

    /// An element with attributes, if any (`Name xmlns="…"`), around what `inside` writes.
    pub fn element(&mut self, name: &str, attributes: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<{name}{attributes}>");
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }
}

impl Sink for XmlWriter {
    fn structure(&mut self, members: &[(&str, &dyn Encode, &Shape)]) {
        for (name, value, shape) in members.iter().filter(|(_, value, _)| !value.is_absent()) {
            self.element(name, "", |writer| value.encode(shape, writer));
        }
    }

    fn list(&mut self, elements: &mut dyn Iterator<Item = &dyn Encode>, shape: &Shape) {
        for element in elements {
            self.element("member", "", |writer| element.encode(shape, writer));
        }
    }

    fn map(&mut self, entries: &mut dyn Iterator<Item = (&str, &dyn Encode)>, shape: &Shape) {
        for (key, value) in entries {
            self.element("entry", "", |writer| {
                writer.element("key", "", |writer| writer.text(key));
                writer.element("value", "", |writer| value.encode(shape, writer));
            });
        }
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\n' | '\t' => self.0.push(c),
                // A reader would turn a bare carriage return into a line feed.
                '\r' => self.0.push_str("&#xD;"),
                // XML 1.0 has no way to write these.
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
    }

    fn blob(&mut self, bytes: &[u8]) {
        let mut encoded = Zeroizing::new(String::with_capacity(bytes.len() / 3 * 4 + 4));
        STANDARD.encode_string(bytes, &mut encoded);
        self.0.push_str(&encoded);
    }

    fn boolean(&mut self, boolean: bool) {
        self.0.push_str(if boolean { "true" } else { "false" });
    }

    fn integer(&mut self, integer: i64) {
        let _ = write!(self.0, "{integer}");
    }

    fn float(&mut self, float: f64) {
        let _ = write!(self.0, "{float:?}");
    }

    fn timestamp(&mut self, timestamp: Timestamp) {
        self.0.push_str(&timestamp.to_iso8601());
    }

    fn null(&mut self) {}
}
