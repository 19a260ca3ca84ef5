//! The root user's first access key: made at the first start, kept in a file beside the root key.
//!
//! The file has the form of the AWS command line's own `credentials` file, so that a person can point
//! `AWS_SHARED_CREDENTIALS_FILE` at it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use types::{Entropy, SecretValue};

/// An access key id and its secret half.
#[derive(Clone)]
pub struct AccessKey {
    pub id: String,
    pub secret: SecretValue,
}

/// Why the file with the root user's access key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsFileError {
    #[error("cannot use the credentials file `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the credentials file `{path}` holds no aws_access_key_id and aws_secret_access_key; restore it or remove it"
    )]
    Malformed { path: PathBuf },
}

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

impl AccessKey {
    /// A new key pair in AWS's form: `AKIA…`, 20 characters, and 40 characters of secret.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let id = format!(
            "AKIA{}",
            entropy.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
        );
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        Self {
            id,
            secret: SecretValue::from(entropy.text(alphabet, 40)),
        }
    }

    /// Reads the key of the file, if there is one.
    pub fn read(path: &Path) -> Result<Option<Self>, CredentialsFileError> {
        let text = match fs::read(path) {
            Ok(bytes) => SecretValue::from(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(CredentialsFileError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let malformed = || CredentialsFileError::Malformed {
            path: path.to_owned(),
        };
        let text = text.expose_secret_str().ok_or_else(malformed)?;
        let value = |name: &str| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == name && !value.trim().is_empty()).then(|| value.trim())
            })
        };
        match (value(ID), value(SECRET)) {
            (Some(id), Some(secret)) => Ok(Some(Self {
                id: id.to_owned(),
                secret: SecretValue::from(secret),
            })),
            _ => Err(malformed()),
        }
    }

    /// Writes the key to a file that did not exist, for its owner alone, and waits until it is on disk.
    pub fn write(&self, path: &Path) -> Result<(), CredentialsFileError> {
        let io = |source| CredentialsFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        let head = [
            b"[default]\n",
            ID.as_bytes(),
            b" = ",
            self.id.as_bytes(),
            b"\n",
            SECRET.as_bytes(),
            b" = ",
        ];
        for part in head.into_iter().chain([self.secret.expose_secret(), b"\n"]) {
            file.write_all(part).map_err(io)?;
        }
        file.sync_all().map_err(io)?;
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    #[test]
    fn the_key_is_read_back_as_written_and_only_its_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials");
        assert!(AccessKey::read(&path).unwrap().is_none());

        let key = AccessKey::generate(&SeededEntropy::new(7));
        key.write(&path).unwrap();

        let again = AccessKey::read(&path).unwrap().unwrap();
        assert_eq!((again.id.len(), again.id), (20, key.id));
        assert!(again.secret == key.secret);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_file_without_a_key_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials");
        fs::write(&path, "[default]\n").unwrap();
        let error = AccessKey::read(&path).err().unwrap().to_string();
        assert!(error.contains("holds no aws_access_key_id"), "{error}");
    }
}
