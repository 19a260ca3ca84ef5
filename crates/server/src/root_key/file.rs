//! The file of the root key: for its owner alone, written as a whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use types::SecretValue;

use super::RootKeyError;

/// More than a root key or its envelope ever has.
const MAX_LEN: usize = 16 * 1024;

/// The line in the file; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<SecretValue>, RootKeyError> {
    match File::open(path) {
        Ok(file) => read_opened(file, path).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RootKeyError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Checks and reads one opened file, so that nobody can exchange it in between.
fn read_opened(file: File, path: &Path) -> Result<SecretValue, RootKeyError> {
    let read_error = |source| RootKeyError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = file.metadata().map_err(read_error)?;
    if !metadata.is_file() {
        return Err(RootKeyError::NotAFile(path.to_owned()));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RootKeyError::Permissions {
            path: path.to_owned(),
            mode,
        });
    }
    let owner = metadata.uid();
    if owner != 0 && own_uid().is_some_and(|own| own != owner) {
        return Err(RootKeyError::Owner {
            path: path.to_owned(),
            owner,
        });
    }
    // Room for all of it at once: a growing buffer would leave parts of the key behind.
    let mut line = Vec::with_capacity(MAX_LEN + 1);
    file.take(MAX_LEN as u64)
        .read_to_end(&mut line)
        .map_err(read_error)?;
    Ok(SecretValue::from(line))
}

/// Writes a file that did not exist, and waits until file and name are on disk.
pub(super) fn create(path: &Path, line: &SecretValue) -> Result<(), RootKeyError> {
    write(path, line).map_err(|source| RootKeyError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Puts another line in the place of the file's, at one stroke. The former file stays, under another name.
pub(super) fn replace(
    path: &Path,
    line: &SecretValue,
    former_fingerprint: &str,
) -> Result<PathBuf, RootKeyError> {
    let with_suffix = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let short: String = former_fingerprint.chars().take(8).collect();
    let (new, former) = (
        with_suffix(".new"),
        with_suffix(&format!(".former-{short}")),
    );
    let replaced = || -> io::Result<()> {
        // What an earlier attempt left was never in use.
        ignoring(ErrorKind::NotFound, fs::remove_file(&new))?;
        write(&new, line)?;
        ignoring(ErrorKind::AlreadyExists, fs::hard_link(path, &former))?;
        fs::rename(&new, path)?;
        File::open(directory(path))?.sync_all()
    };
    replaced().map_err(|source| RootKeyError::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok(former)
}

fn ignoring(kind: ErrorKind, outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| {
        if error.kind() == kind {
            Ok(())
        } else {
            Err(error)
        }
    })
}

fn write(path: &Path, line: &SecretValue) -> io::Result<()> {
    let directory = directory(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(line.expose_secret())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    File::open(directory)?.sync_all()
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The user this process runs as, where the system tells through `/proc`.
fn own_uid() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|process| process.uid())
}
