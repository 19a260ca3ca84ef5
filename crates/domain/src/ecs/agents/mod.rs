//! What the server's sessions with agents work with: who may open one, what its agent is to be told, and what its
//! acknowledgements mean.
//!
//! Nothing is kept between calls. The rows say what is wanted and how far the agent was told, so that a session, or the
//! whole server, can end at any point and carry on.

mod admission;
mod credentials;
mod facts;
mod local;
mod manifest;
mod payloads;
mod waiting;

pub use admission::{Refusal, admit};
pub use credentials::{CurrentCredentials, current_credentials};
pub use facts::take_facts;
pub(crate) use local::ensure_default_cluster;
pub use local::{LocalInstance, local_credentials, local_instances};
pub use manifest::{confirm_stops, manifest};
pub use payloads::{Handover, acknowledge, end_without_instance, outstanding, payload, resend_all};
pub use waiting::place_waiting;

use store::ecs::Home;
use types::Fault;

use super::place_of;
use crate::World;

/// Where the server takes sessions, below its own address.
pub const SESSION_PATH: &str = "/_sealift/acs";

/// A container instance, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instance {
    pub home: Home,
    pub cluster: String,
    pub id: String,
}

impl Instance {
    pub fn arn(&self) -> String {
        place_of(&self.home)
            .container_instance(&self.cluster, &self.id)
            .to_string()
    }

    pub fn cluster_arn(&self) -> String {
        place_of(&self.home).cluster(&self.cluster).to_string()
    }
}

/// Notes whether the instance's agent has its session open. Tasks are placed where one has.
pub async fn set_connected(
    world: &World,
    instance: &Instance,
    connected: bool,
) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.set_agent_connected(&instance.home, &instance.cluster, &instance.id, connected)
        .await?;
    db.commit().await?;
    world.tasks_have_changed();
    Ok(())
}

/// Says again that these agents are connected, where it is forgotten: another server on the same database, which has
/// just started, knows nothing of the sessions of this one.
pub async fn keep_connected(world: &World, instances: &[Instance]) -> Result<(), Fault> {
    for instance in instances {
        let mut db = world.store.read().await?;
        let row = db
            .container_instance(&instance.home, &instance.cluster, &instance.id)
            .await?;
        drop(db);
        if row.is_some_and(|row| !row.agent_connected) {
            set_connected(world, instance, true).await?;
        }
    }
    Ok(())
}

/// When the server starts, no agent is connected, whatever was true when it ended.
pub async fn disconnect_all(world: &World) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.disconnect_all_agents().await?;
    db.commit().await
}
