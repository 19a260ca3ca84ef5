//! What each operation does: Secrets Manager, Parameter Store, KMS, IAM, STS, ECS, ECR, CloudWatch Logs and S3.
//!
//! An operation is one file. It locates what it is about, authorises the caller, decides with pure functions, saves
//! through [`Cx::db`](Cx) and answers. It never sees HTTP, never opens or ends a transaction, and reads time and
//! randomness from its [`Cx`] alone.

mod access;
mod cx;
pub mod dispatch;
pub mod ecr;
pub mod ecs;
pub mod iam;
pub mod identity;
pub mod kms;
pub mod logs;
mod operation;
mod page_token;
pub mod root_key;
pub mod s3;
pub mod secretsmanager;
pub mod ssm;
pub mod sts;
mod world;

pub use access::{Access, Decided};
pub use cx::{Cx, Ended, RequestFacts};
pub use operation::Operation;
pub use world::{HostAccess, SecretsFrom, Settings, World};
