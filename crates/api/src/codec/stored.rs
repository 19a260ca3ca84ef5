//! Shapes kept as JSON: a task definition is stored whole and given back whole.

use super::{Decode, DecodeError, Decoder, Encode, JsonWriter, Shape, parse_json};

/// A shape as JSON text, as it would be on the wire.
pub fn to_json_string(shape: &impl Encode) -> String {
    let mut writer = JsonWriter::default();
    shape.encode(&Shape::ANY, &mut writer);
    writer.into_text()
}

/// A shape from JSON text that [`to_json_string`] wrote. Its constraints are not checked again.
pub fn from_json_str<T: Decode>(text: &str) -> Result<T, DecodeError> {
    Decoder::stored(parse_json(text.as_bytes())?)
}
