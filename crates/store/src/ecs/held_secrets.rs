//! What the containers of tasks hold.

use types::{Fault, Timestamp};

use super::{Home, NewTask};
use crate::{Row, Session, args};

/// A secret that a container was given, by version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSecretRow {
    pub container: String,
    /// The name that it was injected under.
    pub name: String,
    /// `asm` or `ssm`.
    pub provider: String,
    pub value_from: String,
    pub arn: String,
    pub version: String,
}

/// The same, with the living task that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    pub home: Home,
    pub cluster: String,
    pub task: String,
    pub group: String,
    pub created_at: Timestamp,
    pub held: HeldSecretRow,
}

const HOLDINGS: &str = "SELECT h.*, t.task_group AS task_group, t.created_at AS created_at \
     FROM ecs_held_secrets h JOIN ecs_tasks t ON t.account = h.account AND t.region = h.region \
     AND t.cluster = h.cluster AND t.id = h.task WHERE t.last_status <> 'STOPPED' AND t.wanted = 1";

impl HeldSecretRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            container: row.text("container")?,
            name: row.text("name")?,
            provider: row.text("provider")?,
            value_from: row.text("value_from")?,
            arn: row.text("arn")?,
            version: row.text("version")?,
        })
    }
}

impl Holding {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            home: Home {
                account: row.parse("account")?,
                region: row.parse("region")?,
            },
            cluster: row.text("cluster")?,
            task: row.text("task")?,
            group: row.text("task_group")?,
            created_at: row.timestamp("created_at")?,
            held: HeldSecretRow::read(row)?,
        })
    }
}

impl Session {
    /// Notes what a container holds, in place of what was noted of that name before.
    pub async fn hold_secret(&mut self, task: &NewTask, held: &HeldSecretRow) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_held_secrets (account, region, cluster, task, container, name, provider, value_from, arn, \
             version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (account, region, cluster, task, container, name) DO UPDATE SET provider = excluded.provider, \
             value_from = excluded.value_from, arn = excluded.arn, version = excluded.version",
            args![
                &task.home.account,
                &task.home.region,
                &task.cluster,
                &task.id,
                &held.container,
                &held.name,
                &held.provider,
                &held.value_from,
                &held.arn,
                &held.version,
            ],
        )
        .await?;
        Ok(())
    }

    /// What a task holds, in the order of containers and names.
    pub async fn held_secrets(
        &mut self,
        home: &Home,
        cluster: &str,
        task: &str,
    ) -> Result<Vec<HeldSecretRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM ecs_held_secrets WHERE account = $1 AND region = $2 AND cluster = $3 AND task = $4 \
             ORDER BY container, name",
            args![&home.account, &home.region, cluster, task],
        )
        .await?
        .iter()
        .map(HeldSecretRow::read)
        .collect()
    }

    /// What all tasks hold that live and are to live on.
    pub async fn holdings(&mut self) -> Result<Vec<Holding>, Fault> {
        let sql = holdings_where(" ORDER BY t.created_at, h.task, h.container, h.name");
        self.fetch_all(sql, args![])
            .await?
            .iter()
            .map(Holding::read)
            .collect()
    }

    /// What the tasks of a group hold, of those that live and are to live on.
    pub async fn holdings_of_group(
        &mut self,
        home: &Home,
        cluster: &str,
        group: &str,
    ) -> Result<Vec<Holding>, Fault> {
        let sql = holdings_where(
            " AND t.account = $1 AND t.region = $2 AND t.cluster = $3 AND t.task_group = $4 \
             ORDER BY t.created_at, h.task, h.container, h.name",
        );
        self.fetch_all(sql, args![&home.account, &home.region, cluster, group])
            .await?
            .iter()
            .map(Holding::read)
            .collect()
    }

    /// Who of them holds this secret or parameter.
    pub async fn holdings_of(&mut self, arn: &str) -> Result<Vec<Holding>, Fault> {
        let sql =
            holdings_where(" AND h.arn = $1 ORDER BY t.created_at, h.task, h.container, h.name");
        self.fetch_all(sql, args![arn])
            .await?
            .iter()
            .map(Holding::read)
            .collect()
    }
}

fn holdings_where(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{HOLDINGS}{rest}"))
}
