//! Long-term access keys.

use types::{AccountId, Fault, Timestamp};

use crate::{Row, Session, args};

/// An access key of a user, or of an account's root user.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeyRow {
    /// `AKIA…`
    pub id: String,
    pub account: AccountId,
    /// `None` for the root user.
    pub user_id: Option<String>,
    /// The secret half, sealed.
    pub sealed_secret: Vec<u8>,
    pub active: bool,
    pub created: Timestamp,
}

impl AccessKeyRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("id")?,
            account: row.parse("account")?,
            user_id: row.opt_text("user_id")?,
            sealed_secret: row.bytes("secret")?,
            active: row.bool("active")?,
            created: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// Adds an access key; false where the id is taken.
    pub async fn insert_access_key(&mut self, key: &AccessKeyRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO access_keys (id, account, user_id, secret, active, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                args![
                    &key.id,
                    &key.account,
                    key.user_id.as_deref(),
                    &key.sealed_secret,
                    key.active,
                    key.created,
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// The access key of this id, with the generation of its account.
    pub async fn access_key(&mut self, id: &str) -> Result<Option<(AccessKeyRow, i64)>, Fault> {
        self.fetch_optional(
            "SELECT access_keys.*, accounts.generation
             FROM access_keys JOIN accounts ON accounts.id = access_keys.account WHERE access_keys.id = $1",
            args![id],
        )
        .await?
        .map(|row| Ok((AccessKeyRow::from_row(&row)?, row.int("generation")?)))
        .transpose()
    }

    /// The access keys of a user, or those of the account's root user, oldest first.
    pub async fn access_keys_of(
        &mut self,
        account: &AccountId,
        user_id: Option<&str>,
    ) -> Result<Vec<AccessKeyRow>, Fault> {
        let rows = if let Some(user) = user_id {
            let sql = "SELECT * FROM access_keys WHERE account = $1 AND user_id = $2 ORDER BY created_at, id";
            self.fetch_all(sql, args![account, user]).await?
        } else {
            let sql = "SELECT * FROM access_keys WHERE account = $1 AND user_id IS NULL ORDER BY created_at, id";
            self.fetch_all(sql, args![account]).await?
        };
        rows.iter().map(AccessKeyRow::from_row).collect()
    }

    /// Makes a key usable, or not.
    pub async fn set_access_key_active(&mut self, id: &str, active: bool) -> Result<(), Fault> {
        self.execute(
            "UPDATE access_keys SET active = $2 WHERE id = $1",
            args![id, active],
        )
        .await?;
        Ok(())
    }

    /// Ends an access key for good: its id never comes back.
    pub async fn end_access_key(&mut self, id: &str, now: Timestamp) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO ended_access_keys (id, account, ended_at)
             SELECT id, account, $2 FROM access_keys WHERE id = $1 ON CONFLICT DO NOTHING",
            args![id, now],
        )
        .await?;
        self.delete_access_key(id).await
    }

    /// Whether a key of this id was ended.
    pub async fn is_access_key_ended(&mut self, id: &str) -> Result<bool, Fault> {
        let row = self
            .fetch_optional("SELECT id FROM ended_access_keys WHERE id = $1", args![id])
            .await?;
        Ok(row.is_some())
    }

    /// Removes an access key that may come back.
    pub async fn delete_access_key(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM access_keys WHERE id = $1", args![id])
            .await?;
        Ok(())
    }
}
