//! The history of services: attempts to deploy them that others have followed.

use types::{Fault, Timestamp};

use super::ServiceKey;
use crate::{Row, Session, args};

/// An attempt that is history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDeploymentRow {
    pub id: String,
    /// The deployment whose revision was its target.
    pub revision: String,
    pub status: String,
    pub created_at: Timestamp,
    pub record: String,
}

/// Which attempts a list is of.
#[derive(Debug, Clone, Copy)]
pub struct ServiceDeploymentFilter<'a> {
    /// None of them: whatever their status.
    pub statuses: &'a [&'a str],
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    /// The moment and id that the list goes on behind.
    pub behind: Option<(Timestamp, &'a str)>,
    pub limit: i64,
}

impl ServiceDeploymentRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("id")?,
            revision: row.text("revision")?,
            status: row.text("status")?,
            created_at: row.timestamp("created_at")?,
            record: row.text("record")?,
        })
    }
}

impl Session {
    /// Keeps an attempt that is over.
    pub async fn keep_service_deployment(
        &mut self,
        key: &ServiceKey,
        row: &ServiceDeploymentRow,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_service_deployments (account, region, cluster, service, id, revision, status, created_at, \
             record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![
                &key.home.account,
                &key.home.region,
                &key.cluster,
                &key.name,
                &row.id,
                &row.revision,
                &row.status,
                row.created_at,
                &row.record,
            ],
        )
        .await?;
        Ok(())
    }

    /// Attempts of a service, the newest first.
    pub async fn service_deployments(
        &mut self,
        key: &ServiceKey,
        filter: ServiceDeploymentFilter<'_>,
    ) -> Result<Vec<ServiceDeploymentRow>, Fault> {
        let (from, until) = (filter.created_after, filter.created_before);
        let (moment, id) = filter
            .behind
            .unwrap_or((Timestamp::from_millis(i64::MAX), ""));
        self.fetch_all(
            "SELECT * FROM ecs_service_deployments WHERE account = $1 AND region = $2 AND cluster = $3 AND service = $4 \
             AND ($5 = '' OR $5 LIKE '%,' || status || ',%') AND created_at > $6 AND created_at < $7 \
             AND (created_at < $8 OR (created_at = $8 AND id < $9)) ORDER BY created_at DESC, id DESC LIMIT $10",
            args![
                &key.home.account,
                &key.home.region,
                &key.cluster,
                &key.name,
                joined(filter.statuses),
                from.unwrap_or(Timestamp::from_millis(i64::MIN)),
                until.unwrap_or(Timestamp::from_millis(i64::MAX)),
                moment,
                id,
                filter.limit,
            ],
        )
        .await?
        .iter()
        .map(ServiceDeploymentRow::read)
        .collect()
    }

    /// One attempt of a service.
    pub async fn service_deployment(
        &mut self,
        key: &ServiceKey,
        id: &str,
    ) -> Result<Option<ServiceDeploymentRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_service_deployments \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND service = $4 AND id = $5",
            args![
                &key.home.account,
                &key.home.region,
                &key.cluster,
                &key.name,
                id
            ],
        )
        .await?
        .as_ref()
        .map(ServiceDeploymentRow::read)
        .transpose()
    }

    /// The attempt that a revision of a service was made for.
    pub async fn service_deployment_of_revision(
        &mut self,
        key: &ServiceKey,
        revision: &str,
    ) -> Result<Option<ServiceDeploymentRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_service_deployments \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND service = $4 AND revision = $5",
            args![
                &key.home.account,
                &key.home.region,
                &key.cluster,
                &key.name,
                revision
            ],
        )
        .await?
        .as_ref()
        .map(ServiceDeploymentRow::read)
        .transpose()
    }

    /// Forgets the attempts from before this moment.
    pub async fn sweep_service_deployments(&mut self, before: Timestamp) -> Result<u64, Fault> {
        self.execute(
            "DELETE FROM ecs_service_deployments WHERE created_at < $1",
            args![before],
        )
        .await
    }
}

fn joined(statuses: &[&str]) -> String {
    if statuses.is_empty() {
        String::new()
    } else {
        format!(",{},", statuses.join(","))
    }
}
