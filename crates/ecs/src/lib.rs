//! What control plane and agent both know, pure: task definitions, `valueFrom` grammar, agent messages, the wording of reasons.
//!
//! Functions from values to values. What is stored, authorised or sent stands in other crates.

pub mod acs;
pub mod names;
pub mod reasons;
pub mod states;
pub mod value_from;
