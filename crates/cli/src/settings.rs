//! The settings that several commands share, and how they become a server's configuration.

use std::{env, net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use server::{AccessKey, Config, HostAccess, KmsKey, OciRegistry, SecretsFrom};
use types::{AccountId, Region, SecretValue};

use crate::{paths, secrets_source::SecretsSource};

/// Where a server keeps what it keeps.
#[derive(Args, Clone)]
pub struct Places {
    /// Database, audit log and lock; one process at a time [default: $XDG_DATA_HOME/sealift]
    #[arg(long, env = "SEALIFT_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The root key, mode 0600, made at the first start [default: root.key in $XDG_CONFIG_HOME/sealift]
    #[arg(long, env = "SEALIFT_ROOT_KEY_FILE", value_name = "FILE")]
    root_key_file: Option<PathBuf>,
    /// ARN of the KMS key on AWS under which the root key file is encrypted [default: the file holds the key itself]
    #[arg(long, env = "SEALIFT_ROOT_KEY_KMS_KEY", value_name = "ARN")]
    root_key_kms_key: Option<String>,
    /// Another endpoint for that KMS key than AWS's own
    #[arg(long, env = "SEALIFT_ROOT_KEY_KMS_ENDPOINT", value_name = "URL")]
    root_key_kms_endpoint: Option<String>,
    /// Region of this command line [default: us-east-1]
    #[arg(long, env = "AWS_REGION")]
    region: Option<Region>,
}

impl Places {
    pub fn region(&self) -> Region {
        let region = self.region.clone();
        region.unwrap_or_else(|| "us-east-1".parse().expect("is a region"))
    }

    /// The same, in this region unless another one was named.
    pub fn or_in(&self, region: Option<Region>) -> Self {
        Self {
            region: self.region.clone().or(region),
            ..self.clone()
        }
    }

    pub fn data_dir(&self) -> Result<PathBuf> {
        match &self.data_dir {
            Some(dir) => absolute(dir),
            None => paths::default_data_dir(),
        }
    }

    pub fn root_key_file(&self) -> Result<PathBuf> {
        match &self.root_key_file {
            Some(file) => absolute(file),
            None => Ok(paths::config_dir()?.join("root.key")),
        }
    }

    /// The KMS key that encrypts the root key file, where there is one.
    fn root_key_kms(&self) -> Result<Option<KmsKey>> {
        let endpoint = self.root_key_kms_endpoint.as_deref();
        let arn = self.root_key_kms_key.as_deref();
        Ok(arn.map(|arn| KmsKey::new(arn, endpoint)).transpose()?)
    }

    /// Root users' access keys, kept beside the root key.
    pub fn credentials_file(&self) -> Result<PathBuf> {
        Ok(self.root_key_file()?.with_file_name("credentials"))
    }
}

fn absolute(path: &std::path::Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot resolve `{}`", path.display()))
}

/// What is in the store, and where it is.
#[derive(Args, Clone)]
pub struct Stored {
    /// `sqlite:PATH` or `postgres://…` [default: SQLite in the data directory]
    #[arg(
        long,
        env = "SEALIFT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// The account that exists from the first start
    #[arg(long, env = "SEALIFT_ACCOUNT_ID", default_value = "123456789012")]
    pub account_id: AccountId,
}

impl Stored {
    /// What opening the store takes; a server that serves it needs more.
    pub fn config(&self, places: &Places) -> Result<Config> {
        let (data_dir, root_key_file) = (places.data_dir()?, places.root_key_file()?);
        if root_key_file.starts_with(&data_dir) {
            bail!(
                "the root key `{}` must not be in the data directory: a copy of that directory would hold both lock and key; \
                 name another place with --root-key-file",
                root_key_file.display(),
            );
        }
        Ok(Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            allow_plain_http_beyond_loopback: false,
            database_url: self.database_url.clone(),
            credentials_file: places.credentials_file()?,
            root_access_key: root_access_key()?,
            first_account: self.account_id.clone(),
            region: places.region(),
            local_agent: true,
            local_cluster: None,
            denials_name_policies: false,
            host: HostAccess::default(),
            rotators_file: None,
            log_storage: 1 << 30,
            healthy_after_secs: 40,
            root_key_kms: places.root_key_kms()?,
            oci_registry: None,
            secrets_from: SecretsFrom::Here,
            data_dir,
            root_key_file,
        })
    }
}

/// What a server needs beside its places.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag, given or not"
)]
#[derive(Args, Clone)]
pub struct Serving {
    #[command(flatten)]
    stored: Stored,
    #[command(flatten)]
    pub source: SecretsSource,
    /// The agent's configuration; ECS_* variables win over it [default: /etc/ecs/ecs.config where it exists]
    #[arg(long, value_name = "FILE")]
    pub ecs_config: Option<PathBuf>,
    /// The OCI registry that keeps the images of ECR repositories; its login, if it asks for one, comes from
    /// SEALIFT_OCI_REGISTRY_USERNAME and SEALIFT_OCI_REGISTRY_PASSWORD
    #[arg(long, env = "SEALIFT_OCI_REGISTRY", value_name = "URL")]
    oci_registry: Option<http::Uri>,
    /// Let tasks mount host paths below this absolute prefix (repeatable)
    #[arg(long = "allow-host-path", value_name = "PREFIX")]
    host_paths: Vec<PathBuf>,
    /// Let tasks run privileged containers
    #[arg(long)]
    allow_privileged: bool,
    /// Let tasks use the host's process ids
    #[arg(long)]
    allow_host_pid: bool,
    /// Let tasks use the host's inter-process communication
    #[arg(long)]
    allow_host_ipc: bool,
    /// Let tasks use the host's network, where they reach what listens on loopback alone
    #[arg(long)]
    allow_host_network: bool,
    /// Serve 169.254.170.2 only while a task has a role or writes to CloudWatch Logs; other tasks then find no metadata
    #[arg(long, env = "SEALIFT_NO_TASK_METADATA")]
    pub no_task_metadata: bool,
    /// Let tasks use the host's devices
    #[arg(long)]
    allow_devices: bool,
    /// End denials with the ARN of the managed policy that decided, as AWS does since January 2026
    #[arg(long, env = "SEALIFT_DENIALS_NAME_POLICIES")]
    denials_name_policies: bool,
    /// Says what the functions are that rotate secrets, see docs/rotation.md
    #[arg(long, env = "SEALIFT_ROTATORS", value_name = "FILE")]
    rotators: Option<PathBuf>,
    /// Keep this much of log lines at most; the oldest are deleted first
    #[arg(
        long,
        env = "SEALIFT_LOG_STORAGE_MIB",
        value_name = "MIB",
        default_value = "1024",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    log_storage_mib: u32,
    /// How many seconds a service's task without a health check must run before it counts as healthy; ECS waits 40
    #[arg(
        long,
        env = "SEALIFT_HEALTHY_AFTER",
        value_name = "SECONDS",
        default_value = "40",
        value_parser = clap::value_parser!(i64).range(0..=3600)
    )]
    healthy_after: i64,
}

impl Serving {
    /// The configuration of a server at these places, listening there.
    pub fn config(&self, places: &Places, listen: SocketAddr) -> Result<Config> {
        if let Some(relative) = self.host_paths.iter().find(|path| !path.is_absolute()) {
            bail!(
                "--allow-host-path wants an absolute path, not `{}`",
                relative.display()
            );
        }
        let config = self.stored.config(places)?;
        let own = [
            Some(config.data_dir.as_path()),
            config.root_key_file.parent(),
        ];
        let own = own.into_iter().flatten().map(PathBuf::from).collect();
        Ok(Config {
            listen,
            denials_name_policies: self.denials_name_policies,
            host: HostAccess {
                privileged: self.allow_privileged,
                pid_host: self.allow_host_pid,
                ipc_host: self.allow_host_ipc,
                network_host: self.allow_host_network,
                devices: self.allow_devices,
                paths: self.host_paths.clone(),
                own,
            },
            oci_registry: self.oci_registry()?,
            secrets_from: self.source.secrets_from(),
            log_storage: i64::from(self.log_storage_mib) << 20,
            healthy_after_secs: self.healthy_after,
            rotators_file: self.rotators.clone(),
            ..config
        })
    }

    /// The registry behind ECR, with its login from the environment; never from arguments.
    fn oci_registry(&self) -> Result<Option<OciRegistry>> {
        let Some(url) = self.oci_registry.clone() else {
            return Ok(None);
        };
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let login = match (
            variable("SEALIFT_OCI_REGISTRY_USERNAME"),
            variable("SEALIFT_OCI_REGISTRY_PASSWORD").map(SecretValue::from),
        ) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user, password)),
            _ => bail!(
                "set both SEALIFT_OCI_REGISTRY_USERNAME and SEALIFT_OCI_REGISTRY_PASSWORD, or neither"
            ),
        };
        Ok(Some(OciRegistry { url, login }))
    }
}

/// The root user's first access key from the environment; never from arguments, which everyone on the host can read.
fn root_access_key() -> Result<Option<AccessKey>> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    match (
        variable("SEALIFT_ROOT_ACCESS_KEY_ID"),
        variable("SEALIFT_ROOT_SECRET_ACCESS_KEY").map(SecretValue::from),
    ) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let id_fits = (16..=128).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !id_fits || id.starts_with("ASIA") {
                bail!(
                    "SEALIFT_ROOT_ACCESS_KEY_ID must be 16 to 128 letters and digits, and not begin with ASIA"
                );
            }
            Ok(Some(AccessKey { id, secret }))
        }
        _ => bail!(
            "set both SEALIFT_ROOT_ACCESS_KEY_ID and SEALIFT_ROOT_SECRET_ACCESS_KEY, or neither"
        ),
    }
}
