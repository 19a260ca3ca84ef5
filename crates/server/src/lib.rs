//! The server: listener, request pipeline, audit log and background jobs around the operations of `domain`.

mod acs;
mod audit;
mod config;
mod credentials_file;
mod data_dir;
mod exec;
mod jobs;
mod launch;
mod listener;
mod local_instances;
pub mod operator;
mod parameter_policies;
mod pipeline;
mod pulls;
mod registry;
mod root_key;
mod rotation;
mod s3;
mod services;
mod start;

pub use acs::Acs;
pub use config::Config;
pub use credentials_file::{CredentialsFile, CredentialsFileError, DEFAULT as DEFAULT_PROFILE};
pub use data_dir::{DataDir, endpoint_file, is_in_use};
pub use domain::{HostAccess, SecretsFrom, identity::AccessKey};
pub use exec::wire as exec_wire;
pub use local_instances::WantedInstance;
pub use pulls::{PullBoard, PullState, PullStep};
pub use registry::{OciRegistry, OciRegistryError};
pub use root_key::{KmsKey, KmsKeyError, RootKeyError};
pub use rotation::RotatorsError;
pub use start::{Server, StartError};
