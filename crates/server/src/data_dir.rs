//! The data directory: one process at a time.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use types::Entropy;

/// The data directory, held by this process until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the data directory cannot be used. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error(
        "cannot make the data directory `{path}`: {source}; name a writable one with --data-dir"
    )]
    Create { path: PathBuf, source: io::Error },
    #[error(
        "cannot write in the data directory `{path}`: {source}; name a writable one with --data-dir"
    )]
    NotWritable { path: PathBuf, source: io::Error },
    #[error(
        "another sealift process uses the data directory `{path}`; stop it first, or name another with --data-dir"
    )]
    InUse { path: PathBuf },
}

impl DataDir {
    /// Makes the directory where it is missing (for its owner alone) and takes its lock.
    pub fn take(path: &Path) -> Result<Self, DataDirError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| DataDirError::Create {
                path: path.to_owned(),
                source,
            })?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(|source| DataDirError::NotWritable {
                path: path.to_owned(),
                source,
            })?;
        // The kernel lets go of the lock when the process ends, however it ends.
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(fs::TryLockError::WouldBlock) => Err(DataDirError::InUse {
                path: path.to_owned(),
            }),
            Err(fs::TryLockError::Error(source)) => Err(DataDirError::NotWritable {
                path: path.to_owned(),
                source,
            }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A name for the server of this directory that no other server has, the same after a restart.
    pub fn server_id(&self, entropy: &dyn Entropy) -> Result<String, DataDirError> {
        let path = self.path.join("server-id");
        match fs::read_to_string(&path) {
            Ok(id) if !id.is_empty() => Ok(id),
            _ => {
                let id = entropy.hex::<16>();
                fs::write(&path, &id).map_err(|source| DataDirError::NotWritable {
                    path: self.path.clone(),
                    source,
                })?;
                Ok(id)
            }
        }
    }

    /// Where a running server leaves the address it serves, for the commands that look for it.
    pub fn endpoint_file(&self) -> PathBuf {
        endpoint_file(&self.path)
    }
}

/// The file in a data directory that names the endpoint of the server that runs on it.
pub fn endpoint_file(data_dir: &Path) -> PathBuf {
    data_dir.join("endpoint")
}

/// Whether a process holds the data directory now. Looking does not take it.
pub fn is_in_use(data_dir: &Path) -> bool {
    let Ok(lock) = OpenOptions::new().write(true).open(data_dir.join("lock")) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_that_the_directory_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let held = DataDir::take(&path).unwrap();
        assert!(matches!(
            DataDir::take(&path),
            Err(DataDirError::InUse { .. })
        ));
        drop(held);
        assert!(DataDir::take(&path).is_ok());
    }
}
