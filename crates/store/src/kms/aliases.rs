//! Names for keys.

use types::{AccountId, Fault, Region, Timestamp};

use super::KeyAddress;
use crate::{Row, Session, args};

/// A name for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasRow {
    /// The key it points to, which also says whose alias it is.
    pub target: KeyAddress,
    /// With its prefix: `alias/app`.
    pub name: String,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Session {
    /// Saves a new alias; `false` where its name is taken.
    pub async fn insert_kms_alias(&mut self, alias: &AliasRow) -> Result<bool, Fault> {
        let KeyAddress {
            account,
            region,
            key_id,
        } = &alias.target;
        let saved = self
            .execute(
                "INSERT INTO kms_aliases (account, region, name, key_id, created, updated) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, region, name) DO NOTHING",
                args![
                    account,
                    region,
                    &alias.name,
                    key_id,
                    alias.created,
                    alias.updated
                ],
            )
            .await?;
        Ok(saved == 1)
    }

    /// Has an alias point to another key of the same account and region.
    pub async fn point_kms_alias(
        &mut self,
        name: &str,
        target: &KeyAddress,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE kms_aliases SET key_id = $4, updated = $5 WHERE account = $1 AND region = $2 AND name = $3",
            args![&target.account, &target.region, name, &target.key_id, now],
        )
        .await
        .map(drop)
    }

    /// Removes an alias.
    pub async fn delete_kms_alias(
        &mut self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM kms_aliases WHERE account = $1 AND region = $2 AND name = $3",
            args![account, region, name],
        )
        .await
        .map(drop)
    }

    /// The aliases after one name, in the order of their names; of one key, or of all.
    pub async fn kms_aliases(
        &mut self,
        account: &AccountId,
        region: &Region,
        key_id: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<AliasRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM kms_aliases WHERE account = $1 AND region = $2 \
             AND key_id = COALESCE($3, key_id) AND name > $4 ORDER BY name LIMIT $5",
            args![account, region, key_id, after, limit],
        )
        .await?
        .iter()
        .map(AliasRow::read)
        .collect()
    }
}

impl AliasRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            target: KeyAddress::read(row)?,
            name: row.text("name")?,
            created: row.timestamp("created")?,
            updated: row.timestamp("updated")?,
        })
    }
}
