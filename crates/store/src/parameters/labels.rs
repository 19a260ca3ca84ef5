//! Labels: each is on at most one version of a parameter.

use types::Fault;

use super::ParameterKey;
use crate::{Session, args};

impl Session {
    /// Every label of a parameter with the version that has it, in the order of labels.
    pub async fn parameter_labels(
        &mut self,
        key: ParameterKey<'_>,
    ) -> Result<Vec<(String, i64)>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT label, version FROM parameter_labels
                 WHERE account = $1 AND region = $2 AND path = $3 ORDER BY label",
                args![key.account, key.region, key.path],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.text("label")?, row.int("version")?)))
            .collect()
    }

    /// Puts a label on a version, and takes it from the one that had it.
    pub async fn set_parameter_label(
        &mut self,
        key: ParameterKey<'_>,
        label: &str,
        version: i64,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO parameter_labels (account, region, path, label, version) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, region, path, label) DO UPDATE SET version = excluded.version",
            args![key.account, key.region, key.path, label, version],
        )
        .await?;
        Ok(())
    }

    /// Takes a label from a version; false where that version does not have it.
    pub async fn remove_parameter_label(
        &mut self,
        key: ParameterKey<'_>,
        label: &str,
        version: i64,
    ) -> Result<bool, Fault> {
        let removed = self
            .execute(
                "DELETE FROM parameter_labels
                 WHERE account = $1 AND region = $2 AND path = $3 AND label = $4 AND version = $5",
                args![key.account, key.region, key.path, label, version],
            )
            .await?;
        Ok(removed > 0)
    }
}
