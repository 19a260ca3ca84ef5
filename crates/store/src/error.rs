//! Why a store does not open, in sentences for the person who starts the server.

use std::path::PathBuf;

/// The database cannot be used. Each text names what is wrong and the way out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "`{0}` is no database address; use `sqlite:<path>` or `postgres://<user>@<host>/<database>`"
    )]
    Address(String),
    #[error("an in-memory database would lose what was answered; name a file: `sqlite:<path>`")]
    InMemory,
    #[error("the directory `{}` does not exist; create it, or name another database file", .0.display())]
    MissingDirectory(PathBuf),
    #[error("the database path `{}` is a directory; name a file in it", .0.display())]
    IsDirectory(PathBuf),
    #[error(
        "the database file `{}` cannot be written: {reason}; make the file and its directory writable for the user who starts the server", path.display()
    )]
    NotWritable { path: PathBuf, reason: String },
    #[error("the disk under `{0}` is full; free some space and start again")]
    DiskFull(String),
    #[error(
        "`{0}` is not a database, or is damaged; restore it from a backup, or name another file"
    )]
    NotADatabase(String),
    #[error("another process holds the database `{0}`; stop it first")]
    Busy(String),
    #[error(
        "the database was written by a newer release (schema {found}, this release knows {known}); start that release, or restore a backup from before the upgrade"
    )]
    NewerSchema { found: i64, known: i64 },
    #[error(
        "the root key does not belong to this database; give the root key file that was made with it, since nothing in it can be read without"
    )]
    WrongRootKey,
    #[error("the database server cannot be used; check its address and that it runs")]
    Unreachable(#[source] sqlx::Error),
    #[error(
        "the database schema could not be brought to version {version}; the database is unchanged"
    )]
    Migration {
        version: i64,
        #[source]
        source: sqlx::Error,
    },
    #[error("the root key could not be compared with the one of the database")]
    Claim(#[source] types::Fault),
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Finds the clear sentence for what the database said of `place`.
    pub(crate) fn from_database(place: &str, error: sqlx::Error) -> Self {
        match sqlite_code(&error) {
            Some(SQLITE_FULL) => Self::DiskFull(place.to_owned()),
            Some(SQLITE_NOTADB | SQLITE_CORRUPT) => Self::NotADatabase(place.to_owned()),
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy(place.to_owned()),
            Some(SQLITE_READONLY | SQLITE_CANTOPEN | SQLITE_PERM) => Self::NotWritable {
                path: PathBuf::from(place),
                reason: error.to_string(),
            },
            _ => Self::Database(error),
        }
    }
}

const SQLITE_PERM: u32 = 3;
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_NOTADB: u32 = 26;

/// The primary result code of SQLite, the low byte of the extended one. PostgreSQL's codes are five characters and
/// never small numbers.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    if code.len() == 5 {
        return None;
    }
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
