//! Reading and writing the root key at the one place that the operator chose for it.

use std::{
    env,
    path::{Path, PathBuf},
};

use crypto::RootKey;
use types::{Entropy, SecretValue};

use super::{KmsKey, RootKeyError, envelope, file};

/// The environment variable that may hold the root key's line, for places where a file is the harder thing to give.
pub const VARIABLE: &str = "SEALIFT_ROOT_KEY";

/// Where the root key is kept.
#[derive(Debug, Clone)]
pub enum RootKeySource {
    Environment,
    File(PathBuf),
    /// A file that a KMS key on AWS encrypts.
    Kms {
        file: PathBuf,
        key: KmsKey,
    },
}

impl RootKeySource {
    /// The environment where it has a root key, else the file, which is an envelope where a KMS key is named.
    pub fn choose(file: PathBuf, kms: Option<KmsKey>) -> Result<Self, RootKeyError> {
        match (env::var_os(VARIABLE).is_some(), kms) {
            (true, Some(_)) => Err(RootKeyError::Ambiguous),
            (true, None) => Ok(Self::Environment),
            (false, Some(key)) => Ok(Self::Kms { file, key }),
            (false, None) => Ok(Self::File(file)),
        }
    }

    /// The root key. A missing file is made, unless the database exists already: a new key would not open anything in it.
    pub async fn load(
        &self,
        database_exists: bool,
        entropy: &dyn Entropy,
    ) -> Result<RootKey, RootKeyError> {
        let path = match self {
            Self::Environment => {
                return parse(&from_environment(), || {
                    format!("the environment variable {VARIABLE}")
                });
            }
            Self::File(path) | Self::Kms { file: path, .. } => path,
        };
        match file::read(path)? {
            Some(line) => self.parse_line(path, &line).await,
            None if database_exists => Err(RootKeyError::Missing(path.clone())),
            None => {
                let key = RootKey::generate(entropy);
                // On disk before anything is sealed under it: what is sealed must not outlive the key.
                file::create(path, &self.to_line(&key).await?)?;
                Ok(key)
            }
        }
    }

    async fn parse_line(&self, path: &Path, line: &SecretValue) -> Result<RootKey, RootKeyError> {
        let place = || format!("the root key file `{}`", path.display());
        let sealed = envelope::read(line).map_err(|_| RootKeyError::Envelope(path.to_owned()))?;
        match (self, sealed) {
            (Self::Kms { key, .. }, Some(sealed)) => parse(&key.decrypt(&sealed).await?, place),
            (Self::Kms { .. }, None) => {
                tracing::warn!(
                    file = %path.display(),
                    "the root key lies in clear; `sealift operator rotate-root-key` puts one in its place that the KMS key encrypts"
                );
                parse(line, place)
            }
            (_, Some(_)) => Err(RootKeyError::Enveloped(path.to_owned())),
            (_, None) => parse(line, place),
        }
    }

    /// The line that holds a root key at this place.
    pub async fn to_line(&self, key: &RootKey) -> Result<SecretValue, RootKeyError> {
        match self {
            Self::Environment | Self::File(_) => Ok(key.to_text()),
            Self::Kms { key: kms, .. } => Ok(envelope::write(&kms.encrypt(&key.to_text()).await?)),
        }
    }

    /// Puts another root key's line in the place of the one that is there. Says where that one is kept, for backups that
    /// are under it.
    pub fn replace(
        &self,
        line: &SecretValue,
        former_fingerprint: &str,
    ) -> Result<PathBuf, RootKeyError> {
        match self {
            Self::Environment => Err(RootKeyError::Environment),
            Self::File(path) | Self::Kms { file: path, .. } => {
                file::replace(path, line, former_fingerprint)
            }
        }
    }
}

/// Writes a root key's line into a new file, for the operator to take it from there.
pub(crate) fn write_new(path: &Path, line: &SecretValue) -> Result<(), RootKeyError> {
    file::create(path, line)
}

fn from_environment() -> SecretValue {
    use std::os::unix::ffi::OsStringExt as _;
    SecretValue::from(env::var_os(VARIABLE).unwrap_or_default().into_vec())
}

fn parse(line: &SecretValue, place: impl Fn() -> String) -> Result<RootKey, RootKeyError> {
    RootKey::parse(line).map_err(|source| RootKeyError::Malformed {
        place: place(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use types::SeededEntropy;

    use super::*;

    async fn load(path: &Path, database_exists: bool) -> Result<RootKey, RootKeyError> {
        let source = RootKeySource::File(path.to_owned());
        source.load(database_exists, &SeededEntropy::new(5)).await
    }

    fn put(path: &Path, text: &str, mode: u32) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[tokio::test]
    async fn the_first_start_makes_a_file_that_only_its_owner_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config/sealift/root.key");

        let made = load(&path, false).await.unwrap();

        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        let again = load(&path, true).await.unwrap();
        assert_eq!(again.fingerprint(), made.fingerprint());
    }

    #[tokio::test]
    async fn a_missing_file_is_refused_once_there_is_a_database() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let error = load(&path, true).await.err().unwrap();
        assert!(matches!(error, RootKeyError::Missing(_)), "{error}");
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        load(&path, false).await.unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = load(&path, true).await.err().unwrap();
        assert!(error.to_string().contains("mode 0640"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_holds_no_key_is_refused_without_repeating_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        put(&path, "hunter2", 0o600);
        let error = load(&path, true).await.err().unwrap().to_string();
        assert!(error.contains("must begin with"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn an_envelope_wants_its_kms_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let line = envelope::write(b"sealed");
        put(&path, line.expose_secret_str().unwrap(), 0o600);
        let error = load(&path, true).await.err().unwrap().to_string();
        assert!(error.contains("--root-key-kms-key"), "{error}");
    }

    #[tokio::test]
    async fn a_directory_is_no_root_key() {
        let dir = tempfile::tempdir().unwrap();
        let error = load(dir.path(), false).await.err().unwrap();
        assert!(matches!(error, RootKeyError::NotAFile(_)), "{error}");
    }

    #[tokio::test]
    async fn a_replaced_key_is_kept_beside_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let old = load(&path, false).await.unwrap();
        let new = RootKey::generate(&SeededEntropy::new(6));
        let source = RootKeySource::File(path.clone());
        let line = source.to_line(&new).await.unwrap();

        // Twice, as after a crash in between.
        for _ in 0..2 {
            let former = source.replace(&line, old.fingerprint()).unwrap();
            let kept = load(&former, true).await.unwrap();
            assert_eq!(kept.fingerprint(), old.fingerprint());
        }
        assert_eq!(
            load(&path, true).await.unwrap().fingerprint(),
            new.fingerprint()
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
