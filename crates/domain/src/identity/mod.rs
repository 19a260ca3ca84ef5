//! Who calls, and which policies bear on them.
//!
//! An access key leads to a [`Caller`]; what the caller may do is compiled once and kept until an IAM write replaces it.

mod caller;

pub use caller::{Caller, Permissions, RoleSession};
