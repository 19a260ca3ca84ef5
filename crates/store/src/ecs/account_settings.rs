//! Account settings, of one principal each.

use types::Fault;

use super::Home;
use crate::{Session, args};

impl Session {
    /// What the principal has set, by name.
    pub async fn account_settings(
        &mut self,
        home: &Home,
        principal: &str,
    ) -> Result<Vec<(String, String)>, Fault> {
        self.fetch_all(
            "SELECT name, value FROM ecs_account_settings WHERE account = $1 AND region = $2 AND principal = $3 ORDER BY name",
            args![&home.account, &home.region, principal],
        )
        .await?
        .iter()
        .map(|row| Ok((row.text("name")?, row.text("value")?)))
        .collect()
    }

    /// Sets it, whatever it was before.
    pub async fn set_account_setting(
        &mut self,
        home: &Home,
        principal: &str,
        name: &str,
        value: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ecs_account_settings (account, region, principal, name, value) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account, region, principal, name) DO UPDATE SET value = excluded.value",
            args![&home.account, &home.region, principal, name, value],
        )
        .await
        .map(|_| ())
    }

    /// Forgets it, where it was set.
    pub async fn delete_account_setting(
        &mut self,
        home: &Home,
        principal: &str,
        name: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM ecs_account_settings WHERE account = $1 AND region = $2 AND principal = $3 AND name = $4",
            args![&home.account, &home.region, principal, name],
        )
        .await
        .map(|_| ())
    }
}
