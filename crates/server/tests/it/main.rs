//! Behaviour over the wire: a real server on a free port, with the official clients and with requests made by hand.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod ecs;
mod iam;
mod kms;
mod operator;
mod ssm;
mod sts;
