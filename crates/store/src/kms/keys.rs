//! Keys, without their material.

use types::{AccountId, Fault, Region, Tag, Timestamp};

use super::NewMaterial;
use crate::{Row, Session, args};

/// Which key: ids are unique only within an account and region.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyAddress {
    pub account: AccountId,
    pub region: Region,
    pub key_id: String,
}

/// A key, without its material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub address: KeyAddress,
    pub description: String,
    pub key_usage: String,
    pub key_spec: String,
    pub key_state: String,
    pub key_manager: String,
    pub origin: String,
    pub multi_region: bool,
    /// The key policy, with unique ids in the place of users and roles.
    pub policy: String,
    pub tags: Vec<Tag>,
    /// The id of the material that encrypts.
    pub current_material: String,
    pub created: Timestamp,
    /// When the key goes, while it is waiting for that.
    pub deletion_date: Option<Timestamp>,
    /// `None` while automatic rotation is off.
    pub rotation: Option<Rotation>,
    /// The names of the aliases that point here, in order. Read with the key; saved on their own.
    pub aliases: Vec<String>,
    /// Whether anyone has a grant for it. Read with the key.
    pub has_grants: bool,
}

/// When a key gets new material by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    pub period_days: i64,
    pub next: Timestamp,
}

/// The columns of a key `k`, and whether anyone has a grant for it.
macro_rules! key_columns {
    () => {
        "k.*, (SELECT COUNT(*) FROM (SELECT 1 FROM kms_grants g \
         WHERE g.account = k.account AND g.region = k.region AND g.key_id = k.key_id LIMIT 1) one) AS granted"
    };
}

impl Session {
    /// A key with the names of its aliases.
    pub async fn kms_key(&mut self, address: &KeyAddress) -> Result<Option<KeyRow>, Fault> {
        let rows = self
            .fetch_all(
                concat!(
                    "SELECT ",
                    key_columns!(),
                    ", a.name AS alias FROM kms_keys k LEFT JOIN kms_aliases a \
                     ON a.account = k.account AND a.region = k.region AND a.key_id = k.key_id \
                     WHERE k.account = $1 AND k.region = $2 AND k.key_id = $3 ORDER BY a.name"
                ),
                args![&address.account, &address.region, &address.key_id],
            )
            .await?;
        KeyRow::read(&rows)
    }

    /// The key that an alias points to, with the names of all its aliases.
    pub async fn kms_key_by_alias(
        &mut self,
        account: &AccountId,
        region: &Region,
        alias: &str,
    ) -> Result<Option<KeyRow>, Fault> {
        let rows = self
            .fetch_all(
                concat!(
                    "SELECT ",
                    key_columns!(),
                    ", a.name AS alias FROM kms_aliases named JOIN kms_keys k \
                     ON k.account = named.account AND k.region = named.region AND k.key_id = named.key_id \
                     JOIN kms_aliases a \
                     ON a.account = k.account AND a.region = k.region AND a.key_id = k.key_id \
                     WHERE named.account = $1 AND named.region = $2 AND named.name = $3 ORDER BY a.name"
                ),
                args![account, region, alias],
            )
            .await?;
        KeyRow::read(&rows)
    }

    /// Keeps the row of a key as it is until this session ends, so that what is saved follows from what is read.
    pub async fn lock_kms_key(&mut self, address: &KeyAddress) -> Result<(), Fault> {
        self.fetch_optional_locked(
            "SELECT key_id FROM kms_keys WHERE account = $1 AND region = $2 AND key_id = $3",
            args![&address.account, &address.region, &address.key_id],
        )
        .await
        .map(drop)
    }

    /// The ids of the keys after one, in order.
    pub async fn kms_key_ids(
        &mut self,
        account: &AccountId,
        region: &Region,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>, Fault> {
        self.fetch_all(
            "SELECT key_id FROM kms_keys WHERE account = $1 AND region = $2 AND key_id > $3 \
             ORDER BY key_id LIMIT $4",
            args![account, region, after, limit],
        )
        .await?
        .iter()
        .map(|row| row.text("key_id"))
        .collect()
    }

    /// How many keys there are, AWS's own left out.
    pub async fn count_kms_keys(
        &mut self,
        account: &AccountId,
        region: &Region,
    ) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT COUNT(*) AS count FROM kms_keys WHERE account = $1 AND region = $2 AND key_manager <> 'AWS'",
            args![account, region],
        )
        .await?
        .int("count")
    }

    /// Saves a new key with its first material. Its aliases are saved on their own.
    pub async fn insert_kms_key(
        &mut self,
        key: &KeyRow,
        material: &NewMaterial,
    ) -> Result<(), Fault> {
        let KeyAddress {
            account,
            region,
            key_id,
        } = &key.address;
        self.execute(
            "INSERT INTO kms_keys (account, region, key_id, description, key_usage, key_spec, key_state, key_manager, \
             origin, multi_region, policy, tags, current_material, created, deletion_date, rotation_period, \
             next_rotation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            args![
                account,
                region,
                key_id,
                &key.description,
                &key.key_usage,
                &key.key_spec,
                &key.key_state,
                &key.key_manager,
                &key.origin,
                key.multi_region,
                &key.policy,
                key.tags.as_slice(),
                &key.current_material,
                key.created,
                key.deletion_date,
                key.rotation.map(|rotation| rotation.period_days),
                key.rotation.map(|rotation| rotation.next),
            ],
        )
        .await?;
        self.insert_kms_material(&key.address, material).await
    }

    /// Saves what can change about a key. Lock it before it is read.
    pub async fn save_kms_key(&mut self, key: &KeyRow) -> Result<(), Fault> {
        let KeyAddress {
            account,
            region,
            key_id,
        } = &key.address;
        self.execute(
            "UPDATE kms_keys SET description = $4, key_state = $5, policy = $6, tags = $7, current_material = $8, \
             deletion_date = $9, rotation_period = $10, next_rotation = $11 \
             WHERE account = $1 AND region = $2 AND key_id = $3",
            args![
                account,
                region,
                key_id,
                &key.description,
                &key.key_state,
                &key.policy,
                key.tags.as_slice(),
                &key.current_material,
                key.deletion_date,
                key.rotation.map(|rotation| rotation.period_days),
                key.rotation.map(|rotation| rotation.next),
            ],
        )
        .await
        .map(drop)
    }

    /// Some of the enabled keys whose time for new material has come.
    pub async fn kms_keys_to_rotate(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<KeyAddress>, Fault> {
        self.fetch_all(
            "SELECT account, region, key_id FROM kms_keys \
             WHERE next_rotation <= $1 AND key_state = 'Enabled' ORDER BY next_rotation LIMIT $2",
            args![now, limit],
        )
        .await?
        .iter()
        .map(KeyAddress::read)
        .collect()
    }

    /// Some of the keys whose waiting period is over.
    pub async fn kms_keys_to_delete(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<KeyAddress>, Fault> {
        self.fetch_all(
            "SELECT account, region, key_id FROM kms_keys \
             WHERE deletion_date <= $1 AND key_state = 'PendingDeletion' ORDER BY deletion_date LIMIT $2",
            args![now, limit],
        )
        .await?
        .iter()
        .map(KeyAddress::read)
        .collect()
    }

    /// Removes a key with its material, grants and aliases.
    pub async fn delete_kms_key(&mut self, address: &KeyAddress) -> Result<(), Fault> {
        let key = || args![&address.account, &address.region, &address.key_id];
        self.execute(
            "DELETE FROM kms_aliases WHERE account = $1 AND region = $2 AND key_id = $3",
            key(),
        )
        .await?;
        self.execute(
            "DELETE FROM kms_keys WHERE account = $1 AND region = $2 AND key_id = $3",
            key(),
        )
        .await
        .map(drop)
    }
}

impl KeyAddress {
    pub(crate) fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            account: row.parse("account")?,
            region: row.parse("region")?,
            key_id: row.text("key_id")?,
        })
    }
}

impl KeyRow {
    /// One key from the rows of a join with its aliases.
    fn read(rows: &[Row]) -> Result<Option<Self>, Fault> {
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let aliases = rows.iter().map(|row| row.opt_text("alias"));
        let period = row.opt_int("rotation_period")?;
        Ok(Some(Self {
            address: KeyAddress::read(row)?,
            description: row.text("description")?,
            key_usage: row.text("key_usage")?,
            key_spec: row.text("key_spec")?,
            key_state: row.text("key_state")?,
            key_manager: row.text("key_manager")?,
            origin: row.text("origin")?,
            multi_region: row.bool("multi_region")?,
            policy: row.text("policy")?,
            tags: row.opt_tags("tags")?.unwrap_or_default(),
            current_material: row.text("current_material")?,
            created: row.timestamp("created")?,
            deletion_date: row.opt_timestamp("deletion_date")?,
            rotation: period
                .zip(row.opt_timestamp("next_rotation")?)
                .map(|(period_days, next)| Rotation { period_days, next }),
            aliases: aliases
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?,
            has_grants: row.bool("granted")?,
        }))
    }
}
