//! Services, and their tasks as schedulers see them.

use types::{AccountId, Fault, Region, Timestamp};

use super::{Home, TaskRow, tasks::read_all};
use crate::{Row, Session, args};

/// A service, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceKey {
    pub home: Home,
    pub cluster: String,
    pub name: String,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    pub key: ServiceKey,
    pub status: String,
    pub scheduling_strategy: String,
    pub launch_type: String,
    pub client_token: Option<String>,
    pub details: String,
    pub state: String,
    pub created_by: String,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub version: i64,
}

/// Which services a list is of. What is `None` does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceFilter<'a> {
    pub launch_type: Option<&'a str>,
    pub scheduling_strategy: Option<&'a str>,
}

/// How a service and its tasks are, in numbers that change whenever one of them does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ServicePulse {
    pub version: i64,
    pub tasks: i64,
    pub task_versions: i64,
}

fn key(row: &Row, name: &str) -> Result<ServiceKey, Fault> {
    Ok(ServiceKey {
        home: Home {
            account: row.parse::<AccountId>("account")?,
            region: row.parse::<Region>("region")?,
        },
        cluster: row.text("cluster")?,
        name: row.text(name)?,
    })
}

impl ServiceRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            key: key(row, "name")?,
            status: row.text("status")?,
            scheduling_strategy: row.text("scheduling_strategy")?,
            launch_type: row.text("launch_type")?,
            client_token: row.opt_text("client_token")?,
            details: row.text("details")?,
            state: row.text("state")?,
            created_by: row.text("created_by")?,
            created_at: row.timestamp("created_at")?,
            ended_at: row.opt_timestamp("ended_at")?,
            version: row.int("version")?,
        })
    }
}

impl ServiceKey {
    /// The group of the service's tasks.
    pub fn group(&self) -> String {
        format!("service:{}", self.name)
    }
}

impl Session {
    /// One service, whatever its status. A write session keeps it from changing, so that one scheduler at a time decides
    /// about it, also where several servers share a database.
    pub async fn service(&mut self, key: &ServiceKey) -> Result<Option<ServiceRow>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM ecs_services WHERE account = $1 AND region = $2 AND cluster = $3 AND name = $4",
            args![
                &key.home.account,
                &key.home.region,
                &key.cluster,
                &key.name
            ],
        )
        .await?
        .as_ref()
        .map(ServiceRow::read)
        .transpose()
    }

    /// The services of a cluster that are not INACTIVE, fit the filter and follow `after`, in the order of their names.
    pub async fn list_services(
        &mut self,
        home: &Home,
        cluster: &str,
        filter: ServiceFilter<'_>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ServiceRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecs_services WHERE account = $1 AND region = $2 AND cluster = $3 AND name > $4 \
             AND status <> 'INACTIVE' AND ($5 = '' OR launch_type = $5) \
             AND ($6 = '' OR scheduling_strategy = $6) ORDER BY name LIMIT $7",
            args![
                &home.account,
                &home.region,
                cluster,
                after,
                filter.launch_type.unwrap_or(""),
                filter.scheduling_strategy.unwrap_or(""),
                limit,
            ],
        )
        .await?
        .iter()
        .map(ServiceRow::read)
        .collect()
    }

    /// The ACTIVE services whose details hold this text.
    pub async fn services_mentioning(&mut self, text: &str) -> Result<Vec<ServiceRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecs_services WHERE status = 'ACTIVE' AND details LIKE '%' || $1 || '%' \
             ORDER BY account, region, cluster, name",
            args![text],
        )
        .await?
        .iter()
        .map(ServiceRow::read)
        .collect()
    }

    /// How many services of a cluster are ACTIVE.
    pub async fn count_active_services(
        &mut self,
        home: &Home,
        cluster: &str,
    ) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT COUNT(*) AS count FROM ecs_services \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND status = 'ACTIVE'",
            args![&home.account, &home.region, cluster],
        )
        .await?
        .int("count")
    }

    /// Every service that still wants something done, and how it is.
    pub async fn service_pulses(&mut self) -> Result<Vec<(ServiceKey, ServicePulse)>, Fault> {
        self.fetch_all(
            "SELECT s.account, s.region, s.cluster, s.name, s.version, COUNT(t.id) AS tasks, \
             CAST(COALESCE(SUM(t.version), 0) AS BIGINT) AS task_versions \
             FROM ecs_services s LEFT JOIN ecs_tasks t ON t.account = s.account AND t.region = s.region \
             AND t.cluster = s.cluster AND t.task_group = 'service:' || s.name \
             AND (t.last_status NOT IN ('DEPROVISIONING', 'STOPPED') OR t.noted = 0) \
             WHERE s.status <> 'INACTIVE' \
             GROUP BY s.account, s.region, s.cluster, s.name, s.version",
            args![],
        )
        .await?
        .iter()
        .map(|row| {
            let pulse = ServicePulse {
                version: row.int("version")?,
                tasks: row.int("tasks")?,
                task_versions: row.int("task_versions")?,
            };
            Ok((key(row, "name")?, pulse))
        })
        .collect()
    }

    /// Makes a service, or replaces one of the same name, and counts the change.
    pub async fn save_service(&mut self, service: &ServiceRow) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_services (account, region, cluster, name, status, scheduling_strategy, launch_type, \
             client_token, details, state, created_by, created_at, ended_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1) \
             ON CONFLICT (account, region, cluster, name) DO UPDATE SET status = excluded.status, \
             scheduling_strategy = excluded.scheduling_strategy, launch_type = excluded.launch_type, \
             client_token = excluded.client_token, details = excluded.details, state = excluded.state, \
             created_by = excluded.created_by, created_at = excluded.created_at, ended_at = excluded.ended_at, \
             version = ecs_services.version + 1",
            args![
                &service.key.home.account,
                &service.key.home.region,
                &service.key.cluster,
                &service.key.name,
                &service.status,
                &service.scheduling_strategy,
                &service.launch_type,
                service.client_token.clone(),
                &service.details,
                &service.state,
                &service.created_by,
                service.created_at,
                service.ended_at,
            ],
        )
        .await?;
        Ok(())
    }

    /// The tasks of a service that live, or of whose end its scheduler has not taken note. A write session keeps them
    /// from changing.
    pub async fn tasks_of_service(&mut self, key: &ServiceKey) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all_locked(
                "SELECT * FROM ecs_tasks WHERE account = $1 AND region = $2 AND cluster = $3 AND task_group = $4 \
                 AND (last_status NOT IN ('DEPROVISIONING', 'STOPPED') OR noted = 0) ORDER BY created_at, id",
                args![
                    &key.home.account,
                    &key.home.region,
                    &key.cluster,
                    key.group()
                ],
            )
            .await?;
        read_all(&rows)
    }

    /// The scheduler has taken note of the task's end.
    pub async fn note_task_end(&mut self, row: &TaskRow) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_tasks SET noted = 1 \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4",
            args![
                &row.task.home.account,
                &row.task.home.region,
                &row.task.cluster,
                &row.task.id
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets the services that became INACTIVE before this moment.
    pub async fn sweep_inactive_services(&mut self, before: Timestamp) -> Result<u64, Fault> {
        self.execute(
            "DELETE FROM ecs_services WHERE status = 'INACTIVE' AND ended_at < $1",
            args![before],
        )
        .await
    }
}
