//! Task definitions and their families.

use types::{Fault, Timestamp};

use super::Home;
use crate::{Row, Session, args};

/// One revision of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinitionRow {
    pub family: String,
    pub revision: i64,
    pub status: String,
    pub definition: String,
    pub tags: String,
    pub registered_by: String,
    pub registered_at: Timestamp,
    pub deregistered_at: Option<Timestamp>,
}

/// Which families are meant: those with an active revision, those without, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyFilter {
    Active,
    Inactive,
    All,
}

impl TaskDefinitionRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            family: row.text("family")?,
            revision: row.int("revision")?,
            status: row.text("status")?,
            definition: row.text("definition")?,
            tags: row.text("tags")?,
            registered_by: row.text("registered_by")?,
            registered_at: row.timestamp("registered_at")?,
            deregistered_at: row.opt_timestamp("deregistered_at")?,
        })
    }
}

impl Session {
    /// One revision, active or not.
    pub async fn task_definition(
        &mut self,
        home: &Home,
        family: &str,
        revision: i64,
    ) -> Result<Option<TaskDefinitionRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_task_definitions \
             WHERE account = $1 AND region = $2 AND family = $3 AND revision = $4",
            args![&home.account, &home.region, family, revision],
        )
        .await?
        .as_ref()
        .map(TaskDefinitionRow::read)
        .transpose()
    }

    /// The latest active revision of a family.
    pub async fn latest_task_definition(
        &mut self,
        home: &Home,
        family: &str,
    ) -> Result<Option<TaskDefinitionRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM ecs_task_definitions \
             WHERE account = $1 AND region = $2 AND family = $3 AND status = 'ACTIVE' \
             ORDER BY revision DESC LIMIT 1",
            args![&home.account, &home.region, family],
        )
        .await?
        .as_ref()
        .map(TaskDefinitionRow::read)
        .transpose()
    }

    /// The number of the family's next revision. Numbers are not used again.
    pub async fn next_revision(&mut self, home: &Home, family: &str) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT COALESCE(MAX(revision), 0) + 1 AS next FROM ecs_task_definitions \
             WHERE account = $1 AND region = $2 AND family = $3",
            args![&home.account, &home.region, family],
        )
        .await?
        .int("next")
    }

    pub async fn insert_task_definition(
        &mut self,
        home: &Home,
        row: &TaskDefinitionRow,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_task_definitions (account, region, family, revision, status, definition, tags, \
             registered_by, registered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![
                &home.account,
                &home.region,
                &row.family,
                row.revision,
                &row.status,
                &row.definition,
                &row.tags,
                &row.registered_by,
                row.registered_at,
            ],
        )
        .await?;
        Ok(())
    }

    pub async fn set_task_definition_tags(
        &mut self,
        home: &Home,
        family: &str,
        revision: i64,
        tags: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_task_definitions SET tags = $5 \
             WHERE account = $1 AND region = $2 AND family = $3 AND revision = $4",
            args![&home.account, &home.region, family, revision, tags],
        )
        .await?;
        Ok(())
    }

    pub async fn deregister_task_definition(
        &mut self,
        home: &Home,
        family: &str,
        revision: i64,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE ecs_task_definitions SET status = 'INACTIVE', deregistered_at = $5 \
             WHERE account = $1 AND region = $2 AND family = $3 AND revision = $4",
            args![&home.account, &home.region, family, revision, now],
        )
        .await?;
        Ok(())
    }

    /// Family and revision of the revisions with this status, of one family or of all, in ascending order.
    pub async fn task_definition_names(
        &mut self,
        home: &Home,
        family: Option<&str>,
        status: &str,
    ) -> Result<Vec<(String, i64)>, Fault> {
        self.fetch_all(
            "SELECT family, revision FROM ecs_task_definitions \
             WHERE account = $1 AND region = $2 AND status = $3 AND ($4 = '' OR family = $4) \
             ORDER BY family, revision",
            args![&home.account, &home.region, status, family.unwrap_or("")],
        )
        .await?
        .iter()
        .map(|row| Ok((row.text("family")?, row.int("revision")?)))
        .collect()
    }

    /// The names of families, in order.
    pub async fn task_definition_families(
        &mut self,
        home: &Home,
        filter: FamilyFilter,
    ) -> Result<Vec<String>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT family, MAX(CASE WHEN status = 'ACTIVE' THEN 1 ELSE 0 END) AS active \
                 FROM ecs_task_definitions WHERE account = $1 AND region = $2 GROUP BY family ORDER BY family",
                args![&home.account, &home.region],
            )
            .await?;
        let mut families = Vec::new();
        for row in rows {
            // A literal may come back as a narrow integer, which reads as 64 bits all the same.
            let fits = match filter {
                FamilyFilter::All => true,
                FamilyFilter::Active => row.bool("active")?,
                FamilyFilter::Inactive => !row.bool("active")?,
            };
            if fits {
                families.push(row.text("family")?);
            }
        }
        Ok(families)
    }
}
