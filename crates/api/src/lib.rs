//! The AWS API as data: generated shapes, error tables, JSON 1.1 and Query codecs, `SigV4` verification.
//!
//! [`route()`] says which operation a request asks for, [`sigv4`] who signed it, [`decode_input`] what it says, and
//! [`render_output`] and [`render_error`] put the answer on the wire. Nothing here decides anything.

#[macro_use]
mod macros;

mod body;
pub mod codec;
mod errors;
mod generated;
mod operation;
mod render;
mod route;
mod service;
pub mod sigv4;

pub use body::plain_body;
pub use errors::{CommonError, ErrorReport, MessageKey, ServiceError};
pub use generated::{ecr, ecs, iam, kms, logs, s3, secretsmanager, ssm, sts};
pub use operation::{HandledOperation, Kind, Modeled, OperationAccess, decode_input};
pub use render::{AnswerForm, Response, render_error, render_output};
pub use route::{Refused, Routed, route};
pub use service::{Protocol, Service, implemented_operations, known_operations};
