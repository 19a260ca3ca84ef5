//! What an account has set for Parameter Store.

use types::{AccountId, Fault, Region, Timestamp};

use crate::{Session, args};

/// A setting that an account has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    pub modified: Timestamp,
    pub modified_by: String,
}

impl Session {
    /// A setting, where it was changed.
    pub async fn ssm_setting(
        &mut self,
        account: &AccountId,
        region: &Region,
        setting_id: &str,
    ) -> Result<Option<Setting>, Fault> {
        let row = self
            .fetch_optional(
                "SELECT value, modified_at, modified_by FROM ssm_settings
                 WHERE account = $1 AND region = $2 AND setting_id = $3",
                args![account, region, setting_id],
            )
            .await?;
        row.map(|row| {
            Ok(Setting {
                value: row.text("value")?,
                modified: row.timestamp("modified_at")?,
                modified_by: row.text("modified_by")?,
            })
        })
        .transpose()
    }

    /// Changes a setting.
    pub async fn set_ssm_setting(
        &mut self,
        account: &AccountId,
        region: &Region,
        setting_id: &str,
        setting: &Setting,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ssm_settings (account, region, setting_id, value, modified_at, modified_by)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, region, setting_id) DO UPDATE
             SET value = excluded.value, modified_at = excluded.modified_at, modified_by = excluded.modified_by",
            args![
                account,
                region,
                setting_id,
                &setting.value,
                setting.modified,
                &setting.modified_by
            ],
        )
        .await?;
        Ok(())
    }

    /// Gives a setting its default again.
    pub async fn reset_ssm_setting(
        &mut self,
        account: &AccountId,
        region: &Region,
        setting_id: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM ssm_settings WHERE account = $1 AND region = $2 AND setting_id = $3",
            args![account, region, setting_id],
        )
        .await?;
        Ok(())
    }
}
