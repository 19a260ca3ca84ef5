//! Aliases of accounts: each account has one at most, and no two have the same.

use types::{AccountId, Fault};

use crate::{Session, args};

impl Session {
    /// The alias of an account.
    pub async fn account_alias(&mut self, account: &AccountId) -> Result<Option<String>, Fault> {
        self.fetch_optional(
            "SELECT alias FROM account_aliases WHERE account = $1",
            args![account],
        )
        .await?
        .map(|row| row.text("alias"))
        .transpose()
    }

    /// Gives an account an alias in place of an earlier one; false where another account has it.
    pub async fn set_account_alias(
        &mut self,
        account: &AccountId,
        alias: &str,
    ) -> Result<bool, Fault> {
        let sql = "SELECT account FROM account_aliases WHERE alias = $1 AND account <> $2";
        if self
            .fetch_optional(sql, args![alias, account])
            .await?
            .is_some()
        {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO account_aliases (account, alias) VALUES ($1, $2)
             ON CONFLICT (account) DO UPDATE SET alias = excluded.alias",
            args![account, alias],
        )
        .await?;
        Ok(true)
    }

    /// Takes an alias from its account; false where the account has no such alias.
    pub async fn delete_account_alias(
        &mut self,
        account: &AccountId,
        alias: &str,
    ) -> Result<bool, Fault> {
        let sql = "DELETE FROM account_aliases WHERE account = $1 AND alias = $2";
        Ok(self.execute(sql, args![account, alias]).await? > 0)
    }
}
