//! The schema, step by step. A step that was released is never edited; a change is a new one.

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::{dialect::Dialect, error::StoreError};

/// Every step in order: its number, and its statements, with `{{BYTES}}` and `{{SORTED_TEXT}}` for the types that have
/// other names in the other database.
const STEPS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_core.sql")),
    (2, include_str!("../migrations/0002_iam.sql")),
    (3, include_str!("../migrations/0003_kms.sql")),
    (4, include_str!("../migrations/0004_secrets.sql")),
    (5, include_str!("../migrations/0005_parameters.sql")),
    (6, include_str!("../migrations/0006_ecs.sql")),
    (7, include_str!("../migrations/0007_iam.sql")),
    (8, include_str!("../migrations/0008_accounts.sql")),
    (9, include_str!("../migrations/0009_secrets.sql")),
    (10, include_str!("../migrations/0010_rotation.sql")),
    (11, include_str!("../migrations/0011_parameters.sql")),
    (12, include_str!("../migrations/0012_kms.sql")),
    (13, include_str!("../migrations/0013_ecr.sql")),
    (14, include_str!("../migrations/0014_logs.sql")),
    (16, include_str!("../migrations/0016_services.sql")),
    (17, include_str!("../migrations/0017_held_secrets.sql")),
    (18, include_str!("../migrations/0018_s3.sql")),
    (19, include_str!("../migrations/0019_task_lifecycle.sql")),
    (
        20,
        include_str!("../migrations/0020_service_deployments.sql"),
    ),
    (21, include_str!("../migrations/0021_account_settings.sql")),
];

/// The text of every step, in order.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|(_, text)| *text)
}

/// Applies what is not applied yet, each step in a transaction of its own. Refuses a schema from a newer release.
pub(crate) async fn apply(
    connection: &mut AnyConnection,
    dialect: Dialect,
    place: &str,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_database(place, error);
    list_steps(connection, dialect).await.map_err(failed)?;
    let known = STEPS.last().map_or(0, |(version, _)| *version);
    let found = applied(connection).await.map_err(failed)?;
    if let Some(found) = found.into_iter().max().filter(|found| *found > known) {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, text) in STEPS {
        let step = step(connection, dialect, *version, text).await;
        step.map_err(|source| match StoreError::from_database(place, source) {
            StoreError::Database(source) => StoreError::Migration {
                version: *version,
                source,
            },
            clear => clear,
        })?;
    }
    Ok(())
}

/// Makes the list of applied steps, where it is not there yet.
async fn list_steps(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    begin(connection, dialect).await?;
    let table = "CREATE TABLE IF NOT EXISTS schema_steps (version BIGINT NOT NULL PRIMARY KEY)";
    let outcome = execute(connection, table).await;
    end(connection, outcome).await
}

async fn step(
    connection: &mut AnyConnection,
    dialect: Dialect,
    version: i64,
    text: &str,
) -> Result<(), sqlx::Error> {
    begin(connection, dialect).await?;
    let outcome = step_in_transaction(connection, dialect, version, text).await;
    end(connection, outcome).await
}

/// Begins a transaction in which no other server changes the schema.
async fn begin(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    execute(connection, dialect.begin()).await?;
    match dialect.migration_lock() {
        Some(lock) => execute(connection, lock).await,
        None => Ok(()),
    }
}

async fn end(
    connection: &mut AnyConnection,
    outcome: Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    let end = if outcome.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    let ended = execute(connection, end).await;
    // What went wrong first says more than a rollback that went wrong after it.
    outcome.and(ended)
}

async fn step_in_transaction(
    connection: &mut AnyConnection,
    dialect: Dialect,
    version: i64,
    text: &str,
) -> Result<(), sqlx::Error> {
    // Looked at under the lock: another server may have been here first.
    if applied(connection).await?.contains(&version) {
        return Ok(());
    }
    let text = text
        .replace("{{BYTES}}", dialect.bytes_type())
        .replace("{{SORTED_TEXT}}", dialect.sorted_text_type());
    sqlx::raw_sql(AssertSqlSafe(text))
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO schema_steps (version) VALUES ($1)")
        .bind(version)
        .execute(connection)
        .await?;
    Ok(())
}

async fn applied(connection: &mut AnyConnection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query("SELECT version FROM schema_steps")
        .fetch_all(connection)
        .await?
        .iter()
        .map(|row| row.try_get("version"))
        .collect()
}

async fn execute(connection: &mut AnyConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(connection).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use crate::{OpenOptions, Store};

    #[tokio::test]
    async fn two_servers_that_start_at_once_migrate_one_database_together() {
        let Some(database) = crate::testing::Postgres::create().await else {
            return;
        };
        let url = database.url();
        let open = || Store::open(&url, OpenOptions { readers: 2 });
        let (one, two) = futures::join!(open(), open());
        two.unwrap().close().await;
        database.drop_after(one.unwrap()).await;
    }

    #[test]
    fn steps_are_in_order_and_each_number_comes_once() {
        assert!(super::STEPS.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
