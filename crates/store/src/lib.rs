//! Rows in, rows out, inside a transaction: one SQL text for SQLite and PostgreSQL, and its migrations.
//!
//! [`Store`] opens the database and gives out [`Session`]s; the row methods of a session live in one module per group
//! of tables. Nothing here knows what AWS would do with a row, and whatever is confidential was sealed before it came.

mod backup;
mod dialect;
mod error;
mod exclusive;
mod meta;
mod migrations;
mod open;
mod read_model;
mod row;
mod session;
mod tables;
#[cfg(test)]
mod testing;
mod writer;

pub mod ecr;
pub mod ecs;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod parameters;
pub mod rotations;
pub mod s3;
pub mod sealed;
pub mod secrets;

pub use backup::BackupError;
pub use error::StoreError;
pub use open::OpenOptions;
pub use row::{Arg, Row};
pub use session::{Session, Store};
pub use writer::WriterCounters;
