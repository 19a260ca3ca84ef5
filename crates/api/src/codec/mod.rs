//! From bytes to shapes and back.
//!
//! Both protocols are read into one tree ([`Node`]), from which [`Decode`] builds the generated shapes and collects
//! every violated constraint. [`Encode`] describes a shape to a [`Sink`]: a JSON writer or a Query XML writer.

mod decode;
mod encode;
mod json;
mod json_writer;
mod node;
mod query;
mod shape;
mod stored;
mod values;
mod xml_writer;

pub use decode::{Decode, DecodeError, Decoder};
pub use encode::{Encode, Sink};
pub use json::parse as parse_json;
pub use json_writer::JsonWriter;
pub use node::{Node, Wire};
pub use query::parse as parse_query;
pub use shape::{Pattern, Shape, enum_constraint};
pub use stored::{from_json_str, to_json_string};
pub use values::{Blob, Document, UnknownValue};
pub use xml_writer::XmlWriter;

/// How deep a body may nest. The deepest shape of any service is far from it.
const MAX_DEPTH: usize = 64;
