//! Starting and stopping: everything in the order in which each thing needs the one before.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use domain::{
    Settings, World,
    identity::{self, AccessKey, RootKey},
    secretsmanager::rotation::Rotators,
};
use store::{OpenOptions, Store, StoreError};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use types::{Fault, OsEntropy, SystemClock};

use crate::{
    Acs, Config,
    audit::AuditLog,
    credentials_file::{self, CredentialsFile, CredentialsFileError},
    data_dir::{DataDir, DataDirError},
    exec::Execs,
    jobs, launch, listener,
    local_instances::{self, WantedInstances},
    operator::{self, Operator},
    parameter_policies,
    pipeline::Pipeline,
    pulls::PullBoard,
    registry::{OciRegistryError, Registry},
    root_key::{self, RootKeyError, RootKeySource},
    rotation::{self, RotatorsError, Runner},
    services,
};

/// A running server.
pub struct Server {
    endpoint: String,
    installation: String,
    acs: Acs,
    api: axum::Router,
    world: Arc<World>,
    wanted_instances: WantedInstances,
    pulls: PullBoard,
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
    #[error(transparent)]
    Rotators(#[from] RotatorsError),
    #[error(transparent)]
    OciRegistry(#[from] OciRegistryError),
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
        let data_dir = DataDir::take(&config.data_dir)?;
        let world = Arc::new(open_world(&config).await?);
        let installation = installation(&world).await?;
        ensure_first_account(&world, &config).await?;
        let audit = open_audit(&config)?;
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
        let behind = config.oci_registry.as_ref();
        let pulls = PullBoard::default();
        let registry = Registry::new(Arc::clone(&world), audit.clone(), behind)?;
        let mut running = JoinSet::new();
        let pipeline = Pipeline::new(Arc::clone(&world), audit.clone());
        let execs = Execs {
            world: Arc::clone(&world),
            audit: audit.clone(),
            acs: acs.clone(),
        };
        let secrets_from = config.secrets_from;
        let api = listener::routes(pipeline, pulls.clone(), registry, execs, secrets_from);
        running.spawn(listener::serve(listener, api.clone(), stop.clone()));
        running.spawn(launch::run(Arc::clone(&world), acs.clone(), stop.clone()));
        running.spawn(services::run(Arc::clone(&world), stop.clone()));
        jobs::spawn(&mut running, &world, &stop);
        parameter_policies::spawn(&mut running, &world, &audit, &stop);
        let rotation = Runner {
            world: Arc::clone(&world),
            audit: audit.clone(),
            owner: data_dir.server_id(world.entropy.as_ref())?.into(),
        };
        running.spawn(rotation.run(stop.clone()));
        let operator = Operator::new(Arc::clone(&world), places(&config)?, audit);
        running.spawn(operator::serve(operator, stop.clone()).map_err(|source| {
            StartError::File {
                path: config.data_dir.join("operator.sock"),
                source,
            }
        })?);
        let wanted_instances = local_instances::watch(&mut running, &world, &stop);

        let server = Self {
            endpoint,
            installation,
            acs,
            api,
            world,
            wanted_instances,
            pulls,
            stopping,
            running,
            data_dir,
        };
        server.write_endpoint()?;
        Ok(server)
    }

    /// How many statements the database was asked since the start.
    pub fn statements(&self) -> u64 {
        self.world.store.statements()
    }

    /// The address clients use, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What is answered at that address, to be answered at others of this host too. It wants to know the peer's address
    /// ([`ConnectInfo`](axum::extract::ConnectInfo)).
    pub fn api(&self) -> &axum::Router {
        &self.api
    }

    /// Where the server keeps what it keeps.
    pub fn data_dir(&self) -> &std::path::Path {
        self.data_dir.path()
    }

    /// Where agents of this process tell how their pulls go.
    pub fn pulls(&self) -> &PullBoard {
        &self.pulls
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
        operator::remove_socket(self.data_dir.path());
        self.world.store.close().await;
    }

    fn write_endpoint(&self) -> Result<(), StartError> {
        let path = self.data_dir.endpoint_file();
        std::fs::write(&path, format!("{}\n", self.endpoint))
            .map_err(|source| StartError::File { path, source })
    }
}

/// Opens the database.
async fn open_store(config: &Config) -> Result<Store, StartError> {
    let url = match &config.database_url {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", config.data_dir.join("sealift.db").display()),
    };
    Ok(Store::open(&url, OpenOptions::default()).await?)
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

/// The first account, with the operator's own access key for its root user, else the one in the file, else a new one,
/// written to the file.
async fn ensure_first_account(world: &World, config: &Config) -> Result<(), StartError> {
    let account = &config.first_account;
    let mut file = CredentialsFile::read(&config.credentials_file)?;
    let kept = file.key(credentials_file::DEFAULT)?;
    let key = match (&config.root_access_key, &kept) {
        (Some(given), _) => given.clone(),
        (None, Some(kept)) => kept.clone(),
        (None, None) => AccessKey::generate(account, world.entropy.as_ref()),
    };
    if kept.is_none() {
        file.put(credentials_file::DEFAULT, account, &key)?;
    }
    if identity::ensure_account(world, account, &key).await? == RootKey::Ended {
        tracing::warn!(
            access_key_id = key.id,
            "the root user's access key was ended; `sealift account rotate-keys` makes a new one"
        );
    }
    Ok(())
}

fn open_audit(config: &Config) -> Result<AuditLog, StartError> {
    let path = config.data_dir.join("audit.log");
    AuditLog::open(&path).map_err(|source| StartError::File { path, source })
}

fn places(config: &Config) -> Result<operator::Places, StartError> {
    Ok(operator::Places {
        data_dir: config.data_dir.clone(),
        root_key_file: config.root_key_file.clone(),
        root_key: root_key_source(config)?,
    })
}

fn root_key_source(config: &Config) -> Result<RootKeySource, RootKeyError> {
    RootKeySource::choose(config.root_key_file.clone(), config.root_key_kms.clone())
}

/// What operator commands work with, where no server runs. The caller holds the data directory.
pub(crate) async fn open_for_operator(config: &Config) -> Result<Operator, StartError> {
    let world = open_world(config).await?;
    Ok(Operator::new(
        Arc::new(world),
        places(config)?,
        open_audit(config)?,
    ))
}

/// What the operator's file says about rotation.
fn rotators(config: &Config) -> Result<Rotators, RotatorsError> {
    let file = config.rotators_file.as_deref();
    file.map_or_else(|| Ok(Rotators::default()), rotation::read_rotators)
}

/// Opens the store and the root key, and puts around them what requests and jobs share.
async fn open_world(config: &Config) -> Result<World, StartError> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let store = open_store(config).await?;
    let source = root_key_source(config)?;
    let opened = root_key::open(&source, &store, clock.as_ref(), entropy.as_ref());
    let (root_key, unfinished) = opened.await?;
    let world = World {
        clock,
        entropy,
        root_key,
        store,
        settings: Settings {
            first_account: config.first_account.clone(),
            region: config.region.clone(),
            local_agent: config.local_agent,
            local_cluster: config.local_cluster.clone(),
            denials_name_policies: config.denials_name_policies,
            host: config.host.clone(),
            log_storage: config.log_storage,
            healthy_after_secs: config.healthy_after_secs,
            rotators: rotators(config)?,
            secrets_from: config.secrets_from,
        },
        identity: identity::Cache::default(),
        kms: domain::kms::Cache::default(),
        accesses: domain::secretsmanager::Accesses::default(),
        rotation: domain::secretsmanager::rotation::Bell::default(),
        tasks_changed: tokio::sync::Notify::default(),
        services_changed: tokio::sync::Notify::default(),
        clusters_changed: tokio::sync::Notify::default(),
        endpoint: std::sync::OnceLock::new(),
    };
    if let Some(unfinished) = unfinished {
        root_key::finish(&world, &source, unfinished).await?;
    }
    Ok(world)
}
