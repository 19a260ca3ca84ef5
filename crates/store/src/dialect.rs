//! The few places where SQLite and PostgreSQL want different words.

/// Which database is behind the one SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The column type of bytes, for `{{BYTES}}` in migrations.
    pub(crate) fn bytes_type(self) -> &'static str {
        match self {
            Self::Sqlite => "BLOB",
            Self::Postgres => "BYTEA",
        }
    }

    /// The column type of text that is sorted and searched by prefix, for `{{SORTED_TEXT}}` in migrations: by its bytes,
    /// whatever language the database was made for.
    pub(crate) fn sorted_text_type(self) -> &'static str {
        match self {
            Self::Sqlite => "TEXT",
            Self::Postgres => "TEXT COLLATE \"C\"",
        }
    }

    /// Opens the writer's transaction. SQLite takes its write lock at once, so that no later statement can fail for it.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// What a SELECT ends with whose rows must not change under the writer. SQLite has one writer anyway.
    pub(crate) fn row_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Prepares the connection that writes: an answered commit is on the disk.
    pub(crate) fn writer_setup(self) -> &'static [&'static str] {
        match self {
            // `secure_delete` overwrites what was deleted, so that old ciphertext leaves the file.
            Self::Sqlite => &[
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA foreign_keys = ON",
                "PRAGMA secure_delete = ON",
                "PRAGMA busy_timeout = 10000",
            ],
            Self::Postgres => &["SET synchronous_commit = on"],
        }
    }

    /// Has what was overwritten leave the disk. SQLite's journal keeps older pages until it is emptied; PostgreSQL keeps
    /// dead rows until its own vacuum comes.
    pub(crate) fn wipe(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("PRAGMA wal_checkpoint(TRUNCATE)"),
            Self::Postgres => None,
        }
    }

    /// Prepares a connection of the pool that reads, and can do nothing else.
    pub(crate) fn reader_setup(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["PRAGMA query_only = ON", "PRAGMA busy_timeout = 10000"],
            Self::Postgres => &["SET default_transaction_read_only = on"],
        }
    }

    /// Asks which transactions a reader sees, where other servers write too.
    pub(crate) fn snapshot(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT CAST(pg_current_snapshot() AS TEXT) AS snapshot"),
        }
    }

    /// Keeps two servers that start at once from migrating one database together; released with the transaction.
    pub(crate) fn migration_lock(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(7235421)"),
        }
    }
}
