//! Grants: who may do what with a key beside its policy.

use types::{AccountId, Fault, Region, Timestamp};

use super::KeyAddress;
use crate::{Row, Session, args};

/// A grant. Principals are kept by the unique id of a user or role, else by ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    pub key: KeyAddress,
    pub grant_id: String,
    pub name: Option<String>,
    pub grantee: String,
    pub retiring: Option<String>,
    /// The account that made it.
    pub issuer: AccountId,
    /// A JSON list.
    pub operations: String,
    /// A JSON object.
    pub context_equals: Option<String>,
    /// A JSON object.
    pub context_subset: Option<String>,
    pub created: Timestamp,
}

impl Session {
    /// Saves a new grant.
    pub async fn insert_kms_grant(&mut self, grant: &GrantRow) -> Result<(), Fault> {
        let KeyAddress {
            account,
            region,
            key_id,
        } = &grant.key;
        self.execute(
            "INSERT INTO kms_grants (account, region, key_id, grant_id, name, grantee, retiring, issuer, operations, \
             context_equals, context_subset, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            args![
                account,
                region,
                key_id,
                &grant.grant_id,
                grant.name.as_deref(),
                &grant.grantee,
                grant.retiring.as_deref(),
                &grant.issuer,
                &grant.operations,
                grant.context_equals.as_deref(),
                grant.context_subset.as_deref(),
                grant.created,
            ],
        )
        .await
        .map(drop)
    }

    /// A grant of a key.
    pub async fn kms_grant(
        &mut self,
        key: &KeyAddress,
        grant_id: &str,
    ) -> Result<Option<GrantRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 AND grant_id = $4",
            args![&key.account, &key.region, &key.key_id, grant_id],
        )
        .await?
        .as_ref()
        .map(GrantRow::read)
        .transpose()
    }

    /// The grants of a key for a grantee who goes by these three names.
    pub async fn kms_grants_for(
        &mut self,
        key: &KeyAddress,
        grantee: [&str; 3],
    ) -> Result<Vec<GrantRow>, Fault> {
        let [one, two, three] = grantee;
        self.fetch_all(
            "SELECT * FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 \
             AND grantee IN ($4, $5, $6) ORDER BY created, grant_id",
            args![&key.account, &key.region, &key.key_id, one, two, three],
        )
        .await?
        .iter()
        .map(GrantRow::read)
        .collect()
    }

    /// The grants of a key that have a name.
    pub async fn kms_grants_named(
        &mut self,
        key: &KeyAddress,
        name: &str,
    ) -> Result<Vec<GrantRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 AND name = $4 \
             ORDER BY created, grant_id",
            args![&key.account, &key.region, &key.key_id, name],
        )
        .await?
        .iter()
        .map(GrantRow::read)
        .collect()
    }

    /// How many grants a key has.
    pub async fn count_kms_grants(&mut self, key: &KeyAddress) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT COUNT(*) AS count FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3",
            args![&key.account, &key.region, &key.key_id],
        )
        .await?
        .int("count")
    }

    /// The grants of a key after one id, in order; only one, or only those of a grantee.
    pub async fn kms_grants(
        &mut self,
        key: &KeyAddress,
        grant_id: Option<&str>,
        grantee: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<GrantRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 \
             AND grant_id = COALESCE($4, grant_id) AND grantee = COALESCE($5, grantee) AND grant_id > $6 \
             ORDER BY grant_id LIMIT $7",
            args![
                &key.account,
                &key.region,
                &key.key_id,
                grant_id,
                grantee,
                after,
                limit
            ],
        )
        .await?
        .iter()
        .map(GrantRow::read)
        .collect()
    }

    /// The grants of a region, of any account's keys, that a principal may retire.
    pub async fn kms_grants_retired_by(
        &mut self,
        retiring: &str,
        region: &Region,
        after: &str,
        limit: i64,
    ) -> Result<Vec<GrantRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM kms_grants WHERE retiring = $1 AND region = $2 AND grant_id > $3 \
             ORDER BY grant_id LIMIT $4",
            args![retiring, region, after, limit],
        )
        .await?
        .iter()
        .map(GrantRow::read)
        .collect()
    }

    /// Removes a grant; `false` where there was none.
    pub async fn delete_kms_grant(
        &mut self,
        key: &KeyAddress,
        grant_id: &str,
    ) -> Result<bool, Fault> {
        let deleted = self
            .execute(
                "DELETE FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 AND grant_id = $4",
                args![&key.account, &key.region, &key.key_id, grant_id],
            )
            .await?;
        Ok(deleted == 1)
    }
}

impl GrantRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            key: KeyAddress::read(row)?,
            grant_id: row.text("grant_id")?,
            name: row.opt_text("name")?,
            grantee: row.text("grantee")?,
            retiring: row.opt_text("retiring")?,
            issuer: row.parse("issuer")?,
            operations: row.text("operations")?,
            context_equals: row.opt_text("context_equals")?,
            context_subset: row.opt_text("context_subset")?,
            created: row.timestamp("created")?,
        })
    }
}
