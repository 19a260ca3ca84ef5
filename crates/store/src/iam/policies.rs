//! Customers' managed policies and their versions.

use types::{AccountId, Fault, Tag, Timestamp};

use super::{NamePage, name_key};
use crate::{Row, Session, args};

/// A customer's managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicyRow {
    /// `ANPA…`
    pub id: String,
    pub arn: String,
    pub account: AccountId,
    pub name: String,
    /// `/`, or `/…/`.
    pub path: String,
    pub description: Option<String>,
    pub tags: Vec<Tag>,
    pub default_version: i64,
    /// The highest version that it ever had.
    pub last_version: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// One version of a customer's managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersionRow {
    pub version: i64,
    pub document: String,
    pub created: Timestamp,
}

impl ManagedPolicyRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("id")?,
            arn: row.text("arn")?,
            account: row.parse("account")?,
            name: row.text("name")?,
            path: row.text("path")?,
            description: row.opt_text("description")?,
            tags: row.opt_tags("tags")?.unwrap_or_default(),
            default_version: row.int("default_version")?,
            last_version: row.int("last_version")?,
            created: row.timestamp("created_at")?,
            updated: row.timestamp("updated_at")?,
        })
    }
}

impl PolicyVersionRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            version: row.int("version")?,
            document: row.text("document")?,
            created: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// Adds a managed policy whose one version is its default; false where the name is taken.
    pub async fn insert_managed_policy(
        &mut self,
        policy: &ManagedPolicyRow,
        document: &str,
    ) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO managed_policies (id, arn, account, name, name_key, path, description, tags, default_version,
                                               created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
                args![
                    &policy.id,
                    &policy.arn,
                    &policy.account,
                    &policy.name,
                    name_key(&policy.name),
                    &policy.path,
                    policy.description.as_deref(),
                    policy.tags.as_slice(),
                    policy.default_version,
                    policy.created,
                    policy.updated,
                ],
            )
            .await?;
        if inserted == 0 {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO managed_policy_versions (policy_id, version, document, created_at) VALUES ($1, $2, $3, $4)",
            args![&policy.id, policy.default_version, document, policy.created],
        )
        .await?;
        Ok(true)
    }

    /// The managed policy of this ARN. A write session keeps it from changing.
    pub async fn managed_policy(&mut self, arn: &str) -> Result<Option<ManagedPolicyRow>, Fault> {
        self.fetch_optional_locked("SELECT * FROM managed_policies WHERE arn = $1", args![arn])
            .await?
            .map(|row| ManagedPolicyRow::from_row(&row))
            .transpose()
    }

    /// A page of managed policies.
    pub async fn list_managed_policies(
        &mut self,
        page: NamePage<'_>,
    ) -> Result<Vec<ManagedPolicyRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM managed_policies WHERE account = $1 AND SUBSTR(path, 1, LENGTH($2)) = $2 AND name_key > $3
             ORDER BY name_key LIMIT $4",
            page.args(),
        )
        .await?
        .iter()
        .map(ManagedPolicyRow::from_row)
        .collect()
    }

    /// One version of a managed policy.
    pub async fn policy_version(
        &mut self,
        policy_id: &str,
        version: i64,
    ) -> Result<Option<PolicyVersionRow>, Fault> {
        self.fetch_optional(
            "SELECT * FROM managed_policy_versions WHERE policy_id = $1 AND version = $2",
            args![policy_id, version],
        )
        .await?
        .map(|row| PolicyVersionRow::from_row(&row))
        .transpose()
    }

    /// Every version of a managed policy, the newest first.
    pub async fn policy_versions(
        &mut self,
        policy_id: &str,
    ) -> Result<Vec<PolicyVersionRow>, Fault> {
        let sql =
            "SELECT * FROM managed_policy_versions WHERE policy_id = $1 ORDER BY version DESC";
        let rows = self.fetch_all(sql, args![policy_id]).await?;
        rows.iter().map(PolicyVersionRow::from_row).collect()
    }

    /// How many versions all managed policies of an account have together.
    pub async fn count_policy_versions(&mut self, account: &AccountId) -> Result<i64, Fault> {
        let sql = "SELECT COUNT(*) AS n FROM managed_policy_versions
             JOIN managed_policies ON managed_policies.id = managed_policy_versions.policy_id
             WHERE managed_policies.account = $1";
        self.fetch_one(sql, args![account]).await?.int("n")
    }

    /// Adds a version, which is then the highest that the policy ever had.
    pub async fn insert_policy_version(
        &mut self,
        policy_id: &str,
        version: &PolicyVersionRow,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO managed_policy_versions (policy_id, version, document, created_at) VALUES ($1, $2, $3, $4)",
            args![policy_id, version.version, &version.document, version.created],
        )
        .await?;
        self.execute(
            "UPDATE managed_policies SET last_version = $2, updated_at = $3 WHERE id = $1",
            args![policy_id, version.version, version.created],
        )
        .await?;
        Ok(())
    }

    /// Removes a version, which must not be the default.
    pub async fn delete_policy_version(
        &mut self,
        policy_id: &str,
        version: i64,
    ) -> Result<(), Fault> {
        let sql = "DELETE FROM managed_policy_versions WHERE policy_id = $1 AND version = $2";
        self.execute(sql, args![policy_id, version]).await?;
        Ok(())
    }

    /// Puts another version of a managed policy in force.
    pub async fn set_default_policy_version(
        &mut self,
        policy_id: &str,
        version: i64,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let sql = "UPDATE managed_policies SET default_version = $2, updated_at = $3 WHERE id = $1";
        self.execute(sql, args![policy_id, version, now]).await?;
        Ok(())
    }

    /// Replaces the tags of a managed policy.
    pub async fn set_policy_tags(&mut self, policy_id: &str, tags: &[Tag]) -> Result<(), Fault> {
        let sql = "UPDATE managed_policies SET tags = $2 WHERE id = $1";
        self.execute(sql, args![policy_id, tags]).await?;
        Ok(())
    }

    /// How many managed policies an account has.
    pub async fn count_managed_policies(&mut self, account: &AccountId) -> Result<i64, Fault> {
        let sql = "SELECT COUNT(*) AS n FROM managed_policies WHERE account = $1";
        self.fetch_one(sql, args![account]).await?.int("n")
    }

    /// Removes a managed policy with its versions. It must not be attached any more.
    pub async fn delete_managed_policy(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM managed_policies WHERE id = $1", args![id])
            .await?;
        Ok(())
    }
}
