//! Roles.

use types::{AccountId, Fault, Tag, Timestamp};

use super::{NamePage, name_key};
use crate::{Row, Session, args};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// `AROA…`
    pub id: String,
    pub account: AccountId,
    pub name: String,
    /// `/`, or `/…/`.
    pub path: String,
    /// Who may assume it, in the text it was given in.
    pub trust_policy: String,
    pub description: Option<String>,
    /// In seconds.
    pub max_session_duration: i64,
    pub tags: Vec<Tag>,
    /// The ARN of the managed policy that is its permissions boundary.
    pub boundary: Option<String>,
    pub created: Timestamp,
}

impl RoleRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("id")?,
            account: row.parse("account")?,
            name: row.text("name")?,
            path: row.text("path")?,
            trust_policy: row.text("trust_policy")?,
            description: row.opt_text("description")?,
            max_session_duration: row.int("max_session_duration")?,
            tags: row.opt_tags("tags")?.unwrap_or_default(),
            boundary: row.opt_text("boundary")?,
            created: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// Adds a role; false where the name is taken.
    pub async fn insert_role(&mut self, role: &RoleRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO roles (id, account, name, name_key, path, trust_policy, description, max_session_duration,
                                    tags, boundary, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
                args![
                    &role.id,
                    &role.account,
                    &role.name,
                    name_key(&role.name),
                    &role.path,
                    &role.trust_policy,
                    role.description.as_deref(),
                    role.max_session_duration,
                    role.tags.as_slice(),
                    role.boundary.as_deref(),
                    role.created,
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// The role of this name. A write session keeps it from changing.
    pub async fn role_by_name(
        &mut self,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<RoleRow>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM roles WHERE account = $1 AND name_key = $2",
            args![account, name_key(name)],
        )
        .await?
        .map(|row| RoleRow::from_row(&row))
        .transpose()
    }

    /// The role of this id, with the generation of its account.
    pub async fn role_by_id(&mut self, id: &str) -> Result<Option<(RoleRow, i64)>, Fault> {
        self.fetch_optional(
            "SELECT roles.*, accounts.generation FROM roles JOIN accounts ON accounts.id = roles.account WHERE roles.id = $1",
            args![id],
        )
        .await?
        .map(|row| Ok((RoleRow::from_row(&row)?, row.int("generation")?)))
        .transpose()
    }

    /// A page of roles.
    pub async fn list_roles(&mut self, page: NamePage<'_>) -> Result<Vec<RoleRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM roles WHERE account = $1 AND SUBSTR(path, 1, LENGTH($2)) = $2 AND name_key > $3
             ORDER BY name_key LIMIT $4",
            args![page.account, page.path_prefix, name_key(page.after), page.limit],
        )
        .await?
        .iter()
        .map(RoleRow::from_row)
        .collect()
    }

    /// Replaces the policy that says who may assume a role.
    pub async fn update_trust_policy(&mut self, id: &str, document: &str) -> Result<(), Fault> {
        self.execute(
            "UPDATE roles SET trust_policy = $2 WHERE id = $1",
            args![id, document],
        )
        .await?;
        Ok(())
    }

    /// Removes a role, which must have no policies any more.
    pub async fn delete_role(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM roles WHERE id = $1", args![id])
            .await?;
        Ok(())
    }
}
