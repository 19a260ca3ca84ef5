//! What control plane and agent both know, pure: task definitions, `valueFrom` grammar, agent messages, the wording of reasons.
//!
//! Functions from values to values. What is stored, authorised or sent stands in other crates.

pub mod account_settings;
pub mod acs;
pub mod docker_config;
pub mod fargate;
pub mod images;
pub mod launch;
pub mod names;
pub mod overrides;
pub mod payload;
pub mod placement;
pub mod reasons;
pub mod refusals;
pub mod service;
pub mod states;
pub mod task_definition;
pub mod trust;
pub mod value_from;
