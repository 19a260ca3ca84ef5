//! Opening a database: its address, what can be wrong with it, and its connections.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use sqlx::{
    AnyConnection, ConnectOptions as _,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use crate::{
    dialect::Dialect,
    error::StoreError,
    migrations,
    read_model::ReadModel,
    session::{Inner, Store},
    writer::Writer,
};

/// How to open a store.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The most connections that read at once.
    pub readers: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { readers: 8 }
    }
}

impl Store {
    /// Opens the database at `sqlite:<path>` or `postgres://…`, makes it where SQLite's file is not there yet, and
    /// brings its schema up to date.
    pub async fn open(url: &str, options: OpenOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let address = Address::parse(url)?;
        if let Address::Sqlite(path) = &address {
            probe(path)?;
        }
        let dialect = address.dialect();
        let place = address.place();
        let name = server_name();
        let connect = address.connect_options(&name)?;

        let mut connection = connect_writer(dialect, &connect)
            .await
            .map_err(|e| address.refusal(e))?;
        migrations::apply(&mut connection, dialect, &place).await?;

        let readers = AnyPoolOptions::new()
            .max_connections(options.readers)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(dialect == Dialect::Postgres)
            .after_connect(move |connection, _| {
                Box::pin(set_up(connection, dialect.reader_setup()))
            })
            .connect_with(connect.clone())
            .await
            .map_err(|e| address.refusal(e))?;

        let read_model = Arc::new(ReadModel::default());
        let writer = Writer::start(
            dialect,
            connect.clone(),
            connection,
            Arc::clone(&read_model),
        );
        Ok(Self {
            inner: Arc::new(Inner {
                dialect,
                readers,
                writer,
                read_model,
                statements: AtomicU64::new(0),
                connect,
                name,
            }),
        })
    }
}

/// What the connections of all servers begin their name with.
pub(crate) const SERVER_NAMES: &str = "sealift-";

/// What PostgreSQL knows this server's connections by.
fn server_name() -> String {
    let entropy: &dyn types::Entropy = &types::OsEntropy;
    format!("{SERVER_NAMES}{}", entropy.hex::<8>())
}

/// Opens the connection that writes.
pub(crate) async fn connect_writer(
    dialect: Dialect,
    options: &AnyConnectOptions,
) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    set_up(&mut connection, dialect.writer_setup()).await?;
    Ok(connection)
}

async fn set_up(
    connection: &mut AnyConnection,
    statements: &'static [&'static str],
) -> Result<(), sqlx::Error> {
    for statement in statements {
        sqlx::raw_sql(*statement).execute(&mut *connection).await?;
    }
    Ok(())
}

enum Address {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Address {
    fn parse(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url
            .strip_prefix("sqlite:")
            .map(|rest| rest.strip_prefix("//").unwrap_or(rest))
            .ok_or_else(|| StoreError::Address(scheme_only(url)))?;
        match path {
            "" => Err(StoreError::Address(url.to_owned())),
            ":memory:" => Err(StoreError::InMemory),
            path => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }

    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What error texts call the database. A PostgreSQL address may hold a password, so it is not repeated.
    fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(_) => "the PostgreSQL database".to_owned(),
        }
    }

    fn connect_options(&self, name: &str) -> Result<AnyConnectOptions, StoreError> {
        let text = match self {
            Self::Sqlite(path) => format!("sqlite://{}?mode=rwc", escape(path)),
            Self::Postgres(url) => {
                let separator = if url.contains('?') { '&' } else { '?' };
                format!("{url}{separator}application_name={name}")
            }
        };
        let options: AnyConnectOptions = text
            .parse()
            .map_err(|_| StoreError::Address(scheme_only(&text)))?;
        // Statements are our own text, but what a library logs is not ours to vouch for.
        Ok(options.disable_statement_logging())
    }

    /// The clear sentence for a connection that could not be made.
    fn refusal(&self, error: sqlx::Error) -> StoreError {
        match self {
            Self::Sqlite(_) => StoreError::from_database(&self.place(), error),
            Self::Postgres(_) => StoreError::Unreachable(error),
        }
    }
}

/// Opens the file as SQLite will, which gives a better reason when it cannot; makes it, for its owner alone, where it
/// is not there.
fn probe(path: &Path) -> Result<(), StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(StoreError::MissingDirectory(directory.to_owned()));
    }
    if path.is_dir() {
        return Err(StoreError::IsDirectory(path.to_owned()));
    }
    let not_writable = |error: io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StoreError::DiskFull(path.display().to_string())
        }
        _ => StoreError::NotWritable {
            path: path.to_owned(),
            reason: error.to_string(),
        },
    };
    let mut file = std::fs::OpenOptions::new();
    file.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map_err(not_writable)?;
    Ok(())
}

/// A path as part of a URL: what has a meaning there is percent-encoded.
fn escape(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => {
                // Writing to a String does not fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

/// The part of a refused address that can be repeated: never what may hold a password.
fn scheme_only(url: &str) -> String {
    url.split_once(':')
        .map_or_else(|| url.to_owned(), |(scheme, _)| format!("{scheme}:…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_or_a_server() {
        assert!(
            matches!(Address::parse("sqlite:/a b/s.db"), Ok(Address::Sqlite(p)) if p == Path::new("/a b/s.db"))
        );
        assert!(
            matches!(Address::parse("sqlite://rel.db"), Ok(Address::Sqlite(p)) if p == Path::new("rel.db"))
        );
        assert!(matches!(
            Address::parse("postgres://u@h/d"),
            Ok(Address::Postgres(_))
        ));
        assert!(matches!(
            Address::parse("sqlite::memory:"),
            Err(StoreError::InMemory)
        ));
    }

    #[test]
    fn a_refused_address_does_not_repeat_its_password() {
        let refusal =
            |url| match Address::parse(url).and_then(|a| a.connect_options("x").map(|_| ())) {
                Err(error) => error.to_string(),
                Ok(()) => String::new(),
            };
        assert!(refusal("mysql://u:hunter2@h/d").contains("mysql:…"));
        assert!(!refusal("mysql://u:hunter2@h/d").contains("hunter2"));
        assert!(!refusal("postgres://u:hunter2@h:x/d").contains("hunter2"));
    }
}
