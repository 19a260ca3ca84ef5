//! Where the root key comes from: its file, or the environment.
//!
//! Its form is `crypto`'s business; here it is read, refused when others could have read it too, and made at the first
//! start.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crypto::{ParseRootKeyError, RootKey};
use types::{Entropy, SecretValue};

/// The environment variable that may hold the root key's line, for places where a file is the harder thing to give.
pub const VARIABLE: &str = "SEALIFT_ROOT_KEY";

/// More than a root key ever has.
const MAX_LEN: usize = 4096;

/// Why there is no root key. The texts say what to do, and nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    #[error(
        "the root key file `{}` is missing, but the database exists already and cannot be read without it; \
         restore the file, or name it with --root-key-file", .0.display()
    )]
    Missing(PathBuf),
    #[error("cannot read the root key file `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot make the root key file `{}`: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("the root key file `{}` is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error(
        "others may read or change the root key file `{}` (mode {mode:04o}); run `chmod 600` on it, and make a new \
         key if anyone had the chance", path.display()
    )]
    Permissions { path: PathBuf, mode: u32 },
    #[error(
        "the root key file `{}` belongs to another user (uid {owner}); give it to the user who runs sealift", path.display()
    )]
    Owner { path: PathBuf, owner: u32 },
    #[error("{place}: {source}")]
    Malformed {
        place: String,
        source: ParseRootKeyError,
    },
}

/// The root key's line from the environment, if it is there.
pub fn from_environment() -> Option<SecretValue> {
    use std::os::unix::ffi::OsStringExt as _;
    env::var_os(VARIABLE).map(|line| SecretValue::from(line.into_vec()))
}

/// The root key: the line from the environment where there is one, else the file's. A missing file is made, unless the
/// database exists already: a new key would not open anything in it.
pub fn load(
    environment: Option<&SecretValue>,
    path: &Path,
    database_exists: bool,
    entropy: &dyn Entropy,
) -> Result<RootKey, RootKeyError> {
    if let Some(line) = environment {
        return parse(line, || format!("the environment variable {VARIABLE}"));
    }
    match File::open(path) {
        Ok(file) => read(file, path),
        Err(error) if error.kind() == io::ErrorKind::NotFound && database_exists => {
            Err(RootKeyError::Missing(path.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, entropy),
        Err(source) => Err(RootKeyError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn parse(line: &SecretValue, place: impl Fn() -> String) -> Result<RootKey, RootKeyError> {
    RootKey::parse(line).map_err(|source| RootKeyError::Malformed {
        place: place(),
        source,
    })
}

/// Checks and reads one opened file, so that nobody can exchange it in between.
fn read(file: File, path: &Path) -> Result<RootKey, RootKeyError> {
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
    parse(&SecretValue::from(line), || {
        format!("the root key file `{}`", path.display())
    })
}

/// Makes a new key in a file that did not exist, and waits until file and name are on disk: what is sealed under the
/// key must not outlive it.
fn create(path: &Path, entropy: &dyn Entropy) -> Result<RootKey, RootKeyError> {
    let key = RootKey::generate(entropy);
    let text = key.to_text();
    let written = || -> io::Result<()> {
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.expose_secret())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        File::open(directory)?.sync_all()
    };
    written().map_err(|source| RootKeyError::Create {
        path: path.to_owned(),
        source,
    })?;
    Ok(key)
}

/// The user this process runs as, where the system tells through `/proc`.
fn own_uid() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|process| process.uid())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use types::SeededEntropy;

    use super::*;

    fn load_file(path: &Path, database_exists: bool) -> Result<RootKey, RootKeyError> {
        load(None, path, database_exists, &SeededEntropy::new(5))
    }

    #[test]
    fn the_first_start_makes_a_file_that_only_its_owner_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config/sealift/root.key");

        let made = load_file(&path, false).unwrap();

        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = load_file(&path, true).unwrap();
        assert_eq!(again.fingerprint(), made.fingerprint());
    }

    #[test]
    fn a_missing_file_is_refused_once_there_is_a_database() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let error = load_file(&path, true).err().unwrap();
        assert!(matches!(error, RootKeyError::Missing(_)), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        load_file(&path, false).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_file(&path, true).err().unwrap();
        assert!(error.to_string().contains("mode 0640"), "{error}");
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_without_repeating_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        fs::write(&path, "hunter2").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = load_file(&path, true).err().unwrap().to_string();
        assert!(error.contains("must begin with"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_directory_is_no_root_key() {
        let dir = tempfile::tempdir().unwrap();
        let error = load_file(dir.path(), false).err().unwrap();
        assert!(matches!(error, RootKeyError::NotAFile(_)), "{error}");
    }

    #[test]
    fn the_environment_comes_first_and_no_file_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let key = RootKey::generate(&SeededEntropy::new(1));
        let loaded = load(Some(&key.to_text()), &path, false, &SeededEntropy::new(2)).unwrap();
        assert_eq!(loaded.fingerprint(), key.fingerprint());
        assert!(!path.exists());

        let error = load(
            Some(&SecretValue::from("x")),
            &path,
            false,
            &SeededEntropy::new(2),
        );
        let error = error.err().unwrap().to_string();
        assert!(error.contains(VARIABLE), "{error}");
    }
}
