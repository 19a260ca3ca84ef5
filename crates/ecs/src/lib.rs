//! What control plane and agent both know, pure: task definitions, valueFrom grammar, agent messages, the wording of reasons

pub mod acs;
