//! What managed policies are attached to.

use std::collections::HashMap;

use types::{AccountId, Fault};

use crate::{Session, args};

/// A managed policy attached to a user, role or group, with the document that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedDocument {
    pub arn: String,
    /// `None` for a policy of AWS's, which is no row.
    pub document: Option<String>,
}

/// How often a managed policy is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// By how many users, groups and roles it is attached.
    pub attachments: i64,
    /// For how many users and roles it is the permissions boundary.
    pub boundaries: i64,
}

impl Session {
    /// Attaches a managed policy to a user, role or group; attaching it twice changes nothing.
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

    /// What is attached to a user, role or group, sorted by ARN.
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

    /// How often each managed policy is used in an account, by ARN. What is missing is not used.
    pub async fn policy_usage(
        &mut self,
        account: &AccountId,
    ) -> Result<HashMap<String, Usage>, Fault> {
        let mut usage: HashMap<String, Usage> = HashMap::new();
        let attached = "SELECT policy_arn, COUNT(*) AS n FROM attached_policies WHERE account = $1 GROUP BY policy_arn";
        for row in self.fetch_all(attached, args![account]).await? {
            usage
                .entry(row.text("policy_arn")?)
                .or_default()
                .attachments = row.int("n")?;
        }
        let boundaries = "SELECT boundary, COUNT(*) AS n FROM (
                 SELECT boundary FROM users WHERE account = $1 AND boundary IS NOT NULL
                 UNION ALL
                 SELECT boundary FROM roles WHERE account = $1 AND boundary IS NOT NULL
             ) AS bounded GROUP BY boundary";
        for row in self.fetch_all(boundaries, args![account]).await? {
            usage.entry(row.text("boundary")?).or_default().boundaries = row.int("n")?;
        }
        Ok(usage)
    }
}
