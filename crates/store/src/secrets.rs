//! Secrets, their versions and the labels on them.

mod replicas;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Region, Tag, Timestamp};

use crate::{Arg, Row, Session, args, row::placeholders};

pub use replicas::Replica;

/// A secret without its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub arn: String,
    pub account: AccountId,
    pub region: Region,
    pub name: String,
    pub description: Option<String>,
    /// As the caller gave it; `None` for the default key.
    pub kms_key_id: Option<String>,
    /// `None` until it was tagged for the first time.
    pub tags: Option<Vec<Tag>>,
    /// The resource policy, in the text it was given in.
    pub policy: Option<String>,
    pub created: Timestamp,
    pub changed: Timestamp,
    /// The day of the last access, at its start.
    pub accessed: Option<Timestamp>,
    pub deletion: Option<Deletion>,
    /// The region of the primary, of a secret that is replicated or is a replica.
    pub primary_region: Option<Region>,
}

/// The secret is marked for deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    pub marked: Timestamp,
    /// When the recovery window ends.
    pub purge: Timestamp,
}

/// A version without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretVersion {
    pub id: String,
    /// Whether it has a value; a version waiting for its rotation has none.
    pub has_value: bool,
    /// The KMS key of its value.
    pub key_arn: Option<String>,
    pub created: Timestamp,
    pub accessed: Option<Timestamp>,
    /// Sorted.
    pub labels: Vec<String>,
}

/// The value of a version, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValue {
    pub kind: ValueKind,
    pub sealed: Vec<u8>,
    /// The data key that opens `sealed`, encrypted under the KMS key.
    pub data_key: Vec<u8>,
    /// The KMS key.
    pub key_arn: String,
}

/// Whether the value was given as text or as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    String,
    Binary,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOrder {
    Created,
    Changed,
    Accessed,
    Name,
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct SecretPage<'a> {
    pub account: &'a AccountId,
    pub region: &'a Region,
    pub order: SecretOrder,
    pub descending: bool,
    pub with_deleted: bool,
    /// Only those whose names begin like this.
    pub name_prefix: Option<&'a str>,
    /// Whether to find those by their names and sort them, rather than to go through all in order: quicker where they
    /// are few.
    pub by_name: bool,
    /// The last secret of the page before.
    pub after: Option<SecretCursor>,
    pub limit: i64,
}

/// Where a page ended: the value it is ordered by, and the ARN where several have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretCursor {
    pub key: CursorKey,
    pub arn: String,
}

/// The value a listing is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorKey {
    Time(i64),
    Name(String),
}

impl Secret {
    /// Where a page that ends with this secret ended.
    pub fn cursor(&self, order: SecretOrder) -> SecretCursor {
        let key = match order {
            SecretOrder::Created => CursorKey::Time(self.created.as_millis()),
            SecretOrder::Changed => CursorKey::Time(self.changed.as_millis()),
            SecretOrder::Accessed => CursorKey::Time(self.accessed.map_or(0, Timestamp::as_millis)),
            SecretOrder::Name => CursorKey::Name(self.name.clone()),
        };
        let arn = self.arn.clone();
        SecretCursor { key, arn }
    }

    fn from_row(row: &Row) -> Result<Self, Fault> {
        let purge = row.opt_timestamp("purge_at")?;
        let deletion = row
            .opt_timestamp("deleted_at")?
            .zip(purge)
            .map(|(marked, purge)| Deletion { marked, purge });
        Ok(Self {
            arn: row.text("arn")?,
            account: row.parse("account")?,
            region: row.parse("region")?,
            name: row.text("name")?,
            description: row.opt_text("description")?,
            kms_key_id: row.opt_text("kms_key_id")?,
            tags: row.opt_tags("tags")?,
            policy: row.opt_text("policy")?,
            created: row.timestamp("created_at")?,
            changed: row.timestamp("changed_at")?,
            accessed: row.opt_timestamp("accessed_at")?,
            deletion,
            primary_region: row.opt_parse("primary_region")?,
        })
    }

    /// Whether it is a copy of a secret in another region, and changes with that one only.
    pub fn is_replica(&self) -> bool {
        self.primary_region
            .as_ref()
            .is_some_and(|primary| *primary != self.region)
    }
}

/// A text beyond every name with this beginning, in the order of bytes: names are ASCII.
fn beyond_prefix(prefix: &str) -> String {
    format!("{prefix}\u{7f}")
}

impl ValueKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Binary => "binary",
        }
    }

    fn from_column(text: &str) -> Self {
        match text {
            "binary" => Self::Binary,
            _ => Self::String,
        }
    }
}

impl Session {
    /// The secret of this name, also when it is marked for deletion. A write session keeps it from changing.
    pub async fn secret_by_name(
        &mut self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<Option<Secret>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM secrets WHERE account = $1 AND region = $2 AND name = $3",
            args![account, region, name],
        )
        .await?
        .map(|row| Secret::from_row(&row))
        .transpose()
    }

    /// The secret of this complete ARN, of whatever account. A write session keeps it from changing.
    pub async fn secret_by_arn(&mut self, arn: &str) -> Result<Option<Secret>, Fault> {
        self.fetch_optional_locked("SELECT * FROM secrets WHERE arn = $1", args![arn])
            .await?
            .map(|row| Secret::from_row(&row))
            .transpose()
    }

    /// Adds a secret; false where its name or its ARN is taken.
    pub async fn insert_secret(&mut self, secret: &Secret) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO secrets (arn, account, region, name, description, kms_key_id, tags, policy, created_at, changed_at, primary_region)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
                args![
                    &secret.arn,
                    &secret.account,
                    &secret.region,
                    &secret.name,
                    secret.description.as_deref(),
                    secret.kms_key_id.as_deref(),
                    secret.tags.as_deref(),
                    secret.policy.as_deref(),
                    secret.created,
                    secret.changed,
                    secret.primary_region.as_ref(),
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// Saves what can change about a secret. Its date of last access is not among it.
    pub async fn update_secret(&mut self, secret: &Secret) -> Result<(), Fault> {
        self.execute(
            "UPDATE secrets SET description = $2, kms_key_id = $3, tags = $4, policy = $5, changed_at = $6, deleted_at = $7, purge_at = $8, primary_region = $9
             WHERE arn = $1",
            args![
                &secret.arn,
                secret.description.as_deref(),
                secret.kms_key_id.as_deref(),
                secret.tags.as_deref(),
                secret.policy.as_deref(),
                secret.changed,
                secret.deletion.map(|deletion| deletion.marked),
                secret.deletion.map(|deletion| deletion.purge),
                secret.primary_region.as_ref(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Removes a secret with everything that belongs to it.
    pub async fn delete_secret(&mut self, arn: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM secrets WHERE arn = $1", args![arn])
            .await?;
        Ok(())
    }

    /// The ARNs of secrets whose recovery window is over.
    pub async fn secrets_to_purge(&mut self, now: Timestamp) -> Result<Vec<String>, Fault> {
        self.fetch_all_locked(
            "SELECT arn FROM secrets WHERE purge_at <= $1 ORDER BY purge_at LIMIT 100",
            args![now],
        )
        .await?
        .iter()
        .map(|row| row.text("arn"))
        .collect()
    }

    /// A page of the secrets of an account and region.
    pub async fn list_secrets(&mut self, page: &SecretPage<'_>) -> Result<Vec<Secret>, Fault> {
        let key = match page.order {
            SecretOrder::Created => "created_at",
            SecretOrder::Changed => "changed_at",
            SecretOrder::Accessed => "COALESCE(accessed_at, 0)",
            SecretOrder::Name => "name",
        };
        let (beyond, direction) = if page.descending {
            ("<", "DESC")
        } else {
            (">", "ASC")
        };
        // Nobody has an index on the sum: it keeps a planner from going through all secrets in order.
        let key = match page.order {
            SecretOrder::Name => key.to_owned(),
            _ if page.by_name => format!("({key} + 0)"),
            _ => key.to_owned(),
        };
        let mut args = args![page.account, page.region, page.limit];
        let live = if page.with_deleted {
            ""
        } else {
            " AND deleted_at IS NULL"
        };
        let mut named = String::new();
        if let Some(prefix) = page.name_prefix {
            // Nor on the name with nothing added, where many names match.
            let name = if page.by_name || page.order == SecretOrder::Name {
                "name"
            } else {
                "name || ''"
            };
            named = format!(" AND {name} >= $4 AND {name} < $5");
            args.push(Arg::from(prefix));
            args.push(Arg::from(beyond_prefix(prefix)));
        }
        let mut after = String::new();
        if let Some(SecretCursor { key: at, arn }) = &page.after {
            let (first, second) = (args.len() + 1, args.len() + 2);
            after = format!(" AND ({key}, arn) {beyond} (${first}, ${second})");
            args.push(match at {
                CursorKey::Time(millis) => Arg::from(*millis),
                CursorKey::Name(name) => Arg::from(name),
            });
            args.push(Arg::from(arn));
        }
        let sql = format!(
            "SELECT * FROM secrets WHERE account = $1 AND region = $2{live}{named}{after}
             ORDER BY {key} {direction}, arn {direction} LIMIT $3"
        );
        self.fetch_all(AssertSqlSafe(sql), args)
            .await?
            .iter()
            .map(Secret::from_row)
            .collect()
    }

    /// How many names begin like this, counted up to `most`.
    pub async fn count_secrets_by_prefix(
        &mut self,
        account: &AccountId,
        region: &Region,
        prefix: &str,
        most: i64,
    ) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT COUNT(*) AS found FROM (
                 SELECT 1 FROM secrets WHERE account = $1 AND region = $2 AND name >= $3 AND name < $4 LIMIT $5
             ) AS few",
            args![account, region, prefix, beyond_prefix(prefix), most],
        )
        .await?
        .int("found")
    }

    /// The labels of each of these secrets: for each its versions, each with its labels, all sorted.
    pub async fn labels_of_secrets(
        &mut self,
        arns: Vec<String>,
    ) -> Result<BTreeMap<String, BTreeMap<String, Vec<String>>>, Fault> {
        let mut labels = BTreeMap::<String, BTreeMap<String, Vec<String>>>::new();
        if arns.is_empty() {
            return Ok(labels);
        }
        let sql = format!(
            "SELECT secret_arn, version_id, label FROM secret_labels WHERE secret_arn IN ({}) ORDER BY label",
            placeholders(arns.len()),
        );
        let bound = arns.into_iter().map(Arg::from).collect();
        for row in self.fetch_all(AssertSqlSafe(sql), bound).await? {
            let versions = labels.entry(row.text("secret_arn")?).or_default();
            let version = versions.entry(row.text("version_id")?).or_default();
            version.push(row.text("label")?);
        }
        Ok(labels)
    }

    /// The versions of a secret in the order they were made, without their values.
    pub async fn secret_versions(&mut self, arn: &str) -> Result<Vec<SecretVersion>, Fault> {
        let mut labels = self.labels_of_secrets(vec![arn.to_owned()]).await?;
        let mut labels = labels.remove(arn).unwrap_or_default();
        self.fetch_all(
            "SELECT version_id, kind, key_arn, created_at, accessed_at FROM secret_versions
             WHERE secret_arn = $1 ORDER BY created_at, version_id",
            args![arn],
        )
        .await?
        .iter()
        .map(|row| {
            let id = row.text("version_id")?;
            Ok(SecretVersion {
                has_value: row.opt_text("kind")?.is_some(),
                key_arn: row.opt_text("key_arn")?,
                created: row.timestamp("created_at")?,
                accessed: row.opt_timestamp("accessed_at")?,
                labels: labels.remove(&id).unwrap_or_default(),
                id,
            })
        })
        .collect()
    }

    /// The sealed value of a version; `None` where there is no such version, or it has no value.
    pub async fn secret_value(
        &mut self,
        arn: &str,
        version: &str,
    ) -> Result<Option<SealedValue>, Fault> {
        let row = self
            .fetch_optional(
                "SELECT kind, sealed, data_key, key_arn FROM secret_versions
                 WHERE secret_arn = $1 AND version_id = $2 AND kind IS NOT NULL",
                args![arn, version],
            )
            .await?;
        row.map(|row| {
            Ok(SealedValue {
                kind: ValueKind::from_column(&row.text("kind")?),
                sealed: row.bytes("sealed")?,
                data_key: row.bytes("data_key")?,
                key_arn: row.text("key_arn")?,
            })
        })
        .transpose()
    }

    /// Adds a version with its value, or gives a value to one that waits for it.
    pub async fn put_secret_value(
        &mut self,
        arn: &str,
        version: &str,
        value: &SealedValue,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO secret_versions (secret_arn, version_id, kind, sealed, data_key, key_arn, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (secret_arn, version_id) DO UPDATE
             SET kind = excluded.kind, sealed = excluded.sealed, data_key = excluded.data_key, key_arn = excluded.key_arn",
            args![
                arn,
                version,
                value.kind.as_str(),
                &value.sealed,
                &value.data_key,
                &value.key_arn,
                now,
            ],
        )
        .await?;
        Ok(())
    }

    /// Puts a label on a version, taking it from the one that has it.
    pub async fn attach_label(
        &mut self,
        arn: &str,
        label: &str,
        version: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO secret_labels (secret_arn, label, version_id) VALUES ($1, $2, $3)
             ON CONFLICT (secret_arn, label) DO UPDATE SET version_id = excluded.version_id",
            args![arn, label, version],
        )
        .await?;
        Ok(())
    }

    /// Takes a label from the version that has it.
    pub async fn detach_label(&mut self, arn: &str, label: &str) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM secret_labels WHERE secret_arn = $1 AND label = $2",
            args![arn, label],
        )
        .await?;
        Ok(())
    }

    /// Removes a version.
    pub async fn delete_secret_version(&mut self, arn: &str, version: &str) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM secret_versions WHERE secret_arn = $1 AND version_id = $2",
            args![arn, version],
        )
        .await?;
        Ok(())
    }

    /// Notes the day of an access of a secret and one of its versions. Never goes back to an earlier day.
    pub async fn record_secret_access(
        &mut self,
        arn: &str,
        version: &str,
        day: Timestamp,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE secrets SET accessed_at = $2 WHERE arn = $1 AND COALESCE(accessed_at, 0) < $2",
            args![arn, day],
        )
        .await?;
        self.execute(
            "UPDATE secret_versions SET accessed_at = $3
             WHERE secret_arn = $1 AND version_id = $2 AND COALESCE(accessed_at, 0) < $3",
            args![arn, version, day],
        )
        .await?;
        Ok(())
    }
}
