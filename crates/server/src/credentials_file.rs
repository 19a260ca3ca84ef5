//! The file that holds root users' access keys: made at the first start, beside the root key, for its owner alone.
//!
//! It has the form of the AWS command line's own `credentials` file, so that a person can point
//! `AWS_SHARED_CREDENTIALS_FILE` at it: the first account's key is the profile `default`, that of another account the
//! profile named by the account's id.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use domain::identity::AccessKey;
use types::{AccountId, SecretValue};
use zeroize::Zeroizing;

/// The profile of the first account.
pub const DEFAULT: &str = "default";

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const ACCOUNT: &str = "aws_account_id";

/// Why the file with the root users' access keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsFileError {
    #[error("cannot use the credentials file `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the profile `{profile}` of the credentials file `{path}` holds no aws_access_key_id and aws_secret_access_key; \
         restore it, or make a new key with `sealift account rotate-keys`"
    )]
    Malformed { path: PathBuf, profile: String },
}

/// The file, read into memory.
pub struct CredentialsFile {
    path: PathBuf,
    text: SecretValue,
}

impl CredentialsFile {
    /// Reads the file; one that is not there is empty.
    pub fn read(path: &Path) -> Result<Self, CredentialsFileError> {
        let text = match fs::read(path) {
            Ok(bytes) => SecretValue::from(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => SecretValue::default(),
            Err(source) => return Err(failed(path, source)),
        };
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    /// The key of a profile, if there is such a profile.
    pub fn key(&self, profile: &str) -> Result<Option<AccessKey>, CredentialsFileError> {
        let malformed = || CredentialsFileError::Malformed {
            path: self.path.clone(),
            profile: profile.to_owned(),
        };
        let text = self.text.expose_secret_str().ok_or_else(malformed)?;
        let mut lines = Vec::new();
        let mut found = false;
        for (section, line) in sections(text) {
            if section == Some(profile) {
                found = true;
                lines.push(line);
            }
        }
        if !found {
            return Ok(None);
        }
        match (value(&lines, ID), value(&lines, SECRET)) {
            (Some(id), Some(secret)) => Ok(Some(AccessKey {
                id: id.to_owned(),
                secret: SecretValue::from(secret),
            })),
            _ => Err(malformed()),
        }
    }

    /// The profile of an account: the one of its id, else the default one if it says that it is this account's.
    pub fn profile_of(&self, account: &AccountId) -> Option<&str> {
        let text = self.text.expose_secret_str()?;
        let own =
            sections(text).find_map(|(section, _)| section.filter(|s| *s == account.as_str()));
        own.or_else(|| {
            let default: Vec<&str> = sections(text)
                .filter(|(section, _)| *section == Some(DEFAULT))
                .map(|(_, line)| line)
                .collect();
            (value(&default, ACCOUNT)? == account.as_str()).then_some(DEFAULT)
        })
    }

    /// Puts the key into its profile, whatever was there, and waits until the file is on disk. A crash leaves the old
    /// file or the new one.
    pub fn put(
        &mut self,
        profile: &str,
        account: &AccountId,
        key: &AccessKey,
    ) -> Result<(), CredentialsFileError> {
        let mut text = Zeroizing::new(Vec::with_capacity(self.text.len() + 1024));
        let old = self.text.expose_secret_str().unwrap_or_default();
        for (_, line) in sections(old).filter(|(section, _)| *section != Some(profile)) {
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        for part in [
            b"[",
            profile.as_bytes(),
            b"]\n",
            ACCOUNT.as_bytes(),
            b" = ",
            account.as_str().as_bytes(),
            b"\n",
            ID.as_bytes(),
            b" = ",
            key.id.as_bytes(),
            b"\n",
            SECRET.as_bytes(),
            b" = ",
            key.secret.expose_secret(),
            b"\n",
        ] {
            text.extend_from_slice(part);
        }
        write(&self.path, &text).map_err(|source| failed(&self.path, source))?;
        self.text = SecretValue::from(std::mem::take(&mut *text));
        Ok(())
    }
}

fn failed(path: &Path, source: io::Error) -> CredentialsFileError {
    CredentialsFileError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Every line with the section it stands in; a section's own line stands in it.
fn sections(text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut section = None;
    text.lines().map(move |line| {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = Some(name.trim());
        }
        (section, line)
    })
}

fn value<'t>(lines: &[&'t str], name: &str) -> Option<&'t str> {
    lines.iter().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name && !value.trim().is_empty()).then(|| value.trim())
    })
}

/// Replaces the file in one step.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let dir = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use types::SeededEntropy;

    use super::*;

    fn account(id: &str) -> AccountId {
        id.parse().unwrap()
    }

    #[test]
    fn keys_are_read_back_as_written_and_only_their_owner_can_read_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config/credentials");
        let mut file = CredentialsFile::read(&path).unwrap();
        assert!(file.key(DEFAULT).unwrap().is_none());

        let entropy = SeededEntropy::new(7);
        let generate = |id| AccessKey::generate(&account(id), &entropy);
        let (first, other) = (generate("111111111111"), generate("222222222222"));
        file.put(DEFAULT, &account("111111111111"), &first).unwrap();
        file.put("222222222222", &account("222222222222"), &other)
            .unwrap();
        file.put(DEFAULT, &account("111111111111"), &first).unwrap();

        let again = CredentialsFile::read(&path).unwrap();
        for (profile, key) in [(DEFAULT, &first), ("222222222222", &other)] {
            let read = again.key(profile).unwrap().unwrap();
            assert_eq!((read.id.len(), &read.id), (20, &key.id));
            assert!(read.secret == key.secret);
        }
        assert_eq!(again.profile_of(&account("111111111111")), Some(DEFAULT));
        assert_eq!(
            again.profile_of(&account("222222222222")),
            Some("222222222222")
        );
        assert_eq!(again.profile_of(&account("333333333333")), None);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("[default]").count(), 1, "{text}");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_a_person_added_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials");
        fs::write(&path, "# mine\n[work]\naws_access_key_id = X\n").unwrap();
        let key = AccessKey::generate(&account("111111111111"), &SeededEntropy::new(7));
        let mut file = CredentialsFile::read(&path).unwrap();
        file.put(DEFAULT, &account("111111111111"), &key).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\n[work]\naws_access_key_id = X\n[default]\n"));
    }

    #[test]
    fn a_profile_without_a_key_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials");
        fs::write(&path, "[default]\n").unwrap();
        let file = CredentialsFile::read(&path).unwrap();
        let error = file.key(DEFAULT).err().unwrap().to_string();
        assert!(error.contains("holds no aws_access_key_id"), "{error}");
    }
}
