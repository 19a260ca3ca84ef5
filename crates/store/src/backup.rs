//! A copy of the database while it is in use.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions as _, Connection as _};

use crate::{Store, dialect::Dialect};

/// Why there is no copy. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(
        "this server keeps its data in PostgreSQL; back it up with pg_dump, which gives a consistent copy while servers run"
    )]
    Postgres,
    #[error("`{}` is there already; a backup never replaces a file, so name another one", .0.display())]
    Exists(PathBuf),
    #[error("the name of the backup file `{}` must be UTF-8", .0.display())]
    Name(PathBuf),
    #[error("cannot write the backup `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot copy the database to `{}`", path.display())]
    Copy {
        path: PathBuf,
        #[source]
        source: sqlx::Error,
    },
}

impl Store {
    /// Copies the whole database into a new file that only its owner can read: everything that was answered before this
    /// call, and nothing in halves. Readers and writers go on.
    pub async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        if self.inner.dialect == Dialect::Postgres {
            return Err(BackupError::Postgres);
        }
        let name = file
            .to_str()
            .ok_or_else(|| BackupError::Name(file.to_owned()))?;
        create(file)?;
        let outcome = self.copy_into(name).await;
        let outcome = outcome.map_err(|source| BackupError::Copy {
            path: file.to_owned(),
            source,
        });
        let outcome = outcome.and_then(|()| {
            flush(file).map_err(|source| BackupError::Write {
                path: file.to_owned(),
                source,
            })
        });
        if outcome.is_err() {
            // Half a copy would only be mistaken for a whole one. That it cannot be removed either is no news.
            let _ = fs::remove_file(file);
        }
        outcome
    }

    /// SQLite writes into an empty file that is there already, and so keeps its mode.
    async fn copy_into(&self, file: &str) -> Result<(), sqlx::Error> {
        let mut connection = self.inner.connect.connect().await?;
        let copied = sqlx::query("VACUUM INTO $1")
            .bind(file)
            .execute(&mut connection)
            .await;
        connection.close().await?;
        copied.map(drop)
    }
}

fn create(file: &Path) -> Result<(), BackupError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists(file.to_owned()))
        }
        Err(source) => Err(BackupError::Write {
            path: file.to_owned(),
            source,
        }),
    }
}

fn flush(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    let directory = file.parent().filter(|parent| *parent != Path::new(""));
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OpenOptions, testing};

    #[tokio::test]
    async fn a_copy_holds_what_was_written_before_it_and_only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let store = testing::sqlite(directory.path()).await;
        let mut session = store.write().await.unwrap();
        session.set_meta("colour", "blue").await.unwrap();
        session.commit().await.unwrap();
        // Somebody is in the middle of a write.
        let mut open = store.write().await.unwrap();
        open.set_meta("colour", "red").await.unwrap();

        let file = directory.path().join("it's a backup");
        store.backup(&file).await.unwrap();

        open.commit().await.unwrap();
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let url = format!("sqlite:{}", file.display());
        let copy = Store::open(&url, OpenOptions::default()).await.unwrap();
        let meta = copy.read().await.unwrap().meta("colour").await.unwrap();
        assert_eq!(meta.as_deref(), Some("blue"));
    }

    #[tokio::test]
    async fn a_backup_never_replaces_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let store = testing::sqlite(directory.path()).await;
        let file = directory.path().join("taken");
        fs::write(&file, "precious").unwrap();
        let refused = store.backup(&file).await;
        assert!(matches!(refused, Err(BackupError::Exists(_))));
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
        let nowhere = store.backup(&directory.path().join("no/such/place")).await;
        assert!(matches!(nowhere, Err(BackupError::Write { .. })));
    }

    #[tokio::test]
    async fn postgresql_has_a_tool_of_its_own() {
        let Some(database) = testing::Postgres::create().await else {
            return;
        };
        let store = database.open().await;
        let refused = store.backup(Path::new("/tmp/never-written")).await;
        assert!(refused.unwrap_err().to_string().contains("pg_dump"));
        database.drop_after(store).await;
    }

    #[tokio::test]
    async fn a_server_sees_that_another_one_is_connected() {
        let Some(database) = testing::Postgres::create().await else {
            return;
        };
        let store = database.open().await;
        assert_eq!(
            store.write().await.unwrap().other_servers().await.unwrap(),
            0
        );
        let other = database.open().await;
        assert!(store.write().await.unwrap().other_servers().await.unwrap() > 0);
        other.close().await;
        database.drop_after(store).await;
    }
}
