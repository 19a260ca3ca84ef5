//! The sessions with agents: who may open one, and which are open.
//!
//! A session is opened by the signed request of ECS's websocket upgrade, and carries ECS's agent messages as text frames
//! in both directions. In one process the frames go through memory; for agents on other hosts a websocket carries the same ones.

mod session;
mod upgrade;
pub(crate) mod websocket;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{World, ecs::agents::Instance};
use ecs::acs::{ExecAction, ExecStart};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::timeout,
};

use session::Session;

use crate::{
    audit::AuditLog,
    exec::{ExecOrder, ExecStream},
};

/// How many frames may wait in one direction.
const FRAMES: usize = 64;

/// How long sessions may take to end when the server stops.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Where agents open their sessions. Clones share them.
#[derive(Clone)]
pub struct Acs {
    inner: Arc<Inner>,
}

struct Inner {
    world: Arc<World>,
    audit: AuditLog,
    sessions: Mutex<HashMap<Instance, Open>>,
    next_number: AtomicU64,
    /// How many sessions run; none begins once this is closed for good.
    running: watch::Sender<usize>,
    closing: AtomicBool,
}

/// An open session, from outside.
struct Open {
    number: u64,
    /// Something may have changed that its agent should be told.
    wake: Arc<Notify>,
    /// Takes what is to be said about commands in containers.
    orders: mpsc::UnboundedSender<ExecOrder>,
    /// Turns true when the session is to end.
    end: watch::Sender<bool>,
}

impl Acs {
    pub fn new(world: Arc<World>, audit: AuditLog) -> Self {
        Self {
            inner: Arc::new(Inner {
                world,
                audit,
                sessions: Mutex::default(),
                next_number: AtomicU64::new(0),
                running: watch::channel(0).0,
                closing: AtomicBool::new(false),
            }),
        }
    }

    /// Opens a session for the agent that signed this upgrade, or answers why not. The frames of the agent go into the
    /// sender; dropping it closes the session.
    pub async fn connect(
        &self,
        upgrade: http::Request<()>,
    ) -> Result<(mpsc::Sender<String>, mpsc::Receiver<String>), http::Response<String>> {
        let admitted = upgrade::admit(&self.inner.world, &self.inner.audit, upgrade).await?;
        if self.inner.closing.load(Ordering::SeqCst) {
            return Err(upgrade::server_stops());
        }
        let (to_agent, incoming) = mpsc::channel(FRAMES);
        let (outgoing, from_agent) = mpsc::channel(FRAMES);
        let number = self.inner.next_number.fetch_add(1, Ordering::Relaxed);
        let wake = Arc::new(Notify::new());
        let (end, ended) = watch::channel(false);
        let (orders, ordered) = mpsc::unbounded_channel();
        let open = Open {
            number,
            wake: Arc::clone(&wake),
            orders,
            end,
        };
        if let Some(earlier) = self.sessions().insert(admitted.instance.clone(), open) {
            // The earlier session may have ended by itself meanwhile.
            let _ = earlier.end.send(true);
        }
        let session = Session::new(
            Arc::clone(&self.inner.world),
            admitted.instance.clone(),
            to_agent,
            from_agent,
            wake,
            ordered,
            ended,
        );
        let acs = self.clone();
        self.inner.running.send_modify(|running| *running += 1);
        tokio::spawn(async move {
            session.run(admitted.new_agent).await;
            acs.closed(&admitted.instance, number).await;
            acs.inner.running.send_modify(|running| *running -= 1);
        });
        Ok((outgoing, incoming))
    }

    /// Lets every session look at what its agent should be told.
    pub(crate) fn wake_all(&self) {
        for open in self.sessions().values() {
            open.wake.notify_one();
        }
    }

    /// Has the agent of an instance run a command. `None` where it is not connected.
    pub(crate) fn exec(&self, instance: &Instance, start: ExecStart) -> Option<ExecStream> {
        let orders = self.sessions().get(instance)?.orders.clone();
        let id = self.inner.world.entropy.uuid();
        ExecStream::begin(id, ExecAction::Start(start), orders)
    }

    /// The instances whose agents are connected.
    pub(crate) fn connected(&self) -> Vec<Instance> {
        self.sessions().keys().cloned().collect()
    }

    /// Ends every session and waits until they have, but not for ever.
    pub(crate) async fn close(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
        for open in self.sessions().values() {
            let _ = open.end.send(true);
        }
        let mut running = self.inner.running.subscribe();
        if timeout(CLOSE_WITHIN, running.wait_for(|running| *running == 0))
            .await
            .is_err()
        {
            tracing::warn!("sessions with agents did not end in time");
        }
    }

    /// A session has ended. Its instance is disconnected, unless another session took its place.
    async fn closed(&self, instance: &Instance, number: u64) {
        {
            let mut sessions = self.sessions();
            if sessions
                .get(instance)
                .is_none_or(|open| open.number != number)
            {
                return;
            }
            sessions.remove(instance);
        }
        let world = &self.inner.world;
        if let Err(fault) = domain::ecs::agents::set_connected(world, instance, false).await {
            tracing::error!(
                instance = instance.arn(),
                cause = %fault.chain(),
                "an agent's disconnection could not be noted"
            );
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<Instance, Open>> {
        // The map is whole between any two statements, so a panic elsewhere leaves nothing half-done in it.
        self.inner
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
