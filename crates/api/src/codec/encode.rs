//! Describing shapes to a writer.

use std::collections::BTreeMap;

use types::{SecretValue, Timestamp};

use super::{Blob, Shape};

/// A value that can be put on the wire.
pub trait Encode {
    /// Describes the value to a writer.
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink);

    /// Whether the member is left out: AWS never sends `null`.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A writer of one protocol. Every call writes one whole value.
pub trait Sink {
    fn structure(&mut self, members: &[(&str, &dyn Encode, &Shape)]);
    fn list(&mut self, elements: &mut dyn Iterator<Item = &dyn Encode>, shape: &Shape);
    fn map(&mut self, entries: &mut dyn Iterator<Item = (&str, &dyn Encode)>, shape: &Shape);
    fn text(&mut self, text: &str);
    fn blob(&mut self, bytes: &[u8]);
    fn boolean(&mut self, boolean: bool);
    fn integer(&mut self, integer: i64);
    fn float(&mut self, float: f64);
    fn timestamp(&mut self, timestamp: Timestamp);
    fn null(&mut self);
}

impl Encode for String {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.text(self);
    }
}

impl Encode for SecretValue {
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink) {
        match self.expose_secret_str() {
            Some(text) if !shape.is_base64 => sink.text(text),
            _ => sink.blob(self.expose_secret()),
        }
    }
}

impl Encode for Blob {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.blob(&self.0);
    }
}

impl Encode for bool {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.boolean(*self);
    }
}

impl Encode for i32 {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.integer((*self).into());
    }
}

impl Encode for i64 {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.integer(*self);
    }
}

impl Encode for f64 {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.float(*self);
    }
}

impl Encode for Timestamp {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.timestamp(*self);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink) {
        let element = shape.member.unwrap_or(&Shape::ANY);
        sink.list(&mut self.iter().map(|e| e as &dyn Encode), element);
    }
}

impl<T: Encode> Encode for BTreeMap<String, T> {
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink) {
        let value = shape.value.unwrap_or(&Shape::ANY);
        sink.map(
            &mut self.iter().map(|(k, v)| (k.as_str(), v as &dyn Encode)),
            value,
        );
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink) {
        match self {
            Some(value) => value.encode(shape, sink),
            None => sink.null(),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink) {
        self.as_ref().encode(shape, sink);
    }
}
