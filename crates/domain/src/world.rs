//! What all requests and background jobs share.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use ecs::images::OwnRegistry;
use tokio::sync::Notify;
use types::{AccountId, Clock, Entropy, Region};

use crate::{identity, kms, secretsmanager};

/// The server's one set of shared things: clock, randomness, root key, store and what is cached from it.
pub struct World {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub root_key: crypto::RootKeys,
    pub store: store::Store,
    pub settings: Settings,
    /// Compiled policies and signing keys of principals.
    pub identity: identity::Cache,
    /// Key material that was unsealed lately.
    pub kms: kms::Cache,
    /// Dates of last access, waiting to be written.
    pub accesses: secretsmanager::Accesses,
    /// Rung after every committed change to what is to be rotated.
    pub rotation: secretsmanager::rotation::Bell,
    /// Rung after every committed change to what tasks should run.
    pub tasks_changed: Notify,
    /// The same, for the schedulers of services, which also want to know of every change to a service.
    pub services_changed: Notify,
    /// Rung after every committed change to the list of clusters.
    pub clusters_changed: Notify,
    /// The address of this server, once it listens.
    pub endpoint: OnceLock<String>,
}

impl World {
    /// The address of this server, which agents are sent to; empty before it listens.
    pub fn endpoint(&self) -> &str {
        self.endpoint.get().map_or("", String::as_str)
    }

    /// Says that tasks are other than they were: what is wanted of them, or how they are.
    pub fn tasks_have_changed(&self) {
        self.tasks_changed.notify_one();
        self.services_changed.notify_one();
    }

    /// Where this server answers as ECR: by default at its own address.
    pub fn registry(&self) -> OwnRegistry {
        let endpoint = self.endpoint();
        let host = endpoint
            .split_once("://")
            .map_or(endpoint, |(_, host)| host);
        OwnRegistry {
            host: host.to_owned(),
            account: self.settings.first_account.clone(),
            region: self.settings.region.clone(),
        }
    }
}

/// What the operator decided, as far as operations need to know it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The account that exists from the first start.
    pub first_account: AccountId,
    /// The region of the command line, and of the cluster that the local agent joins first.
    pub region: Region,
    /// Whether this process runs an agent of its own, which serves every cluster.
    pub local_agent: bool,
    /// The only cluster that this agent serves, if its configuration names one.
    pub local_cluster: Option<String>,
    /// Whether a denial ends with the ARN of the managed policy that decided, as AWS's do since January 2026.
    pub denials_name_policies: bool,
    /// What tasks may take of the host.
    pub host: HostAccess,
    /// What the functions are that rotate secrets.
    pub rotators: secretsmanager::rotation::Rotators,
    /// So many bytes at most are kept of log lines, over all accounts.
    pub log_storage: i64,
    /// How long a service's task without a health check must run before it counts as healthy.
    pub healthy_after_secs: i64,
    /// Where the values of the first account's tasks come from.
    pub secrets_from: SecretsFrom,
}

impl Settings {
    /// Whether the values of this account's tasks come from AWS. It is the operator's own identity that reads there, or
    /// assumes roles, so no other account of this server may make use of it.
    pub fn reads_from_aws(&self, account: &AccountId) -> bool {
        self.secrets_from != SecretsFrom::Here && *account == self.first_account
    }
}

/// Where tasks' secrets, registry logins and tokens of ECR come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretsFrom {
    #[default]
    Here,
    /// AWS, where each task's execution role is assumed; with `as_me`, where it cannot be assumed, the operator's own
    /// identity reads.
    Aws { as_me: bool },
}

impl SecretsFrom {
    /// What a task says about itself: nothing where its values come from here.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Self::Here => None,
            Self::Aws { as_me: false } => Some("aws"),
            Self::Aws { as_me: true } => Some("aws --as-me"),
        }
    }
}

impl Settings {
    /// Whether this process's agent serves the clusters of this name.
    pub fn agent_serves(&self, cluster: &str) -> bool {
        let only = self.local_cluster.as_deref();
        self.local_agent && only.is_none_or(|only| only == cluster)
    }
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one permission, given or not"
)]
/// What a task may take of the host it runs on. Whoever may run a task with host paths owns the host, and with it the
/// root key, so all of it is refused until the operator allows it.
#[derive(Debug, Clone, Default)]
pub struct HostAccess {
    pub privileged: bool,
    pub pid_host: bool,
    pub ipc_host: bool,
    pub network_host: bool,
    pub devices: bool,
    /// Absolute path prefixes that tasks may mount.
    pub paths: Vec<PathBuf>,
    /// sealift's own directories: never mounted, whatever `paths` allows.
    pub own: Vec<PathBuf>,
}
