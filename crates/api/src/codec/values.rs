//! Values that only the wire knows.

use std::fmt;

use serde_json::Value;

use super::{Decode, Decoder, Encode, Node, Shape, Sink};

/// Bytes that are base64 on the wire and no secret.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// JSON of any form, where a model leaves the form open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(pub Value);

impl Decode for Document {
    fn decode(node: Node, _: &Shape, _: &mut Decoder) -> Option<Self> {
        Some(Self(json(node)))
    }
}

fn json(node: Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Boolean(boolean) => boolean.into(),
        Node::Integer(integer) => integer.into(),
        Node::Float(float) => float.into(),
        Node::Text(text) => text.as_str().into(),
        Node::List(nodes) => nodes.into_iter().map(json).collect(),
        Node::Map(members) => members
            .into_iter()
            .map(|(name, node)| (name, json(node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

impl Encode for Document {
    fn encode(&self, shape: &Shape, sink: &mut dyn Sink) {
        match &self.0 {
            Value::Null => sink.null(),
            Value::Bool(boolean) => sink.boolean(*boolean),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => sink.integer(integer),
                None => sink.float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => sink.text(text),
            Value::Array(values) => {
                let documents: Vec<_> = values.iter().cloned().map(Self).collect();
                documents.encode(shape, sink);
            }
            Value::Object(members) => {
                let documents: Vec<_> = members.iter().map(|(k, v)| (k, Self(v.clone()))).collect();
                sink.map(
                    &mut documents
                        .iter()
                        .map(|(k, v)| (k.as_str(), v as &dyn Encode)),
                    shape,
                );
            }
        }
    }
}

/// The text is none of an enumeration's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is not one of the enumeration's")]
pub struct UnknownValue;
