//! A fresh database for each test, on SQLite and, where `TEST_POSTGRES_URL` names a server, on PostgreSQL.

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use types::{Entropy, OsEntropy};

use crate::{OpenOptions, Store};

/// Writes each test once and runs it on both databases:
///
/// ```ignore
/// on_both_databases! {
///     async fn a_row_is_read_back(store: Store) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($store:ident: Store) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every test needs what is around it")]
            use super::*;

            async fn body($store: $crate::Store) $body

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let directory = tempfile::tempdir().unwrap();
                body($crate::testing::sqlite(directory.path()).await).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let Some(database) = $crate::testing::Postgres::create().await else { return };
                let store = database.open().await;
                body(store.clone()).await;
                database.drop_after(store).await;
            }
        }
    )*};
}

pub(crate) async fn sqlite(directory: &std::path::Path) -> Store {
    let url = format!("sqlite:{}", directory.join("test.db").display());
    Store::open(&url, OpenOptions::default()).await.unwrap()
}

/// A database of its own on the server that `TEST_POSTGRES_URL` names.
pub(crate) struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    /// `None` where no server is named.
    pub(crate) async fn create() -> Option<Self> {
        let server = std::env::var("TEST_POSTGRES_URL").ok()?;
        let entropy: &dyn Entropy = &OsEntropy;
        let name = format!("sealift_test_{}", entropy.hex::<8>());
        let database = Self { server, name };
        database
            .on_server(&format!("CREATE DATABASE {}", database.name))
            .await;
        Some(database)
    }

    pub(crate) fn url(&self) -> String {
        let (base, query) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (server, _) = base.rsplit_once('/').unwrap();
        format!("{server}/{}?{query}", self.name)
    }

    pub(crate) async fn open(&self) -> Store {
        let options = OpenOptions { readers: 4 };
        Store::open(&self.url(), options).await.unwrap()
    }

    pub(crate) async fn drop_after(self, store: Store) {
        store.close().await;
        self.on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await;
    }

    async fn on_server(&self, sql: &str) {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}
