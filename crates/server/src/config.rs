//! What the operator decides before the server starts.

use std::{net::SocketAddr, path::PathBuf};

use domain::{HostAccess, SecretsFrom, identity::AccessKey};
use types::{AccountId, Region};

use crate::{registry::OciRegistry, root_key::KmsKey};

/// Everything a server needs to know to start.
pub struct Config {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Without TLS, secrets would cross the network in clear: beyond loopback only where the operator says so.
    pub allow_plain_http_beyond_loopback: bool,
    /// Database, audit log and lock; one process at a time.
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://…`; SQLite in the data directory where none is named.
    pub database_url: Option<String>,
    /// Holds the root key, 0600, made at the first start; not inside the data directory.
    pub root_key_file: PathBuf,
    /// The KMS key on AWS that encrypts what is in that file, where there is one.
    pub root_key_kms: Option<KmsKey>,
    /// Holds root users' access keys, 0600; the first one is made at the first start.
    pub credentials_file: PathBuf,
    /// The root user's first access key, where the operator brings one.
    pub root_access_key: Option<AccessKey>,
    pub first_account: AccountId,
    pub region: Region,
    /// Whether this process runs an agent of its own.
    pub local_agent: bool,
    /// The only cluster that it serves, if it is to serve one.
    pub local_cluster: Option<String>,
    /// Whether a denial ends with the ARN of the managed policy that decided.
    pub denials_name_policies: bool,
    pub host: HostAccess,
    /// Says what the functions are that rotate secrets; without it, none can be.
    pub rotators_file: Option<PathBuf>,
    /// So many bytes at most are kept of log lines.
    pub log_storage: i64,
    /// How long a service's task without a health check must run before it counts as healthy.
    pub healthy_after_secs: i64,
    /// The registry behind the ECR registries of this server; without one, nothing can be pushed or pulled.
    pub oci_registry: Option<OciRegistry>,
    /// Where the values of the first account's tasks come from.
    pub secrets_from: SecretsFrom,
}
