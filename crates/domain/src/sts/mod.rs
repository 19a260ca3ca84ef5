//! STS: who a caller is, and sessions of roles, users and whom they send.

mod assume_as_service;
mod assume_role;
mod credentials;
mod get_access_key_info;
mod get_caller_identity;
mod get_federation_token;
mod get_session_token;
mod role_arn;
mod session_policies;
mod session_tags;
mod trust;

pub use assume_as_service::{AssumeError, ServiceSession, assume_as_service};
