//! Clusters.

use types::{AccountId, Fault, Region, Timestamp};

use super::Home;
use crate::{Row, Session, args};

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRow {
    pub home: Home,
    pub name: String,
    pub status: String,
    pub details: String,
    pub created_at: Timestamp,
}

impl ClusterRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            home: Home {
                account: row.parse::<AccountId>("account")?,
                region: row.parse::<Region>("region")?,
            },
            name: row.text("name")?,
            status: row.text("status")?,
            details: row.text("details")?,
            created_at: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// One cluster, active or not.
    pub async fn cluster(&mut self, home: &Home, name: &str) -> Result<Option<ClusterRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_clusters WHERE account = $1 AND region = $2 AND name = $3",
            args![&home.account, &home.region, name],
        )
        .await?
        .as_ref()
        .map(ClusterRow::read)
        .transpose()
    }

    /// The active clusters of an account and region whose names follow `after`, in the order of their names.
    pub async fn active_clusters(
        &mut self,
        home: &Home,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ClusterRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecs_clusters WHERE account = $1 AND region = $2 AND status = 'ACTIVE' AND name > $3 \
             ORDER BY name LIMIT $4",
            args![&home.account, &home.region, after, limit],
        )
        .await?
        .iter()
        .map(ClusterRow::read)
        .collect()
    }

    /// Every active cluster of every account and region.
    pub async fn all_active_clusters(&mut self) -> Result<Vec<ClusterRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecs_clusters WHERE status = 'ACTIVE' ORDER BY created_at, account, region, name",
            args![],
        )
        .await?
        .iter()
        .map(ClusterRow::read)
        .collect()
    }

    /// Makes a cluster, or replaces one of the same name.
    pub async fn save_cluster(&mut self, cluster: &ClusterRow) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_clusters (account, region, name, status, details, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, region, name) DO UPDATE \
             SET status = excluded.status, details = excluded.details, created_at = excluded.created_at",
            args![
                &cluster.home.account,
                &cluster.home.region,
                &cluster.name,
                &cluster.status,
                &cluster.details,
                cluster.created_at,
            ],
        )
        .await?;
        Ok(())
    }
}
