//! The network that the containers of an `awsvpc` task share: made before them, and gone with them.

use std::net::IpAddr;

use futures::FutureExt as _;

use super::{Event, Known, Owner};
use crate::{
    labels, reason,
    runtime::{ContainerState, NetworkHolder, Phase, RuntimeError, answered},
    task::steps::{account_of, ended},
    tasks::Shared,
};

/// How far the shared network is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Network {
    /// Every container has its own.
    Unshared,
    Wanted,
    UnderWay,
    Held(Held),
}

/// The container that has the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    id: String,
    address: Option<IpAddr>,
}

impl Network {
    pub fn of(mode: Option<&str>) -> Self {
        match mode {
            Some("awsvpc") => Self::Wanted,
            _ => Self::Unshared,
        }
    }

    /// Whether containers can be created, as far as their network goes.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Unshared | Self::Held(_))
    }

    pub fn holder(&self) -> Option<&str> {
        match self {
            Self::Held(held) => Some(&held.id),
            _ => None,
        }
    }

    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Held(held) => held.address,
            _ => None,
        }
    }
}

impl Owner {
    pub(super) fn hold_network(&mut self) {
        if self.network != Network::Wanted {
            return;
        }
        self.network = Network::UnderWay;
        let (shared, task) = (self.shared.clone(), self.task.clone());
        let job = async move {
            let config = &shared.config;
            let holder = NetworkHolder {
                name: labels::network_holder_name(&task, &config.entropy.hex::<10>()),
                account: account_of(&task.arn),
                labels: labels::of_network_holder(&task, &config.cluster, &config.installation),
                task: &task,
            };
            let held = async {
                let id = shared.runtime.hold_network(&holder).await?;
                let state = shared.runtime.inspect(&id).await?;
                let address = state.and_then(|state| state.address);
                Ok::<_, RuntimeError>(Held { id, address })
            };
            Event::Network(held.await)
        };
        self.jobs.push(job.boxed());
    }

    pub(super) fn network_held(&mut self, outcome: Result<Held, RuntimeError>) {
        match outcome {
            Ok(held) => {
                tracing::info!(task.arn = self.task.arn, address = ?held.address, "network made");
                self.watch_network(&held.id);
                self.network = Network::Held(held);
                self.reporting.attached = Some(true);
            }
            Err(error) => {
                self.network = Network::Unshared;
                let text = format!("the network of the task cannot be made: {error}");
                self.reason.get_or_insert_with(|| reason::terminal(&text));
                self.stop_task();
            }
        }
    }

    /// Takes over the holder of before a restart. One that does not run has no network any more.
    pub(super) async fn adopt_network(&mut self, id: String, state: &ContainerState) {
        if state.phase == Phase::Running {
            self.watch_network(&id);
            let address = state.address;
            self.network = Network::Held(Held { id, address });
            self.reporting.attached = Some(true);
        } else {
            remove(&self.shared.clone(), &id).await;
        }
    }

    /// Containers whose network went while nobody looked cannot go on.
    pub(super) fn miss_network(&mut self) {
        let made = |known: Known| known >= Known::Created;
        if self.network == Network::Wanted && self.records.iter().any(|r| made(r.known)) {
            self.network_lost();
        }
    }

    pub(super) fn network_lost(&mut self) {
        if self.wanted_running {
            tracing::warn!(task.arn = self.task.arn, "the network of the task is gone");
        }
        self.stop_task();
    }

    fn watch_network(&self, id: &str) {
        let (runtime, id) = (self.shared.runtime.clone(), id.to_owned());
        let job = async move {
            ended(runtime.as_ref(), &id).await;
            Event::NetworkLost
        };
        self.jobs.push(job.boxed());
    }

    /// Takes the network away from the task, whose containers have all stopped.
    pub(super) async fn remove_network(&mut self) {
        if let Some(id) = self.network.holder().map(str::to_owned) {
            remove(&self.shared.clone(), &id).await;
        }
    }
}

/// Removes the holder, however often the engine must be asked: until then the task has its network.
async fn remove(shared: &Shared, holder: &str) {
    answered(|| shared.runtime.remove(holder)).await;
}
