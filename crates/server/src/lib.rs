//! The server: listener, request pipeline, audit log and background jobs around the operations of `domain`.

mod acs;
mod audit;
mod config;
mod data_dir;
mod jobs;
mod launch;
mod listener;
mod local_instances;
mod pipeline;
mod root_credentials;
mod root_key;
mod start;

pub use acs::Acs;
pub use config::Config;
pub use data_dir::{endpoint_file, is_in_use};
pub use domain::HostAccess;
pub use local_instances::WantedInstance;
pub use root_credentials::AccessKey;
pub use start::{Server, StartError};
