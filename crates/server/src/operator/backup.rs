//! `Backup`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use store::BackupError;
use types::Fault;

use super::{Command, Operator, Refusal};

/// Copies the database into a new file, while the server serves.
#[derive(Debug, Serialize, Deserialize)]
pub struct Backup {
    /// Absolute: the server's working directory is not the operator's.
    pub file: PathBuf,
}

/// A copy that was made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BackedUp {
    pub file: PathBuf,
    pub bytes: u64,
    /// The root key that the copy wants, as its fingerprint tells it from others.
    pub root_key_fingerprint: String,
}

impl Command for Backup {
    const NAME: &'static str = "Backup";
    type Answer = BackedUp;

    fn subject(&self) -> String {
        self.file.display().to_string()
    }

    async fn run(self, operator: &Operator) -> Result<BackedUp, Refusal> {
        let world = &operator.world;
        if !self.file.is_absolute() {
            return Err(Refusal::told("name the backup file by its absolute path"));
        }
        world
            .store
            .backup(&self.file)
            .await
            .map_err(|error| match error {
                BackupError::Copy { .. } => Refusal::Fault(Fault::new(error)),
                other => Refusal::told(other.to_string()),
            })?;
        let bytes = std::fs::metadata(&self.file).map_err(Fault::new)?.len();
        Ok(BackedUp {
            file: self.file,
            bytes,
            root_key_fingerprint: world.root_key.current().fingerprint().to_owned(),
        })
    }
}
