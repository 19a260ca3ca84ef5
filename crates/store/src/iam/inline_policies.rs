//! Policies that are part of one user, role or group.

use types::Fault;

use crate::{Session, args};

/// A policy that is part of a user, role or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicyRow {
    pub name: String,
    pub document: String,
}

impl Session {
    /// Writes an inline policy of a user, role or group, over an earlier one of that name.
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

    /// The inline policies of a user, role or group, sorted by name.
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
}
