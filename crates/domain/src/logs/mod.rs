//! CloudWatch Logs: as much of it as Docker's `awslogs` driver needs to write, and `aws logs` to read.
//!
//! Lines are kept in chunks, one for each PutLogEvents, compressed and sealed under a key of their group, since programs
//! print their environment. What a batch may contain is decided in [`batch`], how chunks become pages of lines in
//! [`reading`], both pure; [`retention`] keeps the store from filling the disk.

mod batch;
mod chunk;
mod create_log_group;
mod create_log_stream;
mod delete_log_group;
mod delete_log_stream;
mod delete_retention_policy;
mod describe_log_groups;
mod describe_log_streams;
mod errors;
mod filter_log_events;
mod get_log_events;
mod list_tags_for_resource;
mod locate;
mod pattern;
mod put_log_events;
mod put_retention_policy;
mod reading;
mod retention;
mod tag_resource;
mod tags;
mod untag_resource;

pub(crate) use chunk::key_purpose;
pub use retention::delete_old_log_lines;
