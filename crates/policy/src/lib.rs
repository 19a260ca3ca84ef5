//! IAM policy documents: parse, match, evaluate.
//!
//! Everything here is a function from values to values. Whoever asks hands over the policies that bear on a request
//! ([`Sources`]) and the facts about it ([`Request`], [`Context`]); [`evaluate()`] says yes or no and names the statement
//! that said so.

mod action;
mod condition;
mod context;
mod decision;
mod document;
mod error;
mod evaluate;
mod json;
mod layout;
mod named;
mod pattern;
mod principal;
mod resource;
mod simulate;

pub use context::Context;
pub use decision::{Decision, Denial, Grounds, Kind, Matched, Source};
pub use document::{Effect, Policy, PolicyKind, Version};
pub use error::PolicyError;
pub use evaluate::{Attached, Request, ResourceMode, ResourcePolicy, Sources, evaluate};
pub use layout::{Position, rename_principals, statement_positions};
pub use principal::Principal;
pub use simulate::{Simulation, simulate};
