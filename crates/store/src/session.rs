//! The store and its sessions: what every row method is written on.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, SqlSafeStr, SqlStr, any::AnyConnectOptions,
    pool::PoolConnection,
};
use types::Fault;

use crate::{
    dialect::Dialect,
    exclusive::Exclusive,
    open::SERVER_NAMES,
    read_model::{ReadModel, Stamp},
    row::{Arg, Row, bind},
    tables::TableSet,
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
    pub(crate) read_model: Arc<ReadModel>,
    pub(crate) statements: AtomicU64,
    /// For connections beside the pool and the writer.
    pub(crate) connect: AnyConnectOptions,
    /// What PostgreSQL knows this server's connections by.
    pub(crate) name: String,
}

impl Store {
    /// A session that reads what is committed. Each statement sees one moment; it can change nothing.
    ///
    /// What was read before and has not changed since is not asked of the database again.
    pub async fn read(&self) -> Result<Session, Fault> {
        if self.inner.readers.is_closed() {
            return Err(Fault::new(sqlx::Error::PoolClosed));
        }
        let mut reader = Reader {
            inner: Arc::clone(&self.inner),
            connection: None,
            snapshot: None,
        };
        if let Some(sql) = self.inner.dialect.snapshot() {
            reader.look(sql).await?;
        }
        Ok(self.session(Access::Read(reader)))
    }

    /// A session that writes. Waits for its turn on the one connection that writes; what it does is undone unless it
    /// is committed. Whoever holds one must not wait for a second.
    pub async fn write(&self) -> Result<Session, Fault> {
        let turn = self.inner.writer.turn().await?;
        Ok(self.session(Access::Write(turn)))
    }

    fn session(&self, access: Access) -> Session {
        Session {
            inner: Arc::clone(&self.inner),
            writes: matches!(access, Access::Write(_)),
            access: Exclusive::new(access),
            failed: false,
            changed: TableSet::default(),
        }
    }

    /// How many statements the database was asked, by sessions of either kind.
    pub fn statements(&self) -> u64 {
        self.inner.statements.load(Ordering::Relaxed)
    }

    /// How many writes were answered, and how many flushes they took together.
    pub fn counters(&self) -> WriterCounters {
        self.inner.writer.counters()
    }

    /// Has what was deleted before leave the disk too, as far as the database has means for it.
    pub async fn wipe_deleted(&self) -> Result<(), Fault> {
        self.inner.writer.wipe().await
    }

    /// Waits for the writes under way, then closes every connection.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close().await;
    }
}

/// A connection for the length of one request or job. The row methods of each group of tables are in its own module.
pub struct Session {
    inner: Arc<Inner>,
    access: Exclusive<Access>,
    writes: bool,
    /// A statement failed or was cut short. PostgreSQL takes nothing more after that and SQLite may have kept half, so
    /// the session can only be rolled back.
    failed: bool,
    /// What a commit of this session changes.
    changed: TableSet,
}

enum Access {
    Read(Reader),
    Write(Turn),
}

/// A session that reads. It takes a connection when it first needs one.
struct Reader {
    inner: Arc<Inner>,
    connection: Option<PoolConnection<Any>>,
    /// On PostgreSQL, what the session saw when it began.
    snapshot: Option<Stamp>,
}

/// A write session had a failed statement, yet was used on.
#[derive(Debug, thiserror::Error)]
#[error("a statement of this session failed before; it can only be rolled back")]
struct SessionFailed;

/// A session that reads was asked to write.
#[derive(Debug, thiserror::Error)]
#[error("this session can only read")]
struct ReadOnly;

impl Session {
    /// Whether what is done here can be kept.
    pub fn is_write(&self) -> bool {
        self.writes
    }

    /// How many connections other servers have to this database; SQLite never has another server.
    pub async fn other_servers(&mut self) -> Result<i64, Fault> {
        if self.inner.dialect == Dialect::Sqlite {
            return Ok(0);
        }
        let (all, own) = (format!("{SERVER_NAMES}%"), self.inner.name.clone());
        self.fetch_one(
            "SELECT COUNT(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE $1 AND application_name <> $2",
            crate::args![all, own],
        )
        .await?
        .int("count")
    }

    /// Keeps what was done. Returns when it is on the disk, in a flush shared with the writes of the same moment.
    pub async fn commit(self) -> Result<(), Fault> {
        match self.access.into_inner() {
            Access::Read(_) => Ok(()),
            Access::Write(turn) if self.failed => {
                turn.rollback();
                Err(Fault::new(SessionFailed))
            }
            Access::Write(turn) => turn.commit(self.changed).await,
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
        let sql = sql.into_sql_str();
        match self.access.get_mut() {
            Access::Read(reader) => Ok(reader.fetch(sql, args).await?.to_vec()),
            Access::Write(_) => {
                let query = sqlx::query_with(self.asking(sql), bind(args)?);
                let rows = query.fetch_all(self.begin()?).await;
                Ok(self.end(rows)?.into_iter().map(Row::from).collect())
            }
        }
    }

    /// The first row of the answer, if there is one. Also for `INSERT … RETURNING`.
    pub async fn fetch_optional(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, Fault> {
        let sql = sql.into_sql_str();
        match self.access.get_mut() {
            Access::Read(reader) => Ok(reader.fetch(sql, args).await?.first().cloned()),
            Access::Write(_) => {
                let query = sqlx::query_with(self.asking(sql), bind(args)?);
                let row = query.fetch_optional(self.begin()?).await;
                Ok(self.end(row)?.map(Row::from))
            }
        }
    }

    /// The one row of the answer; no row is a fault. For counts and the like.
    pub async fn fetch_one(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Row, Fault> {
        let row = self.fetch_optional(sql, args).await?;
        row.ok_or_else(|| Fault::new(sqlx::Error::RowNotFound))
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64, Fault> {
        let query = sqlx::query_with(self.asking(sql.into_sql_str()), bind(args)?);
        let done = query.execute(self.begin()?).await;
        Ok(self.end(done)?.rows_affected())
    }

    /// As [`fetch_optional`](Self::fetch_optional), and in a write session the row stays as it is until the end: no
    /// other server on the same PostgreSQL database changes it between this read and the write that follows from it.
    pub async fn fetch_optional_locked(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, Fault> {
        let sql = self.locking(sql);
        self.fetch_optional(sql, args).await
    }

    /// As [`fetch_all`](Self::fetch_all), with the rows kept as [`fetch_optional_locked`](Self::fetch_optional_locked)
    /// keeps its one.
    pub async fn fetch_all_locked(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, Fault> {
        let sql = self.locking(sql);
        self.fetch_all(sql, args).await
    }

    fn locking(&self, sql: impl SqlSafeStr) -> SqlStr {
        let sql = sql.into_sql_str();
        match self.inner.dialect.row_lock() {
            "" => sql,
            _ if !self.is_write() => sql,
            lock => AssertSqlSafe(format!("{}{lock}", sql.as_str())).into_sql_str(),
        }
    }

    /// Notes what the statement may change.
    fn asking(&mut self, sql: SqlStr) -> SqlStr {
        self.inner.statements.fetch_add(1, Ordering::Relaxed);
        self.changed = self.changed.with(TableSet::changed_by(sql.as_str()));
        sql
    }

    /// The writing connection, marked as failed until [`end`](Self::end) has seen the outcome: a statement whose future
    /// is dropped half-way counts as failed too.
    fn begin(&mut self) -> Result<&mut AnyConnection, Fault> {
        match self.access.get_mut() {
            Access::Read(_) => Err(Fault::new(ReadOnly)),
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

impl Reader {
    /// Learns which transactions this session sees.
    async fn look(&mut self, sql: &'static str) -> Result<(), Fault> {
        let rows = self.ask(sql.into_sql_str(), Vec::new()).await?;
        let row = rows
            .first()
            .ok_or_else(|| Fault::new(sqlx::Error::RowNotFound))?;
        let snapshot = row.text("snapshot")?;
        self.snapshot = Some(self.inner.read_model.stamp_of_snapshot(snapshot));
        Ok(())
    }

    /// The rows of the answer, from the read model where it has them.
    async fn fetch(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Arc<[Row]>, Fault> {
        let inner = Arc::clone(&self.inner);
        let model = &inner.read_model;
        let stamp = self
            .snapshot
            .unwrap_or_else(|| model.stamp_of(sql.as_str()));
        if let Some(rows) = model.get(sql.as_str(), &args, stamp) {
            return Ok(rows);
        }
        let rows = self.ask(sql.clone(), args.clone()).await?;
        model.put(sql.as_str(), args, stamp, &rows);
        Ok(rows)
    }

    async fn ask(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Arc<[Row]>, Fault> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let connection = self.inner.readers.acquire().await.map_err(Fault::new)?;
                none.insert(connection)
            }
        };
        self.inner.statements.fetch_add(1, Ordering::Relaxed);
        let query = sqlx::query_with(sql, bind(args)?);
        let rows = query
            .fetch_all(&mut **connection)
            .await
            .map_err(Fault::new)?;
        Ok(rows.into_iter().map(Row::from).collect())
    }
}
