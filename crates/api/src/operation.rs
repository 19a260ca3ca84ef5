//! Operations as types.

use crate::{
    CommonError, Service, ServiceError,
    codec::{Decode, DecodeError, Decoder, Encode, Node, Wire},
};

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
}

/// An operation of a service's model. Its input, output and errors are generated.
pub trait Modeled: 'static {
    const SERVICE: Service;
    /// `GetSecretValue`
    const NAME: &'static str;
    /// `secretsmanager:GetSecretValue`
    const ACTION: &'static str;
    const KIND: Kind;
    /// Whether the model gives it an output at all.
    const HAS_OUTPUT: bool;
    type Input: Decode + Send + 'static;
    type Output: Encode + Send + 'static;
    type Error: ServiceError;
}

/// The typed input of an operation, every constraint of the model checked.
pub fn decode_input<O: Modeled>(node: Node) -> Result<O::Input, O::Error> {
    let wire = if O::SERVICE.is_query() {
        Wire::Query
    } else {
        Wire::Json
    };
    Decoder::request(node, wire).map_err(|error| CommonError::from(error).into())
}

impl From<DecodeError> for CommonError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Serialization(message) => Self::Serialization(message),
            DecodeError::Validation(message) => Self::Validation(message),
        }
    }
}
