//! Texts, numbers, times and bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::{SecretValue, Timestamp};
use zeroize::Zeroizing;

use super::{Decode, Decoder, Node, Shape, Wire};
use crate::codec::Blob;

impl Decoder {
    pub(super) fn text(&mut self, node: Node) -> Option<Zeroizing<String>> {
        match node {
            Node::Text(text) => Some(text),
            other => self.mismatch(&other, "a String"),
        }
    }

    /// Notes that a value has another type than the model says, in the words of AWS's own parser.
    fn mismatch<T>(&mut self, found: &Node, wanted: &str) -> Option<T> {
        let message = match found {
            Node::List(_) => "Start of list found where not expected".to_owned(),
            Node::Map(_) => "Start of structure or map found where not expected.".to_owned(),
            Node::Null => format!("NULL can not be converted to {wanted}"),
            Node::Boolean(true) => format!("TRUE_VALUE can not be converted to {wanted}"),
            Node::Boolean(false) => format!("FALSE_VALUE can not be converted to {wanted}"),
            Node::Integer(_) => format!("NUMBER_VALUE can not be converted to {wanted}"),
            Node::Float(_) => format!("DECIMAL_VALUE can not be converted to {wanted}"),
            Node::Text(_) => format!("STRING_VALUE can not be converted to {wanted}"),
        };
        self.break_off(&message)
    }

    fn whole_number(&mut self, node: &Node, shape: &Shape, wanted: &str) -> Option<i64> {
        let number = match node {
            Node::Integer(integer) => Some(*integer),
            Node::Text(text) if self.wire == Wire::Query => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return self.mismatch(node, wanted);
        };
        self.violate_all(
            Some(&number.to_string()),
            shape,
            shape.check_range(|bound| Some(number.cmp(&bound))),
        );
        Some(number)
    }

    fn bytes(&mut self, node: Node, shape: &Shape) -> Option<Zeroizing<Vec<u8>>> {
        let text = self.text(node)?;
        let Ok(bytes) = STANDARD.decode(text.as_bytes()).map(Zeroizing::new) else {
            return self.break_off("Blob is not valid base64");
        };
        self.violate_all(None, shape, shape.check_length(bytes.len()));
        Some(bytes)
    }
}

impl Decode for String {
    const IS_VALUE: bool = true;

    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        let mut text = decoder.text(node)?;
        decoder.violate_all(Some(&text), shape, shape.check_text(&text));
        Some(std::mem::take(&mut *text))
    }
}

impl Decode for SecretValue {
    const IS_VALUE: bool = true;

    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        if shape.is_base64 {
            return decoder
                .bytes(node, shape)
                .map(|bytes| bytes.to_vec().into());
        }
        let text = decoder.text(node)?;
        decoder.violate_all(None, shape, shape.check_text(&text));
        Some(text.as_str().into())
    }
}

impl Decode for Blob {
    const IS_VALUE: bool = true;

    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        decoder
            .bytes(node, shape)
            .map(|mut bytes| Self(std::mem::take(&mut *bytes)))
    }
}

impl Decode for bool {
    const IS_VALUE: bool = true;

    fn decode(node: Node, _: &Shape, decoder: &mut Decoder) -> Option<Self> {
        match &node {
            Node::Boolean(boolean) => Some(*boolean),
            Node::Text(text) if decoder.wire == Wire::Query => match text.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => decoder.mismatch(&node, "a Boolean"),
            },
            other => decoder.mismatch(other, "a Boolean"),
        }
    }
}

impl Decode for i64 {
    const IS_VALUE: bool = true;

    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        decoder.whole_number(&node, shape, "a Long")
    }
}

impl Decode for i32 {
    const IS_VALUE: bool = true;

    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        let number = decoder.whole_number(&node, shape, "an Integer")?;
        match Self::try_from(number) {
            Ok(number) => Some(number),
            Err(_) => decoder.mismatch(&node, "an Integer"),
        }
    }
}

impl Decode for f64 {
    const IS_VALUE: bool = true;

    #[expect(
        clippy::cast_precision_loss,
        reason = "the bounds of the models are small"
    )]
    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        let Some(number) = number(&node, decoder.wire) else {
            return decoder.mismatch(&node, "a Double");
        };
        let violated = shape.check_range(|bound| number.partial_cmp(&(bound as f64)));
        decoder.violate_all(Some(&number.to_string()), shape, violated);
        Some(number)
    }
}

impl Decode for Timestamp {
    const IS_VALUE: bool = true;

    /// Seconds since the epoch with a fraction in JSON, ISO 8601 in a Query body.
    fn decode(node: Node, _: &Shape, decoder: &mut Decoder) -> Option<Self> {
        let timestamp = match &node {
            Node::Text(text) if decoder.wire == Wire::Query => Self::parse_iso8601(text),
            other => number(other, Wire::Json).map(from_seconds),
        };
        match timestamp {
            Some(timestamp) => Some(timestamp),
            None => decoder.mismatch(&node, "a Timestamp"),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a JSON number has a double's precision"
)]
fn number(node: &Node, wire: Wire) -> Option<f64> {
    match node {
        Node::Integer(integer) => Some(*integer as f64),
        Node::Float(float) => Some(*float),
        Node::Text(text) if wire == Wire::Query => {
            text.parse().ok().filter(|f: &f64| f.is_finite())
        }
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a time beyond the range of milliseconds becomes the last one"
)]
fn from_seconds(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1000.0).round() as i64)
}
