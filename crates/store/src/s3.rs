//! S3: buckets and their objects.

use types::{AccountId, Fault, Region, Timestamp};

use crate::{Row, Session, args};

/// A bucket. Its name is taken for all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRow {
    pub name: String,
    pub id: String,
    pub account: AccountId,
    pub region: Region,
    /// The key of the bucket's objects, sealed by the root key.
    pub sealed_key: Vec<u8>,
    pub created: Timestamp,
}

/// An object without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    pub key: String,
    pub size: i64,
    pub etag: String,
    /// JSON; what is in it is the domain's.
    pub headers: String,
    pub modified: Timestamp,
}

impl BucketRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            name: row.text("name")?,
            id: row.text("id")?,
            account: row.parse("account")?,
            region: row.parse("region")?,
            sealed_key: row.bytes("sealed_key")?,
            created: row.timestamp("created_at")?,
        })
    }
}

impl ObjectRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            key: row.text("object_key")?,
            size: row.int("size")?,
            etag: row.text("etag")?,
            headers: row.text("headers")?,
            modified: row.timestamp("modified_at")?,
        })
    }
}

impl Session {
    pub async fn s3_bucket(&mut self, name: &str) -> Result<Option<BucketRow>, Fault> {
        self.fetch_optional_locked("SELECT * FROM s3_buckets WHERE name = $1", args![name])
            .await?
            .as_ref()
            .map(BucketRow::read)
            .transpose()
    }

    /// The buckets of an account in the order of their names.
    pub async fn s3_buckets(&mut self, account: &AccountId) -> Result<Vec<BucketRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM s3_buckets WHERE account = $1 ORDER BY name",
            args![account],
        )
        .await?
        .iter()
        .map(BucketRow::read)
        .collect()
    }

    /// Adds a bucket; false where there is one of that name.
    pub async fn insert_s3_bucket(&mut self, row: &BucketRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO s3_buckets (name, id, account, region, sealed_key, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                args![
                    &row.name,
                    &row.id,
                    &row.account,
                    &row.region,
                    &row.sealed_key,
                    row.created
                ],
            )
            .await?;
        Ok(inserted > 0)
    }

    /// Removes a bucket that has no objects.
    pub async fn delete_s3_bucket(&mut self, name: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM s3_buckets WHERE name = $1", args![name])
            .await
            .map(drop)
    }

    /// What an account keeps: so many objects, and so many bytes in them.
    pub async fn s3_usage(&mut self, account: &AccountId) -> Result<(i64, i64), Fault> {
        let row = self
            .fetch_optional(
                "SELECT COUNT(*) AS objects, CAST(COALESCE(SUM(o.size), 0) AS BIGINT) AS bytes
                 FROM s3_objects o JOIN s3_buckets b ON o.bucket = b.name WHERE b.account = $1",
                args![account],
            )
            .await?;
        row.map_or(Ok((0, 0)), |row| {
            Ok((row.int("objects")?, row.int("bytes")?))
        })
    }

    pub async fn s3_object(&mut self, bucket: &str, key: &str) -> Result<Option<ObjectRow>, Fault> {
        self.fetch_optional(
            "SELECT object_key, size, etag, headers, modified_at FROM s3_objects
             WHERE bucket = $1 AND object_key = $2",
            args![bucket, key],
        )
        .await?
        .as_ref()
        .map(ObjectRow::read)
        .transpose()
    }

    /// The sealed content of an object.
    pub async fn s3_content(&mut self, bucket: &str, key: &str) -> Result<Vec<u8>, Fault> {
        let row = self
            .fetch_optional(
                "SELECT sealed FROM s3_objects WHERE bucket = $1 AND object_key = $2",
                args![bucket, key],
            )
            .await?;
        row.map_or(Ok(Vec::new()), |row| row.bytes("sealed"))
    }

    /// The objects of a bucket with keys after `after` and not before `from`, in the order of their keys.
    pub async fn s3_objects(
        &mut self,
        bucket: &str,
        (after, from): (&str, &str),
        limit: i64,
    ) -> Result<Vec<ObjectRow>, Fault> {
        self.fetch_all(
            "SELECT object_key, size, etag, headers, modified_at FROM s3_objects
             WHERE bucket = $1 AND object_key > $2 AND object_key >= $3 ORDER BY object_key LIMIT $4",
            args![bucket, after, from, limit],
        )
        .await?
        .iter()
        .map(ObjectRow::read)
        .collect()
    }

    /// Saves an object in the place of the one of its key.
    pub async fn put_s3_object(
        &mut self,
        bucket: &str,
        object: &ObjectRow,
        sealed: &[u8],
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO s3_objects (bucket, object_key, size, etag, headers, modified_at, sealed)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (bucket, object_key) DO UPDATE SET size = excluded.size, etag = excluded.etag,
             headers = excluded.headers, modified_at = excluded.modified_at, sealed = excluded.sealed",
            args![
                bucket,
                &object.key,
                object.size,
                &object.etag,
                &object.headers,
                object.modified,
                sealed
            ],
        )
        .await
        .map(drop)
    }

    pub async fn delete_s3_object(&mut self, bucket: &str, key: &str) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM s3_objects WHERE bucket = $1 AND object_key = $2",
            args![bucket, key],
        )
        .await
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on_both_databases;

    fn bucket(name: &str) -> BucketRow {
        BucketRow {
            name: name.to_owned(),
            id: format!("id of {name}"),
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            sealed_key: vec![1],
            created: Timestamp::from_secs(1),
        }
    }

    fn object(key: &str) -> ObjectRow {
        ObjectRow {
            key: key.to_owned(),
            size: 3,
            etag: "e".to_owned(),
            headers: "{}".to_owned(),
            modified: Timestamp::from_secs(2),
        }
    }

    on_both_databases! {
        async fn objects_are_in_the_order_of_their_bytes_and_replaced_by_key(store: Store) {
            let mut db = store.write().await.unwrap();
            assert!(db.insert_s3_bucket(&bucket("b")).await.unwrap());
            assert!(!db.insert_s3_bucket(&bucket("b")).await.unwrap());
            for key in ["a", "B", "ä", "a/1", "a/1"] {
                db.put_s3_object("b", &object(key), b"sealed").await.unwrap();
            }
            let keys = |rows: Vec<ObjectRow>| rows.into_iter().map(|row| row.key).collect::<Vec<_>>();
            assert_eq!(keys(db.s3_objects("b", ("", ""), 9).await.unwrap()), ["B", "a", "a/1", "ä"]);
            assert_eq!(keys(db.s3_objects("b", ("a", "a"), 1).await.unwrap()), ["a/1"]);
            let account = bucket("b").account;
            assert_eq!(db.s3_usage(&account).await.unwrap(), (4, 12));
            assert_eq!(db.s3_content("b", "ä").await.unwrap(), b"sealed");
            db.delete_s3_object("b", "ä").await.unwrap();
            assert_eq!(db.s3_object("b", "ä").await.unwrap(), None);
            assert_eq!(db.s3_object("b", "a").await.unwrap(), Some(object("a")));
            assert_eq!(db.s3_buckets(&account).await.unwrap(), [bucket("b")]);
        }
    }
}
