//! The store and its sessions: what every row method is written on.

use std::sync::Arc;

use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, SqlSafeStr, pool::PoolConnection};
use types::Fault;

use crate::{
    dialect::Dialect,
    exclusive::Exclusive,
    row::{Arg, Row, bind},
    writer::{Turn, Writer, WriterCounters},
};

/// An open database. Cheap to clone; all clones share one pool of readers and one writer.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) dialect: Dialect,
    pub(crate) readers: AnyPool,
    pub(crate) writer: Writer,
}

impl Store {
    /// A session that reads what is committed. Each statement sees one moment; it can change nothing.
    pub async fn read(&self) -> Result<Session, Fault> {
        let connection = self.inner.readers.acquire().await.map_err(Fault::new)?;
        Ok(self.session(Access::Read(connection)))
    }

    /// A session that writes. Waits for its turn on the one connection that writes; what it does is undone unless it
    /// is committed. Whoever holds one must not wait for a second.
    pub async fn write(&self) -> Result<Session, Fault> {
        let turn = self.inner.writer.turn().await?;
        Ok(self.session(Access::Write(turn)))
    }

    fn session(&self, access: Access) -> Session {
        Session {
            dialect: self.inner.dialect,
            writes: matches!(access, Access::Write(_)),
            access: Exclusive::new(access),
            failed: false,
        }
    }

    /// How many writes were answered, and how many flushes they took together.
    pub fn counters(&self) -> WriterCounters {
        self.inner.writer.counters()
    }

    /// Waits for the writes under way, then closes every connection.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close().await;
    }
}

/// A connection for the length of one request or job. The row methods of each group of tables are in its own module.
pub struct Session {
    dialect: Dialect,
    access: Exclusive<Access>,
    writes: bool,
    /// A statement failed or was cut short. PostgreSQL takes nothing more after that and SQLite may have kept half, so
    /// the session can only be rolled back.
    failed: bool,
}

enum Access {
    Read(PoolConnection<Any>),
    Write(Turn),
}

/// A write session had a failed statement, yet was used on.
#[derive(Debug, thiserror::Error)]
#[error("a statement of this session failed before; it can only be rolled back")]
struct SessionFailed;

impl Session {
    /// Whether what is done here can be kept.
    pub fn is_write(&self) -> bool {
        self.writes
    }

    /// Keeps what was done. Returns when it is on the disk, in a flush shared with the writes of the same moment.
    pub async fn commit(self) -> Result<(), Fault> {
        match self.access.into_inner() {
            Access::Read(_) => Ok(()),
            Access::Write(turn) if self.failed => {
                turn.rollback();
                Err(Fault::new(SessionFailed))
            }
            Access::Write(turn) => turn.commit().await,
        }
    }

    /// Undoes what was done. Dropping a session does the same.
    pub fn rollback(self) {
        if let Access::Write(turn) = self.access.into_inner() {
            turn.rollback();
        }
    }

    /// Every row of the answer.
    pub async fn fetch_all(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, Fault> {
        let query = sqlx::query_with(sql, bind(args)?);
        let rows = query.fetch_all(self.begin()?).await;
        Ok(self.end(rows)?.into_iter().map(Row).collect())
    }

    /// The first row of the answer, if there is one. Also for `INSERT … RETURNING`.
    pub async fn fetch_optional(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, Fault> {
        let query = sqlx::query_with(sql, bind(args)?);
        let row = query.fetch_optional(self.begin()?).await;
        Ok(self.end(row)?.map(Row))
    }

    /// The one row of the answer; no row is a fault. For counts and the like.
    pub async fn fetch_one(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Row, Fault> {
        let query = sqlx::query_with(sql, bind(args)?);
        let row = query.fetch_one(self.begin()?).await;
        Ok(Row(self.end(row)?))
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64, Fault> {
        let query = sqlx::query_with(sql, bind(args)?);
        let done = query.execute(self.begin()?).await;
        Ok(self.end(done)?.rows_affected())
    }

    /// As [`fetch_optional`](Self::fetch_optional), and in a write session the row stays as it is until the end: no
    /// other server on the same PostgreSQL database changes it between this read and the write that follows from it.
    pub async fn fetch_optional_locked(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, Fault> {
        let sql = self.locking(sql);
        self.fetch_optional(sql, args).await
    }

    /// As [`fetch_all`](Self::fetch_all), with the rows kept as [`fetch_optional_locked`](Self::fetch_optional_locked)
    /// keeps its one.
    pub async fn fetch_all_locked(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, Fault> {
        let sql = self.locking(sql);
        self.fetch_all(sql, args).await
    }

    fn locking(&self, sql: &'static str) -> sqlx::SqlStr {
        match self.dialect.row_lock() {
            "" => sql.into_sql_str(),
            _ if !self.is_write() => sql.into_sql_str(),
            lock => AssertSqlSafe(format!("{sql}{lock}")).into_sql_str(),
        }
    }

    /// The connection, marked as failed until [`end`](Self::end) has seen the outcome: a statement whose future is
    /// dropped half-way counts as failed too.
    fn begin(&mut self) -> Result<&mut AnyConnection, Fault> {
        match self.access.get_mut() {
            Access::Read(connection) => Ok(connection),
            Access::Write(_) if self.failed => Err(Fault::new(SessionFailed)),
            Access::Write(turn) => {
                self.failed = true;
                turn.connection()
            }
        }
    }

    fn end<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, Fault> {
        let value = outcome.map_err(Fault::new)?;
        self.failed = false;
        Ok(value)
    }
}
