//! Everything that the root key seals, wherever it lies, as one long list: for whoever seals it under another one.
//!
//! A table that takes something sealed under the root key is added here; a test holds this list against the schema.

use types::{AccountId, Fault, Region};

use crate::{Session, args, kms::KeyAddress};

/// Something the root key sealed, and which thing that is.
pub enum SealedRow {
    Material {
        key: KeyAddress,
        id: String,
        sealed: Vec<u8>,
    },
    /// The secret half of an access key.
    AccessKey { id: String, sealed: Vec<u8> },
    /// The key of a log group's lines.
    LogGroup { id: String, sealed: Vec<u8> },
    /// The key of a bucket's objects.
    Bucket { id: String, sealed: Vec<u8> },
    /// A version of a parameter that is no SecureString.
    Parameter {
        account: AccountId,
        region: Region,
        path: String,
        version: i64,
        sealed: Vec<u8>,
    },
}

/// A place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(At);

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    Material(String),
    AccessKey(String),
    LogGroup(String),
    Bucket(String),
    Parameter(AccountId, Region, String, i64),
}

impl SealedRow {
    pub fn sealed(&self) -> &[u8] {
        match self {
            Self::Material { sealed, .. }
            | Self::AccessKey { sealed, .. }
            | Self::LogGroup { sealed, .. }
            | Self::Bucket { sealed, .. }
            | Self::Parameter { sealed, .. } => sealed,
        }
    }

    /// Where in the list it is.
    pub fn place(&self) -> Place {
        Place(match self {
            Self::Material { id, .. } => At::Material(id.clone()),
            Self::AccessKey { id, .. } => At::AccessKey(id.clone()),
            Self::LogGroup { id, .. } => At::LogGroup(id.clone()),
            Self::Bucket { id, .. } => At::Bucket(id.clone()),
            Self::Parameter {
                account,
                region,
                path,
                version,
                ..
            } => At::Parameter(account.clone(), region.clone(), path.clone(), *version),
        })
    }
}

impl Session {
    /// Some of the list after a place, all of one kind; nothing at its end.
    pub async fn sealed_rows(
        &mut self,
        after: Option<&Place>,
        limit: i64,
    ) -> Result<Vec<SealedRow>, Fault> {
        let at = after.map(|place| &place.0);
        // One kind after the other; each begins where the place is, or at its own beginning.
        let (mut kind, mut after) = match at {
            None => (0, ""),
            Some(At::Material(id)) => (0, id.as_str()),
            Some(At::AccessKey(id)) => (1, id.as_str()),
            Some(At::LogGroup(id)) => (2, id.as_str()),
            Some(At::Bucket(id)) => (3, id.as_str()),
            Some(At::Parameter(..)) => (4, ""),
        };
        loop {
            let rows = match kind {
                0 => self.sealed_materials(after, limit).await?,
                1 => self.sealed_access_keys(after, limit).await?,
                2 => self.sealed_log_groups(after, limit).await?,
                3 => self.sealed_buckets(after, limit).await?,
                _ => return self.sealed_parameters(at, limit).await,
            };
            if !rows.is_empty() {
                return Ok(rows);
            }
            (kind, after) = (kind + 1, "");
        }
    }

    async fn sealed_materials(&mut self, after: &str, limit: i64) -> Result<Vec<SealedRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM kms_materials WHERE material_id > $1 ORDER BY material_id LIMIT $2",
            args![after, limit],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(SealedRow::Material {
                key: KeyAddress::read(row)?,
                id: row.text("material_id")?,
                sealed: row.bytes("sealed")?,
            })
        })
        .collect()
    }

    async fn sealed_access_keys(
        &mut self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<SealedRow>, Fault> {
        self.fetch_all(
            "SELECT id, secret FROM access_keys WHERE id > $1 ORDER BY id LIMIT $2",
            args![after, limit],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(SealedRow::AccessKey {
                id: row.text("id")?,
                sealed: row.bytes("secret")?,
            })
        })
        .collect()
    }

    async fn sealed_log_groups(
        &mut self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<SealedRow>, Fault> {
        self.fetch_all(
            "SELECT id, sealed_key FROM log_groups WHERE id > $1 ORDER BY id LIMIT $2",
            args![after, limit],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(SealedRow::LogGroup {
                id: row.text("id")?,
                sealed: row.bytes("sealed_key")?,
            })
        })
        .collect()
    }

    async fn sealed_buckets(&mut self, after: &str, limit: i64) -> Result<Vec<SealedRow>, Fault> {
        self.fetch_all(
            "SELECT id, sealed_key FROM s3_buckets WHERE id > $1 ORDER BY id LIMIT $2",
            args![after, limit],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(SealedRow::Bucket {
                id: row.text("id")?,
                sealed: row.bytes("sealed_key")?,
            })
        })
        .collect()
    }

    async fn sealed_parameters(
        &mut self,
        after: Option<&At>,
        limit: i64,
    ) -> Result<Vec<SealedRow>, Fault> {
        let (account, region, path, version) = match after {
            Some(At::Parameter(account, region, path, version)) => {
                (account.as_str(), region.as_str(), path.as_str(), *version)
            }
            _ => ("", "", "", 0),
        };
        self.fetch_all(
            "SELECT account, region, path, version, sealed FROM parameter_versions \
             WHERE type <> 'SecureString' AND (account, region, path, version) > ($1, $2, $3, $4) \
             ORDER BY account, region, path, version LIMIT $5",
            args![account, region, path, version, limit],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(SealedRow::Parameter {
                account: row.parse("account")?,
                region: row.parse("region")?,
                path: row.text("path")?,
                version: row.int("version")?,
                sealed: row.bytes("sealed")?,
            })
        })
        .collect()
    }

    /// Puts other bytes in the place of a row's, unless somebody else did so meanwhile.
    pub async fn replace_sealed(&mut self, row: &SealedRow, sealed: &[u8]) -> Result<(), Fault> {
        let done = match row {
            SealedRow::Material { id, sealed: old, .. } => {
                self.execute(
                    "UPDATE kms_materials SET sealed = $1 WHERE material_id = $2 AND sealed = $3",
                    args![sealed, id, old],
                )
                .await
            }
            SealedRow::AccessKey { id, sealed: old } => {
                self.execute(
                    "UPDATE access_keys SET secret = $1 WHERE id = $2 AND secret = $3",
                    args![sealed, id, old],
                )
                .await
            }
            SealedRow::LogGroup { id, sealed: old } => {
                self.execute(
                    "UPDATE log_groups SET sealed_key = $1 WHERE id = $2 AND sealed_key = $3",
                    args![sealed, id, old],
                )
                .await
            }
            SealedRow::Bucket { id, sealed: old } => {
                self.execute(
                    "UPDATE s3_buckets SET sealed_key = $1 WHERE id = $2 AND sealed_key = $3",
                    args![sealed, id, old],
                )
                .await
            }
            SealedRow::Parameter {
                account,
                region,
                path,
                version,
                sealed: old,
            } => {
                self.execute(
                    "UPDATE parameter_versions SET sealed = $1 WHERE account = $2 AND region = $3 AND path = $4 \
                     AND version = $5 AND sealed = $6",
                    args![sealed, account, region, path, *version, old],
                )
                .await
            }
        };
        done.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{kms, migrations, on_both_databases};

    /// Columns of bytes, and what seals what is in them.
    const KNOWN: [(&str, &str, &str); 9] = [
        ("access_keys", "secret", "root key"),
        ("kms_materials", "sealed", "root key"),
        ("secret_versions", "sealed", "data key"),
        ("secret_versions", "data_key", "KMS key"),
        ("parameter_versions", "sealed", "root key or KMS key"),
        ("log_groups", "sealed_key", "root key"),
        ("log_chunks", "sealed", "key of the log group"),
        ("s3_buckets", "sealed_key", "root key"),
        ("s3_objects", "sealed", "key of the bucket"),
    ];

    #[test]
    fn every_column_of_bytes_is_known_here() {
        let mut found = BTreeSet::new();
        for text in migrations::texts() {
            let mut table = "";
            for line in text.lines() {
                let words: Vec<_> = line.split_whitespace().collect();
                if let ["CREATE" | "ALTER", "TABLE", name, ..] = words.as_slice() {
                    table = *name;
                }
                let pairs = words.iter().zip(words.iter().skip(1));
                let columns = pairs.filter(|(_, kind)| kind.starts_with("{{BYTES}}"));
                found.extend(columns.map(|(column, _)| (table, *column)));
            }
        }
        let known: BTreeSet<_> = KNOWN.map(|(table, column, _)| (table, column)).into();
        assert_eq!(
            found, known,
            "a new column of bytes: is it sealed under the root key? Then it belongs into the list above"
        );
    }

    on_both_databases! {
        async fn the_list_goes_through_every_table_and_ends(store: Store) {
            let mut db = store.write().await.unwrap();
            for id in ["m1", "m2", "m3"] {
                let (row, material) = kms::sample(id);
                db.insert_kms_key(&row, &material).await.unwrap();
            }
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let rows = db.sealed_rows(after.as_ref(), 2).await.unwrap();
                let Some(last) = rows.last() else { break };
                after = Some(last.place());
                for row in &rows {
                    seen.push(row.place());
                    db.replace_sealed(row, b"new").await.unwrap();
                }
            }
            assert_eq!(seen.len(), 3);
            let rows = db.sealed_rows(None, 9).await.unwrap();
            assert!(rows.iter().all(|row| row.sealed() == b"new"));
        }
    }
}
