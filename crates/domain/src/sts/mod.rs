//! STS: who a caller is, and sessions of roles.

mod assume_as_service;
mod assume_role;
mod get_caller_identity;
mod role_arn;
mod session_tags;
mod trust;

pub use assume_as_service::{AssumeError, ServiceSession, assume_as_service};
