//! One module per command, named as the user types it.

pub mod account;
pub mod agent;
pub mod env;
pub mod operator;
pub mod param;
pub mod run;
pub mod stale;
pub mod task;
pub mod trace;
pub mod up;
