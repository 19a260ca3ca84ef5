//! Starting and stopping: everything in the order in which each thing needs the one before.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use domain::{Settings, World, identity};
use store::{OpenOptions, Store, StoreError};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use types::{Entropy, Fault, OsEntropy, SystemClock};

use crate::{
    Acs, Config,
    audit::AuditLog,
    data_dir::{DataDir, DataDirError},
    jobs, launch, listener,
    local_instances::{self, WantedInstances},
    pipeline::Pipeline,
    root_credentials::{AccessKey, CredentialsFileError},
    root_key::{self, RootKeyError},
};

/// A running server.
pub struct Server {
    endpoint: String,
    installation: String,
    acs: Acs,
    world: Arc<World>,
    wanted_instances: WantedInstances,
    stopping: watch::Sender<bool>,
    running: JoinSet<()>,
    data_dir: DataDir,
}

/// Why the server does not start. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "refusing to listen on {0}: plain HTTP would carry secrets in clear beyond this machine; \
         listen on loopback, or say --allow-plain-http-beyond-loopback"
    )]
    PlainHttp(SocketAddr),
    #[error("cannot listen on {address}: {source}; name another address with --listen")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    #[error(transparent)]
    Credentials(#[from] CredentialsFileError),
    #[error("cannot write `{path}`: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the database failed while starting: {}", .0.chain())]
    Fault(#[from] Fault),
}

impl Server {
    /// Starts serving. When this returns, requests are answered.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        if !config.listen.ip().is_loopback() && !config.allow_plain_http_beyond_loopback {
            return Err(StartError::PlainHttp(config.listen));
        }
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let data_dir = DataDir::take(&config.data_dir)?;
        let (store, root_key) = open_store(&config, entropy.as_ref()).await?;
        let world = Arc::new(World {
            clock: Arc::new(SystemClock),
            entropy,
            root_key,
            store,
            settings: Settings {
                first_account: config.first_account.clone(),
                region: config.region.clone(),
                local_agent: config.local_agent,
                host: config.host.clone(),
            },
            identity: identity::Cache::default(),
            kms: domain::kms::Cache::default(),
            accesses: domain::secretsmanager::Accesses::default(),
            tasks_changed: tokio::sync::Notify::default(),
            clusters_changed: tokio::sync::Notify::default(),
            endpoint: std::sync::OnceLock::new(),
        });
        let installation = installation(&world).await?;
        let root = root_access_key(&config, world.entropy.as_ref())?;
        identity::ensure_account(&world, &config.first_account, &root.id, &root.secret).await?;

        let audit_path = data_dir.path().join("audit.log");
        let audit = AuditLog::open(&audit_path).map_err(|source| StartError::File {
            path: audit_path,
            source,
        })?;
        let listener =
            TcpListener::bind(config.listen)
                .await
                .map_err(|source| StartError::Listen {
                    address: config.listen,
                    source,
                })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: config.listen,
            source,
        })?;
        let endpoint = world
            .endpoint
            .get_or_init(|| format!("http://{address}"))
            .clone();

        let (stopping, stop) = watch::channel(false);
        let acs = Acs::new(Arc::clone(&world), audit.clone());
        let mut running = JoinSet::new();
        running.spawn(listener::serve(
            listener,
            Pipeline::new(Arc::clone(&world), audit),
            stop.clone(),
        ));
        running.spawn(launch::run(Arc::clone(&world), acs.clone(), stop.clone()));
        jobs::spawn(&mut running, &world, &stop);
        let wanted_instances = local_instances::watch(&mut running, &world, &stop);

        let server = Self {
            endpoint,
            installation,
            acs,
            world,
            wanted_instances,
            stopping,
            running,
            data_dir,
        };
        server.write_endpoint()?;
        Ok(server)
    }

    /// The address clients use, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The id of this installation, by which its containers are told from those of another on the same engine.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// Where agents open their sessions.
    pub fn acs(&self) -> &Acs {
        &self.acs
    }

    /// The container instances that a local agent should be: one for each cluster.
    pub fn wanted_instances(&self) -> WantedInstances {
        self.wanted_instances.clone()
    }

    /// Answers what is under way, then ends. Tasks run on.
    pub async fn stop(mut self) {
        let file = self.data_dir.endpoint_file();
        if let Err(error) = std::fs::remove_file(&file) {
            tracing::warn!(file = %file.display(), %error, "the endpoint file could not be removed");
        }
        // Nobody listens any more where every job has ended by itself.
        let _ = self.stopping.send(true);
        while self.running.join_next().await.is_some() {}
        self.world.store.close().await;
    }

    fn write_endpoint(&self) -> Result<(), StartError> {
        let path = self.data_dir.endpoint_file();
        std::fs::write(&path, format!("{}\n", self.endpoint))
            .map_err(|source| StartError::File { path, source })
    }
}

/// Opens the database and the root key that belongs to it. A new key is on disk before anything is sealed under it.
async fn open_store(
    config: &Config,
    entropy: &dyn Entropy,
) -> Result<(Store, crypto::RootKey), StartError> {
    let url = match &config.database_url {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", config.data_dir.join("sealift.db").display()),
    };
    let store = Store::open(&url, OpenOptions::default()).await?;
    let claimed = store.root_key_fingerprint().await?.is_some();
    let line = root_key::from_environment();
    let root_key = root_key::load(line.as_ref(), &config.root_key_file, claimed, entropy)?;
    store.claim_root_key(root_key.fingerprint()).await?;
    Ok((store, root_key))
}

/// The id of this installation, made at the first start.
async fn installation(world: &World) -> Result<String, Fault> {
    const NAME: &str = "installation";
    let mut session = world.store.write().await?;
    let id = if let Some(id) = session.meta(NAME).await? {
        id
    } else {
        let id = world.entropy.hex::<8>();
        session.set_meta(NAME, &id).await?;
        id
    };
    session.commit().await?;
    Ok(id)
}

/// The root user's access key: the operator's own, else the one in the file, else a new one, written to the file.
fn root_access_key(config: &Config, entropy: &dyn Entropy) -> Result<AccessKey, StartError> {
    let kept = AccessKey::read(&config.credentials_file)?;
    let key = match (&config.root_access_key, &kept) {
        (Some(given), _) => given.clone(),
        (None, Some(kept)) => kept.clone(),
        (None, None) => AccessKey::generate(entropy),
    };
    if kept.is_none() {
        key.write(&config.credentials_file)?;
    }
    Ok(key)
}
