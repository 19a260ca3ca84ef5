//! Tasks: what should run, what is known of it, and how far its agent was told.

use types::{AccountId, Fault, Region, Timestamp};

use super::Home;
use crate::{Row, Session, args};

/// What never changes about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    pub home: Home,
    pub cluster: String,
    pub id: String,
    pub family: String,
    pub revision: i64,
    pub launch_type: String,
    pub group: String,
    pub started_by: Option<String>,
    pub client_token: Option<String>,
    pub details: String,
    pub created_at: Timestamp,
}

/// What changes while it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskState {
    pub container_instance: Option<String>,
    pub last_status: String,
    pub wanted: bool,
    pub launched: bool,
    pub acknowledged: bool,
    pub stop_code: Option<String>,
    pub stopped_reason: Option<String>,
    /// `ATTACHED` while its network interface is there.
    pub attachment: Option<String>,
    pub connectivity_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub stopping_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub pull_started_at: Option<Timestamp>,
    pub pull_stopped_at: Option<Timestamp>,
    pub execution_stopped_at: Option<Timestamp>,
    pub containers: String,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    pub task: NewTask,
    pub state: TaskState,
    pub version: i64,
}

/// Which tasks a list is of. What is `None` does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskFilter<'a> {
    pub container_instance: Option<&'a str>,
    pub family: Option<&'a str>,
    pub started_by: Option<&'a str>,
    pub group: Option<&'a str>,
    pub launch_type: Option<&'a str>,
    pub wanted: Option<bool>,
}

impl TaskRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            task: NewTask {
                home: Home {
                    account: row.parse::<AccountId>("account")?,
                    region: row.parse::<Region>("region")?,
                },
                cluster: row.text("cluster")?,
                id: row.text("id")?,
                family: row.text("family")?,
                revision: row.int("revision")?,
                launch_type: row.text("launch_type")?,
                group: row.text("task_group")?,
                started_by: row.opt_text("started_by")?,
                client_token: row.opt_text("client_token")?,
                details: row.text("details")?,
                created_at: row.timestamp("created_at")?,
            },
            state: TaskState {
                container_instance: row.opt_text("container_instance")?,
                last_status: row.text("last_status")?,
                wanted: row.bool("wanted")?,
                launched: row.bool("launched")?,
                acknowledged: row.bool("acknowledged")?,
                stop_code: row.opt_text("stop_code")?,
                stopped_reason: row.opt_text("stopped_reason")?,
                attachment: row.opt_text("attachment")?,
                connectivity_at: row.opt_timestamp("connectivity_at")?,
                started_at: row.opt_timestamp("started_at")?,
                stopping_at: row.opt_timestamp("stopping_at")?,
                stopped_at: row.opt_timestamp("stopped_at")?,
                pull_started_at: row.opt_timestamp("pull_started_at")?,
                pull_stopped_at: row.opt_timestamp("pull_stopped_at")?,
                execution_stopped_at: row.opt_timestamp("execution_stopped_at")?,
                containers: row.text("containers")?,
            },
            version: row.int("version")?,
        })
    }
}

pub(super) fn read_all(rows: &[Row]) -> Result<Vec<TaskRow>, Fault> {
    rows.iter().map(TaskRow::read).collect()
}

impl Session {
    pub async fn insert_task(&mut self, task: &NewTask, state: &TaskState) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_tasks (account, region, cluster, id, family, revision, launch_type, task_group, \
             started_by, client_token, details, created_at, container_instance, last_status, wanted, launched, \
             acknowledged, containers, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)",
            args![
                &task.home.account,
                &task.home.region,
                &task.cluster,
                &task.id,
                &task.family,
                task.revision,
                &task.launch_type,
                &task.group,
                task.started_by.clone(),
                task.client_token.clone(),
                &task.details,
                task.created_at,
                state.container_instance.clone(),
                &state.last_status,
                state.wanted,
                state.launched,
                state.acknowledged,
                &state.containers,
            ],
        )
        .await?;
        Ok(())
    }

    /// Saves a task's state and counts the change.
    pub async fn save_task_state(
        &mut self,
        task: &NewTask,
        state: &TaskState,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_tasks SET container_instance = $5, last_status = $6, wanted = $7, launched = $8, \
             acknowledged = $9, stop_code = $10, stopped_reason = $11, started_at = $12, stopping_at = $13, \
             stopped_at = $14, pull_started_at = $15, pull_stopped_at = $16, execution_stopped_at = $17, \
             containers = $18, attachment = $19, connectivity_at = $20, version = version + 1 \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4",
            args![
                &task.home.account,
                &task.home.region,
                &task.cluster,
                &task.id,
                state.container_instance.clone(),
                &state.last_status,
                state.wanted,
                state.launched,
                state.acknowledged,
                state.stop_code.clone(),
                state.stopped_reason.clone(),
                state.started_at,
                state.stopping_at,
                state.stopped_at,
                state.pull_started_at,
                state.pull_stopped_at,
                state.execution_stopped_at,
                &state.containers,
                state.attachment.clone(),
                state.connectivity_at,
            ],
        )
        .await?;
        Ok(())
    }

    /// Replaces the rest of what a task was given.
    pub async fn set_task_details(&mut self, task: &NewTask, details: &str) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_tasks SET details = $5, version = version + 1 \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4",
            args![
                &task.home.account,
                &task.home.region,
                &task.cluster,
                &task.id,
                details
            ],
        )
        .await?;
        Ok(())
    }

    /// The agent acknowledged what was wanted of the task at the time of the message, which may have changed since.
    pub async fn acknowledge_task(
        &mut self,
        home: &Home,
        cluster: &str,
        id: &str,
        wanted: bool,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_tasks SET acknowledged = 1 \
             WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4 AND wanted = $5",
            args![&home.account, &home.region, cluster, id, wanted],
        )
        .await?;
        Ok(())
    }

    /// One task, locked in a write session.
    pub async fn task(
        &mut self,
        home: &Home,
        cluster: &str,
        id: &str,
    ) -> Result<Option<TaskRow>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM ecs_tasks WHERE account = $1 AND region = $2 AND cluster = $3 AND id = $4",
            args![&home.account, &home.region, cluster, id],
        )
        .await?
        .as_ref()
        .map(TaskRow::read)
        .transpose()
    }

    /// The tasks that an earlier call with this token started.
    pub async fn tasks_of_client_token(
        &mut self,
        home: &Home,
        cluster: &str,
        token: &str,
    ) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT * FROM ecs_tasks \
                 WHERE account = $1 AND region = $2 AND cluster = $3 AND client_token = $4 ORDER BY id",
                args![&home.account, &home.region, cluster, token],
            )
            .await?;
        read_all(&rows)
    }

    /// The tasks of a cluster that fit the filter and whose ids follow `after`, in the order of their ids.
    pub async fn list_tasks(
        &mut self,
        home: &Home,
        cluster: &str,
        filter: TaskFilter<'_>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT * FROM ecs_tasks \
                 WHERE account = $1 AND region = $2 AND cluster = $3 AND id > $4 \
                 AND ($5 = '' OR container_instance = $5) AND ($6 = '' OR family = $6) \
                 AND ($7 = '' OR started_by = $7) AND ($8 = '' OR launch_type = $8) \
                 AND ($9 < 0 OR wanted = $9) AND ($10 = '' OR task_group = $10) ORDER BY id LIMIT $11",
                args![
                    &home.account,
                    &home.region,
                    cluster,
                    after,
                    filter.container_instance.unwrap_or(""),
                    filter.family.unwrap_or(""),
                    filter.started_by.unwrap_or(""),
                    filter.launch_type.unwrap_or(""),
                    filter.wanted.map_or(-1, i64::from),
                    filter.group.unwrap_or(""),
                    limit,
                ],
            )
            .await?;
        read_all(&rows)
    }

    /// The tasks of a cluster that have not stopped.
    pub async fn living_tasks(
        &mut self,
        home: &Home,
        cluster: &str,
    ) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT * FROM ecs_tasks WHERE account = $1 AND region = $2 AND cluster = $3 \
                 AND last_status <> 'STOPPED' ORDER BY created_at, id",
                args![&home.account, &home.region, cluster],
            )
            .await?;
        read_all(&rows)
    }

    /// The living tasks of one container instance.
    pub async fn living_tasks_on(
        &mut self,
        home: &Home,
        cluster: &str,
        container_instance: &str,
    ) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT * FROM ecs_tasks WHERE account = $1 AND region = $2 AND cluster = $3 \
                 AND container_instance = $4 AND last_status <> 'STOPPED' ORDER BY created_at, id",
                args![&home.account, &home.region, cluster, container_instance],
            )
            .await?;
        read_all(&rows)
    }

    /// Every task that waits for a place or whose agent has not acknowledged what is wanted, oldest first.
    pub async fn unsettled_tasks(&mut self) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT * FROM ecs_tasks WHERE last_status <> 'STOPPED' AND acknowledged = 0 \
                 ORDER BY created_at, account, region, cluster, id",
                args![],
            )
            .await?;
        read_all(&rows)
    }

    /// Every task that has ended and whose network is still to go.
    pub async fn deprovisioning_tasks(&mut self) -> Result<Vec<TaskRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT * FROM ecs_tasks WHERE last_status = 'DEPROVISIONING' \
                 ORDER BY account, region, cluster, id",
                args![],
            )
            .await?;
        read_all(&rows)
    }

    /// Forgets the tasks that stopped before this moment.
    pub async fn sweep_stopped_tasks(&mut self, before: Timestamp) -> Result<u64, Fault> {
        self.execute(
            "DELETE FROM ecs_tasks WHERE last_status = 'STOPPED' AND stopped_at < $1",
            args![before],
        )
        .await
    }
}
