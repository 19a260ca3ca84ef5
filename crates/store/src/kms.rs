//! KMS: keys, their sealed material, and aliases.

use types::{AccountId, Fault, Region, Tag, Timestamp};

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
    /// The key policy as it was given.
    pub policy: String,
    pub tags: Vec<Tag>,
    /// The id of the material that encrypts.
    pub current_material: String,
    pub created: Timestamp,
    /// When the key goes, while it is waiting for that.
    pub deletion_date: Option<Timestamp>,
    /// The names of the aliases that point here, in order. Read with the key; saved on their own.
    pub aliases: Vec<String>,
}

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

/// Key material on its way into the store.
pub struct NewMaterial {
    pub id: String,
    pub sealed: Vec<u8>,
}

impl Session {
    /// A key with the names of its aliases.
    pub async fn kms_key(&mut self, address: &KeyAddress) -> Result<Option<KeyRow>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT k.*, a.name AS alias FROM kms_keys k \
                 LEFT JOIN kms_aliases a \
                 ON a.account = k.account AND a.region = k.region AND a.key_id = k.key_id \
                 WHERE k.account = $1 AND k.region = $2 AND k.key_id = $3 ORDER BY a.name",
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
                "SELECT k.*, a.name AS alias FROM kms_aliases named \
                 JOIN kms_keys k \
                 ON k.account = named.account AND k.region = named.region AND k.key_id = named.key_id \
                 JOIN kms_aliases a \
                 ON a.account = k.account AND a.region = k.region AND a.key_id = k.key_id \
                 WHERE named.account = $1 AND named.region = $2 AND named.name = $3 ORDER BY a.name",
                args![account, region, alias],
            )
            .await?;
        KeyRow::read(&rows)
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
             origin, multi_region, policy, tags, current_material, created, deletion_date) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
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
            ],
        )
        .await?;
        self.execute(
            "INSERT INTO kms_materials (material_id, account, region, key_id, sealed, created) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                &material.id,
                account,
                region,
                key_id,
                &material.sealed,
                key.created
            ],
        )
        .await?;
        Ok(())
    }

    /// The sealed material with that id, where it belongs to that key.
    pub async fn kms_material(
        &mut self,
        address: &KeyAddress,
        material_id: &str,
    ) -> Result<Option<Vec<u8>>, Fault> {
        self.fetch_optional(
            "SELECT sealed FROM kms_materials \
             WHERE material_id = $1 AND account = $2 AND region = $3 AND key_id = $4",
            args![
                material_id,
                &address.account,
                &address.region,
                &address.key_id
            ],
        )
        .await?
        .map(|row| row.bytes("sealed"))
        .transpose()
    }

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

impl KeyAddress {
    fn read(row: &Row) -> Result<Self, Fault> {
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
            aliases: aliases
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?,
        }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on_both_databases;

    fn address(account: &str, key_id: &str) -> KeyAddress {
        KeyAddress {
            account: account.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            key_id: key_id.to_owned(),
        }
    }

    fn key(address: &KeyAddress) -> KeyRow {
        KeyRow {
            address: address.clone(),
            description: "the app's".to_owned(),
            key_usage: "ENCRYPT_DECRYPT".to_owned(),
            key_spec: "SYMMETRIC_DEFAULT".to_owned(),
            key_state: "Enabled".to_owned(),
            key_manager: "CUSTOMER".to_owned(),
            origin: "AWS_KMS".to_owned(),
            multi_region: false,
            policy: "{}".to_owned(),
            tags: vec![Tag {
                key: "team".to_owned(),
                value: "blue".to_owned(),
            }],
            current_material: format!("{}-{}", address.account, address.key_id),
            created: Timestamp::from_millis(1),
            deletion_date: None,
            aliases: Vec::new(),
        }
    }

    fn material(address: &KeyAddress) -> NewMaterial {
        NewMaterial {
            id: key(address).current_material,
            sealed: vec![1, 2, 3],
        }
    }

    fn alias(target: &KeyAddress, name: &str) -> AliasRow {
        AliasRow {
            target: target.clone(),
            name: name.to_owned(),
            created: Timestamp::from_millis(2),
            updated: Timestamp::from_millis(3),
        }
    }

    on_both_databases! {
        async fn a_key_is_read_back_with_its_aliases(store: Store) {
            let mut db = store.write().await.unwrap();
            let at = address("111122223333", "k1");
            db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
            assert_eq!(db.kms_key(&at).await.unwrap(), Some(key(&at)));

            assert!(db.insert_kms_alias(&alias(&at, "alias/b")).await.unwrap());
            assert!(db.insert_kms_alias(&alias(&at, "alias/a")).await.unwrap());
            let found = db.kms_key(&at).await.unwrap().unwrap();
            assert_eq!(found.aliases, ["alias/a", "alias/b"]);
            let by_alias = db.kms_key_by_alias(&at.account, &at.region, "alias/b").await.unwrap();
            assert_eq!(by_alias, Some(found));
            db.commit().await.unwrap();
        }

        async fn an_alias_name_is_taken_once_in_an_account(store: Store) {
            let mut db = store.write().await.unwrap();
            let (ours, theirs) = (address("111122223333", "k1"), address("444455556666", "k1"));
            assert!(db.insert_kms_alias(&alias(&ours, "alias/a")).await.unwrap());
            assert!(!db.insert_kms_alias(&alias(&ours, "alias/a")).await.unwrap());
            assert!(db.insert_kms_alias(&alias(&theirs, "alias/a")).await.unwrap());
        }

        async fn accounts_do_not_see_each_others_keys(store: Store) {
            let mut db = store.write().await.unwrap();
            let (ours, theirs) = (address("111122223333", "k1"), address("444455556666", "k1"));
            db.insert_kms_key(&key(&ours), &material(&ours)).await.unwrap();
            assert_eq!(db.kms_key(&theirs).await.unwrap(), None);
            let ids = db.kms_key_ids(&theirs.account, &theirs.region, "", 10).await.unwrap();
            assert!(ids.is_empty());
            let id = key(&ours).current_material;
            assert_eq!(db.kms_material(&ours, &id).await.unwrap(), Some(vec![1, 2, 3]));
            assert_eq!(db.kms_material(&theirs, &id).await.unwrap(), None);
        }

        async fn lists_go_on_after_the_last_one_seen(store: Store) {
            let mut db = store.write().await.unwrap();
            for id in ["c", "a", "b"] {
                let at = address("111122223333", id);
                db.insert_kms_key(&key(&at), &material(&at)).await.unwrap();
                db.insert_kms_alias(&alias(&at, &format!("alias/{id}"))).await.unwrap();
            }
            let at = address("111122223333", "c");
            let (account, region) = (&at.account, &at.region);
            assert_eq!(db.kms_key_ids(account, region, "", 2).await.unwrap(), ["a", "b"]);
            assert_eq!(db.kms_key_ids(account, region, "b", 2).await.unwrap(), ["c"]);
            let all = db.kms_aliases(account, region, None, "alias/a", 10).await.unwrap();
            assert_eq!(all.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["alias/b", "alias/c"]);
            let of_one = db.kms_aliases(account, region, Some("c"), "", 10).await.unwrap();
            assert_eq!(of_one, [alias(&at, "alias/c")]);
        }
    }
}
