//! Services without an engine: the server's own state machines of services and tasks, driven by simulated agents.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is wrong in a test may end it"
)]

mod cluster;
mod fate;
mod properties;
mod simulation;
