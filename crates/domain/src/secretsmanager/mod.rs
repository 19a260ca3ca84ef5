//! Secrets Manager: one file per operation, and what they share.
//!
//! Every operation on a secret goes through [`locate`]: a secret is authorised before anyone learns whether it exists.
//! Values are opened and sealed in [`sealing`] alone; where labels go is decided in [`stages`], which is pure.

mod accesses;
mod batch_get_secret_value;
mod broad_access;
mod cancel_rotate_secret;
mod create_secret;
mod delete_resource_policy;
mod delete_secret;
mod describe_secret;
mod errors;
mod filters;
mod get_random_password;
mod get_resource_policy;
mod get_secret_value;
mod list_secret_version_ids;
mod list_secrets;
mod listing;
mod locate;
mod lockout;
mod mirror;
mod password;
mod purge;
mod put_resource_policy;
mod put_secret_value;
pub mod readers;
mod remove_regions_from_replication;
mod replicas;
mod replicate_secret_to_regions;
mod resource_policy;
mod restore_secret;
mod rotate_secret;
pub mod rotation;
mod sealing;
mod secret_id;
mod stages;
mod stop_replication_to_replica;
mod tag_resource;
mod tags;
mod untag_resource;
mod update_secret;
mod update_secret_version_stage;
mod validate_resource_policy;
mod value;
mod versions;

pub use accesses::{Accesses, write_accesses};
pub use purge::purge_deleted_secrets;
