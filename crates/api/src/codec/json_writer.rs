//! Writing AWS JSON 1.1.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::{SecretText, Timestamp};
use zeroize::Zeroizing;

use super::{Encode, Shape, Sink};

/// Writes compact JSON. What it outgrows on the way is zeroed.
#[derive(Default)]
pub struct JsonWriter(SecretText);

impl JsonWriter {
    /// What was written.
    pub fn into_text(self) -> String {
        self.0.into_string()
    }

    /// What was written, zeroed when it is dropped.
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0.into_bytes()
    }

    fn name(&mut self, is_first: bool, name: &str) {
        if !is_first {
            self.0.push(',');
        }
        self.text(name);
        self.0.push(':');
    }
}

impl Sink for JsonWriter {
    fn structure(&mut self, members: &[(&str, &dyn Encode, &Shape)]) {
        self.0.push('{');
        let present = members.iter().filter(|(_, value, _)| !value.is_absent());
        for (i, (name, value, shape)) in present.enumerate() {
            self.name(i == 0, name);
            value.encode(shape, self);
        }
        self.0.push('}');
    }

    fn list(&mut self, elements: &mut dyn Iterator<Item = &dyn Encode>, shape: &Shape) {
        self.0.push('[');
        for (i, element) in elements.enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            element.encode(shape, self);
        }
        self.0.push(']');
    }

    fn map(&mut self, entries: &mut dyn Iterator<Item = (&str, &dyn Encode)>, shape: &Shape) {
        self.0.push('{');
        for (i, (key, value)) in entries.enumerate() {
            self.name(i == 0, key);
            value.encode(shape, self);
        }
        self.0.push('}');
    }

    fn text(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                c if c < ' ' || c == '\u{7f}' => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(c));
                }
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.0.push('"');
        let mut encoded = Zeroizing::new(String::with_capacity(bytes.len() / 3 * 4 + 4));
        STANDARD.encode_string(bytes, &mut encoded);
        self.0.push_str(&encoded);
        self.0.push('"');
    }

    fn boolean(&mut self, boolean: bool) {
        self.0.push_str(if boolean { "true" } else { "false" });
    }

    fn integer(&mut self, integer: i64) {
        let _ = write!(self.0, "{integer}");
    }

    fn float(&mut self, float: f64) {
        if float.is_finite() {
            let _ = write!(self.0, "{float:?}");
        } else {
            self.null();
        }
    }

    /// Seconds since the epoch with three decimals.
    fn timestamp(&mut self, timestamp: Timestamp) {
        let millis = timestamp.as_millis();
        let sign = if millis < 0 { "-" } else { "" };
        let millis = millis.unsigned_abs();
        let _ = write!(self.0, "{sign}{}.{:03}", millis / 1000, millis % 1000);
    }

    fn null(&mut self) {
        self.0.push_str("null");
    }
}
