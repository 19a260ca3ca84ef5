//! Inline and managed policies, and what managed policies are attached to.

use types::{AccountId, Fault, Tag, Timestamp};

use super::{NamePage, name_key};
use crate::{Row, Session, args};

/// A policy that is part of a user or role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicyRow {
    pub name: String,
    pub document: String,
}

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

/// A managed policy attached to a user or role, with the document that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedDocument {
    pub arn: String,
    /// `None` for a policy of AWS's, which is no row.
    pub document: Option<String>,
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
            created: row.timestamp("created_at")?,
            updated: row.timestamp("updated_at")?,
        })
    }
}

impl Session {
    /// Writes an inline policy of a user or role, over an earlier one of that name.
    pub async fn put_inline_policy(
        &mut self,
        owner_id: &str,
        name: &str,
        document: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO inline_policies (owner_id, name, document) VALUES ($1, $2, $3)
             ON CONFLICT (owner_id, name) DO UPDATE SET document = excluded.document",
            args![owner_id, name, document],
        )
        .await?;
        Ok(())
    }

    /// The inline policies of a user or role, sorted by name.
    pub async fn inline_policies(&mut self, owner_id: &str) -> Result<Vec<InlinePolicyRow>, Fault> {
        let sql = "SELECT name, document FROM inline_policies WHERE owner_id = $1 ORDER BY name";
        let rows = self.fetch_all(sql, args![owner_id]).await?;
        let policies = rows.iter().map(|row| {
            Ok(InlinePolicyRow {
                name: row.text("name")?,
                document: row.text("document")?,
            })
        });
        policies.collect()
    }

    /// Removes an inline policy; false where there is none of that name.
    pub async fn delete_inline_policy(
        &mut self,
        owner_id: &str,
        name: &str,
    ) -> Result<bool, Fault> {
        let sql = "DELETE FROM inline_policies WHERE owner_id = $1 AND name = $2";
        Ok(self.execute(sql, args![owner_id, name]).await? > 0)
    }

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
            args![page.account, page.path_prefix, name_key(page.after), page.limit],
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
        .map(|row| {
            Ok(PolicyVersionRow {
                version: row.int("version")?,
                document: row.text("document")?,
                created: row.timestamp("created_at")?,
            })
        })
        .transpose()
    }

    /// Removes a managed policy with its versions. It must not be attached any more.
    pub async fn delete_managed_policy(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM managed_policies WHERE id = $1", args![id])
            .await?;
        Ok(())
    }

    /// Attaches a managed policy to a user or role; attaching it twice changes nothing.
    pub async fn attach_policy(
        &mut self,
        account: &AccountId,
        owner_id: &str,
        arn: &str,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO attached_policies (owner_id, policy_arn, account) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            args![owner_id, arn, account],
        )
        .await?;
        Ok(())
    }

    /// Detaches a managed policy; false where it was not attached.
    pub async fn detach_policy(&mut self, owner_id: &str, arn: &str) -> Result<bool, Fault> {
        let sql = "DELETE FROM attached_policies WHERE owner_id = $1 AND policy_arn = $2";
        Ok(self.execute(sql, args![owner_id, arn]).await? > 0)
    }

    /// What is attached to a user or role, sorted by ARN.
    pub async fn attached_policies(
        &mut self,
        owner_id: &str,
    ) -> Result<Vec<AttachedDocument>, Fault> {
        let sql = "SELECT attached.policy_arn, version.document
             FROM attached_policies attached
             LEFT JOIN managed_policies policy ON policy.arn = attached.policy_arn
             LEFT JOIN managed_policy_versions version
                 ON version.policy_id = policy.id AND version.version = policy.default_version
             WHERE attached.owner_id = $1 ORDER BY attached.policy_arn";
        let rows = self.fetch_all(sql, args![owner_id]).await?;
        let attached = rows.iter().map(|row| {
            Ok(AttachedDocument {
                arn: row.text("policy_arn")?,
                document: row.opt_text("document")?,
            })
        });
        attached.collect()
    }

    /// How many users and roles of an account a managed policy is attached to.
    pub async fn count_attachments(
        &mut self,
        account: &AccountId,
        arn: &str,
    ) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT COUNT(*) AS n FROM attached_policies WHERE account = $1 AND policy_arn = $2",
            args![account, arn],
        )
        .await?
        .int("n")
    }

    /// How many users and roles of an account have a managed policy as their permissions boundary.
    pub async fn count_boundaries(&mut self, account: &AccountId, arn: &str) -> Result<i64, Fault> {
        let users = self
            .fetch_one(
                "SELECT COUNT(*) AS n FROM users WHERE account = $1 AND boundary = $2",
                args![account, arn],
            )
            .await?
            .int("n")?;
        let roles = self
            .fetch_one(
                "SELECT COUNT(*) AS n FROM roles WHERE account = $1 AND boundary = $2",
                args![account, arn],
            )
            .await?
            .int("n")?;
        Ok(users + roles)
    }
}
