//! 169.254.170.2: where containers find the credentials of their task role, and log drivers theirs.
//!
//! The address is the gateway of a Docker network of ours, so it belongs to this host and every container reaches it. It
//! is served from the moment that a task first needs it. What else is asked there is the AWS API, so that an SDK in a
//! container finds this server without being told.
//!
//! INVARIANT: credentials are handed out only to whom they are for: those of a task role to the addresses of that task's
//! containers, those of log drivers to this host. To anyone else an id that exists looks like one that does not. A task in
//! the host's network asks from the host's addresses, so there the id alone, 128 random bits, tells it from its neighbours.

mod answer;
mod credentials;
mod metadata;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use ecs::acs::Credentials;
use tokio::{net::TcpListener, sync::Mutex, task::AbortHandle, time::sleep};

pub(crate) use self::credentials::Audience;
pub(crate) use self::metadata::{TaskFacts, variables as metadata_variables};
use self::{credentials::Known, metadata::Metadata};
use crate::runtime::{ContainerRuntime, RuntimeError};

/// The address, known to every AWS SDK and to Docker's `awslogs` driver.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);

const PORT: u16 = 80;
const PAUSE: Duration = Duration::from_secs(5);

/// Why the address is not served.
#[derive(Debug, thiserror::Error)]
pub enum LinkLocalError {
    #[error("the network of {ADDRESS} cannot be made: {0}")]
    Network(#[from] RuntimeError),
    #[error(
        "{ADDRESS} cannot be served: {0}; another sealift or an agent of ECS on this host may have it"
    )]
    Listen(#[from] std::io::Error),
}

/// What the agents of one process serve at the address together.
pub struct LinkLocal {
    runtime: Arc<dyn ContainerRuntime>,
    known: Known,
    metadata: Metadata,
    /// Whether every task is told of itself, which needs the address from the first task on.
    tells_tasks: bool,
    /// What else is asked there.
    api: Router,
    serving: Mutex<Option<AbortHandle>>,
    /// Whether somebody tries again already.
    trying: AtomicBool,
}

impl LinkLocal {
    /// Nothing is served before it is needed. `api` answers what is asked beside credentials and metadata.
    pub fn new(runtime: Arc<dyn ContainerRuntime>, api: Router, tells_tasks: bool) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            known: Known::default(),
            metadata: Metadata::default(),
            tells_tasks,
            api,
            serving: Mutex::default(),
            trying: AtomicBool::new(false),
        })
    }

    /// Sees to it that the address is served.
    pub async fn ensure(self: &Arc<Self>) -> Result<(), LinkLocalError> {
        let mut serving = self.serving.lock().await;
        if serving.as_ref().is_some_and(|task| !task.is_finished()) {
            return Ok(());
        }
        self.runtime.ensure_link_local(ADDRESS).await?;
        let listener = TcpListener::bind((ADDRESS, PORT)).await?;
        let routes = answer::routes(Arc::downgrade(self), self.api.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the credentials endpoint failed");
            }
        });
        *serving = Some(task.abort_handle());
        tracing::info!(address = %ADDRESS, "serving credentials");
        Ok(())
    }

    /// Hands out credentials under their id, from now on and to nobody else.
    pub(crate) fn serve(
        self: &Arc<Self>,
        task_arn: &str,
        audience: Audience,
        credentials: Credentials,
    ) {
        self.known.insert(task_arn, audience, credentials);
        self.keep_serving();
    }

    /// Containers of before a restart ask as soon as their credentials run out, and nobody creates one for them.
    fn keep_serving(self: &Arc<Self>) {
        if !self.trying.swap(true, Ordering::AcqRel) {
            tokio::spawn(keep_trying(Arc::downgrade(self)));
        }
    }

    /// Hands out new credentials in place of those under the same id, to whom these were for.
    pub(crate) fn renew(
        self: &Arc<Self>,
        task_arn: &str,
        audience: Audience,
        credentials: Credentials,
    ) {
        let before = self.known.get(&credentials.credentials_id);
        let audience = before.map_or(audience, |(_, audience, _)| audience);
        self.serve(task_arn, audience, credentials);
    }

    /// Whether containers can be told of their task. A process that does not have the address tells nobody.
    pub(crate) async fn can_tell(self: &Arc<Self>) -> bool {
        if !self.tells_tasks {
            return false;
        }
        match self.ensure().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "tasks start without their metadata");
                false
            }
        }
    }

    /// Tells a container of its task under this id, from now on and nobody else.
    pub(crate) fn tell(self: &Arc<Self>, id: &str, facts: TaskFacts, container: &str) {
        self.metadata.insert(id, facts, container);
        self.keep_serving();
    }

    /// A container was started again by its restart policy.
    pub(crate) fn note_restart(&self, task_arn: &str, container: &str) {
        self.metadata.note_restart(task_arn, container);
    }

    /// Forgets a task.
    pub(crate) fn forget(&self, task_arn: &str) {
        self.known.remove(task_arn);
        self.metadata.remove(task_arn);
    }

    /// Whether what is known under this id may go to this address; gives the credentials if so.
    async fn credentials_for(&self, id: &str, peer: IpAddr) -> Option<Credentials> {
        let (task_arn, audience, credentials) = self.known.get(id)?;
        let allowed = match audience {
            Audience::Host => is_of_this_host(peer),
            Audience::Task => match self.runtime.addresses_of_task(&task_arn).await {
                Ok(addresses) => addresses.contains(&peer),
                Err(error) => {
                    tracing::warn!(%error, task.arn = task_arn, "whose address it is cannot be told");
                    false
                }
            },
        };
        tracing::info!(task.arn = task_arn, ?audience, %peer, allowed, "credentials asked for");
        allowed.then_some(credentials)
    }
}

/// Tries until the address is served, or nobody is left who could.
async fn keep_trying(link_local: Weak<LinkLocal>) {
    while let Some(link_local) = link_local.upgrade() {
        match link_local.ensure().await {
            Ok(()) => return link_local.trying.store(false, Ordering::Release),
            Err(error) => tracing::warn!(%error, "credentials are not served"),
        }
        drop(link_local);
        sleep(PAUSE).await;
    }
}

impl Drop for LinkLocal {
    fn drop(&mut self) {
        if let Some(task) = self.serving.get_mut() {
            task.abort();
        }
    }
}

/// Whether an address is one of this host's own: nobody can listen at another's. Containers have addresses of their own.
fn is_of_this_host(address: IpAddr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}

/// Where credentials of this id are found.
pub(crate) fn path(credentials_id: &str) -> String {
    format!("/v2/credentials/{credentials_id}")
}
