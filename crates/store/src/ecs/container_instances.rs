//! Container instances.

use types::{AccountId, Fault, Region, Timestamp};

use super::Home;
use crate::{Row, Session, args};

/// A container instance: a host of a cluster, with the principal that registered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInstanceRow {
    pub home: Home,
    pub cluster: String,
    pub id: String,
    pub principal: String,
    pub status: String,
    pub agent_connected: bool,
    pub sequence: i64,
    pub version: i64,
    pub details: String,
    pub registered_at: Timestamp,
}

impl ContainerInstanceRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            home: Home {
                account: row.parse::<AccountId>("account")?,
                region: row.parse::<Region>("region")?,
            },
            cluster: row.text("cluster")?,
            id: row.text("id")?,
            principal: row.text("principal")?,
            status: row.text("status")?,
            agent_connected: row.bool("agent_connected")?,
            sequence: row.int("sequence")?,
            version: row.int("version")?,
            details: row.text("details")?,
            registered_at: row.timestamp("registered_at")?,
        })
    }
}

impl Session {
    pub async fn container_instance(
        &mut self,
        home: &Home,
        cluster: &str,
        id: &str,
    ) -> Result<Option<ContainerInstanceRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_container_instances \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4",
            args![&home.account, &home.region, cluster, id],
        )
        .await?
        .as_ref()
        .map(ContainerInstanceRow::read)
        .transpose()
    }

    /// The instances of a cluster that are not deregistered, locked in a write session: placement counts on what
    /// it reads.
    pub async fn container_instances(
        &mut self,
        home: &Home,
        cluster: &str,
    ) -> Result<Vec<ContainerInstanceRow>, Fault> {
        self.fetch_all_locked(
            "SELECT * FROM ecs_container_instances \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND status <> 'INACTIVE' ORDER BY id",
            args![&home.account, &home.region, cluster],
        )
        .await?
        .iter()
        .map(ContainerInstanceRow::read)
        .collect()
    }

    /// The instance that this principal registered last in the cluster.
    pub async fn container_instance_of(
        &mut self,
        home: &Home,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<ContainerInstanceRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_container_instances \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND principal = $4 AND status <> 'INACTIVE' \
             ORDER BY registered_at DESC, id LIMIT 1",
            args![&home.account, &home.region, cluster, principal],
        )
        .await?
        .as_ref()
        .map(ContainerInstanceRow::read)
        .transpose()
    }

    /// Makes an instance, or replaces what it registered with; its sequence goes on.
    pub async fn save_container_instance(
        &mut self,
        instance: &ContainerInstanceRow,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_container_instances (account, region, cluster, id, principal, status, agent_connected, \
             sequence, version, details, registered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (account, region, cluster, id) DO UPDATE SET status = excluded.status, \
             details = excluded.details, version = ecs_container_instances.version + 1",
            args![
                &instance.home.account,
                &instance.home.region,
                &instance.cluster,
                &instance.id,
                &instance.principal,
                &instance.status,
                instance.agent_connected,
                instance.sequence,
                instance.version,
                &instance.details,
                instance.registered_at,
            ],
        )
        .await?;
        Ok(())
    }

    /// Notes whether the instance's agent has its session open.
    pub async fn set_agent_connected(
        &mut self,
        home: &Home,
        cluster: &str,
        id: &str,
        connected: bool,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_container_instances SET agent_connected = $5, version = version + 1 \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4",
            args![&home.account, &home.region, cluster, id, connected],
        )
        .await?;
        Ok(())
    }

    /// No agent is connected: what is true when a server starts.
    pub async fn disconnect_all_agents(&mut self) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_container_instances SET agent_connected = 0 WHERE agent_connected <> 0",
            args![],
        )
        .await?;
        Ok(())
    }

    /// The next number of the instance's payloads and manifests.
    pub async fn next_sequence(
        &mut self,
        home: &Home,
        cluster: &str,
        id: &str,
    ) -> Result<i64, Fault> {
        self.fetch_one(
            "UPDATE ecs_container_instances SET sequence = sequence + 1 \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4 RETURNING sequence",
            args![&home.account, &home.region, cluster, id],
        )
        .await?
        .int("sequence")
    }
}
