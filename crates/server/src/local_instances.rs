//! Which container instances the agent of this host should be: one for every cluster.

use std::{sync::Arc, time::Duration};

use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use domain::{
    World,
    ecs::agents::{self, LocalInstance},
};
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};
use types::{AccountId, Region};

/// How often clusters are looked at that nobody announced, as another server on the same database might make them.
const SWEEP: Duration = Duration::from_secs(30);

/// The instances that are wanted now, and a way to await others.
pub type WantedInstances = watch::Receiver<Vec<WantedInstance>>;

/// A container instance that an agent of this host should be.
#[derive(Debug, Clone)]
pub struct WantedInstance {
    pub account: AccountId,
    pub region: Region,
    pub cluster: String,
    /// Sessions of the account's instance role, renewed as they are asked for.
    pub credentials: SharedCredentialsProvider,
    /// What the agent registered as before, if it did.
    pub container_instance_arn: Option<String>,
    key: String,
}

impl WantedInstance {
    fn new(world: &Arc<World>, local: LocalInstance) -> Self {
        let credentials = HostCredentials {
            world: Arc::clone(world),
            local: local.clone(),
        };
        Self {
            // A cluster that was deleted and made anew is another one.
            key: format!(
                "{}/{}/{}/{}",
                local.home.account,
                local.home.region,
                local.cluster,
                local.created_at.as_millis()
            ),
            account: local.home.account,
            region: local.home.region,
            cluster: local.cluster,
            credentials: SharedCredentialsProvider::new(credentials),
            container_instance_arn: local.container_instance_arn,
        }
    }

    /// Tells one wanted instance from another.
    pub fn key(&self) -> String {
        self.key.clone()
    }
}

/// Follows the list of clusters until `stop` turns true.
pub fn watch(
    running: &mut JoinSet<()>,
    world: &Arc<World>,
    stop: &watch::Receiver<bool>,
) -> WantedInstances {
    let (wanted, receiver) = watch::channel(Vec::new());
    running.spawn(follow(Arc::clone(world), wanted, stop.clone()));
    receiver
}

async fn follow(
    world: Arc<World>,
    wanted: watch::Sender<Vec<WantedInstance>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        match agents::local_instances(&world).await {
            Ok(instances) => {
                let instances = instances
                    .into_iter()
                    .map(|i| WantedInstance::new(&world, i));
                replace(&wanted, instances.collect());
            }
            Err(fault) => {
                tracing::error!(cause = %fault.chain(), "the clusters could not be read; it is tried again");
            }
        }
        tokio::select! {
            () = world.clusters_changed.notified() => {}
            _ = sweep.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Announces the list where it names other instances than before.
fn replace(wanted: &watch::Sender<Vec<WantedInstance>>, instances: Vec<WantedInstance>) {
    wanted.send_if_modified(|known| {
        let same = known
            .iter()
            .map(WantedInstance::key)
            .eq(instances.iter().map(WantedInstance::key));
        if !same {
            *known = instances;
        }
        !same
    });
}

/// What the agent of this host signs with: short sessions of the instance role, never the root user's key.
struct HostCredentials {
    world: Arc<World>,
    local: LocalInstance,
}

impl std::fmt::Debug for HostCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostCredentials")
            .field("cluster", &self.local.cluster)
            .finish_non_exhaustive()
    }
}

impl HostCredentials {
    async fn session(&self) -> provider::Result {
        let session = agents::local_credentials(&self.world, &self.local.home)
            .await
            .map_err(CredentialsError::provider_error)?
            .map_err(CredentialsError::provider_error)?;
        let secret = session
            .secret_access_key
            .expose_secret_str()
            .unwrap_or_default();
        let expires = u64::try_from(session.expiration.as_secs()).unwrap_or_default();
        Ok(Credentials::new(
            session.access_key_id,
            secret,
            session.session_token.expose_secret_str().map(str::to_owned),
            Some(std::time::UNIX_EPOCH + Duration::from_secs(expires)),
            "sealift-instance",
        ))
    }
}

impl ProvideCredentials for HostCredentials {
    fn provide_credentials<'a>(&'a self) -> provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        provider::future::ProvideCredentials::new(self.session())
    }
}
