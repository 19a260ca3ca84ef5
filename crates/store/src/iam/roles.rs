//! Roles.

use std::ops::Deref;

use types::{AccountId, Fault};

use super::{EntityKind, EntityRow, NamePage, name_key};
use crate::{Row, Session, args};

/// A role: a named entity that can be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    pub entity: EntityRow,
    /// Who may assume it, in the text it was given in.
    pub trust_policy: String,
    pub description: Option<String>,
    /// In seconds.
    pub max_session_duration: i64,
}

impl Deref for RoleRow {
    type Target = EntityRow;

    fn deref(&self) -> &EntityRow {
        &self.entity
    }
}

impl RoleRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            entity: EntityRow::from_row(EntityKind::Role, row)?,
            trust_policy: row.text("trust_policy")?,
            description: row.opt_text("description")?,
            max_session_duration: row.int("max_session_duration")?,
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
            page.args(),
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

    /// Replaces the description of a role and how long its sessions can last.
    pub async fn update_role(
        &mut self,
        id: &str,
        description: Option<&str>,
        max_session_duration: i64,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE roles SET description = $2, max_session_duration = $3 WHERE id = $1",
            args![id, description, max_session_duration],
        )
        .await?;
        Ok(())
    }
}
