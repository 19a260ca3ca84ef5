//! Secrets Manager: one file per operation, and what they share.
//!
//! Every operation on a secret goes through [`locate`]: a secret is authorised before anyone learns whether it exists.
//! Values are opened and sealed in [`sealing`] alone; where labels go is decided in [`stages`], which is pure.

mod accesses;
mod create_secret;
mod delete_secret;
mod describe_secret;
mod errors;
mod filters;
mod get_secret_value;
mod list_secrets;
mod locate;
mod purge;
mod put_secret_value;
mod restore_secret;
mod sealing;
mod secret_id;
mod stages;
mod tags;
mod update_secret;
mod value;
mod versions;

pub use accesses::{Accesses, write_accesses};
pub use purge::purge_deleted_secrets;
