//! What users, roles, groups and instance profiles have in common: a name and a path, and what goes with them.

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Tag, Timestamp};

use super::{NamePage, name_key};
use crate::{Row, Session, args};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    User,
    Group,
    Role,
    InstanceProfile,
}

/// A user or a group, or what a role or an instance profile has beside its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRow {
    pub kind: EntityKind,
    /// `AIDA…`, `AGPA…`, `AROA…` or `AIPA…`.
    pub id: String,
    pub account: AccountId,
    pub name: String,
    /// `/`, or `/…/`.
    pub path: String,
    /// A group has none.
    pub tags: Vec<Tag>,
    /// The ARN of the managed policy that is its permissions boundary; only users and roles can have one.
    pub boundary: Option<String>,
    pub created: Timestamp,
}

impl EntityKind {
    const fn table(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "user_groups",
            Self::Role => "roles",
            Self::InstanceProfile => "instance_profiles",
        }
    }

    /// A statement about all rows of this kind, in which `{table}` stands for their table.
    fn statement(self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(sql.replace("{table}", self.table()))
    }
}

impl EntityRow {
    pub(super) fn from_row(kind: EntityKind, row: &Row) -> Result<Self, Fault> {
        let tags = match kind {
            EntityKind::Group => None,
            _ => row.opt_tags("tags")?,
        };
        let boundary = match kind {
            EntityKind::User | EntityKind::Role => row.opt_text("boundary")?,
            EntityKind::Group | EntityKind::InstanceProfile => None,
        };
        Ok(Self {
            kind,
            id: row.text("id")?,
            account: row.parse("account")?,
            name: row.text("name")?,
            path: row.text("path")?,
            tags: tags.unwrap_or_default(),
            boundary,
            created: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// Adds a user; false where the name is taken.
    pub async fn insert_user(&mut self, user: &EntityRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO users (id, account, name, name_key, path, tags, boundary, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
                args![
                    &user.id,
                    &user.account,
                    &user.name,
                    name_key(&user.name),
                    &user.path,
                    user.tags.as_slice(),
                    user.boundary.as_deref(),
                    user.created,
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// The user of this name. A write session keeps it from changing.
    pub async fn user_by_name(
        &mut self,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<EntityRow>, Fault> {
        self.entity_by_name(EntityKind::User, account, name).await
    }

    /// The user of this id, with the generation of its account.
    pub async fn user_with_generation(
        &mut self,
        id: &str,
    ) -> Result<Option<(EntityRow, i64)>, Fault> {
        self.fetch_optional(
            "SELECT users.*, accounts.generation FROM users JOIN accounts ON accounts.id = users.account WHERE users.id = $1",
            args![id],
        )
        .await?
        .map(|row| Ok((EntityRow::from_row(EntityKind::User, &row)?, row.int("generation")?)))
        .transpose()
    }

    /// The user of this id.
    pub async fn user_by_id(&mut self, id: &str) -> Result<Option<EntityRow>, Fault> {
        self.fetch_optional("SELECT * FROM users WHERE id = $1", args![id])
            .await?
            .map(|row| EntityRow::from_row(EntityKind::User, &row))
            .transpose()
    }

    /// What has this name. A write session keeps it from changing.
    pub async fn entity_by_name(
        &mut self,
        kind: EntityKind,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<EntityRow>, Fault> {
        let sql = kind.statement("SELECT * FROM {table} WHERE account = $1 AND name_key = $2");
        self.fetch_optional_locked(sql, args![account, name_key(name)])
            .await?
            .map(|row| EntityRow::from_row(kind, &row))
            .transpose()
    }

    /// A page of them.
    pub async fn list_entities(
        &mut self,
        kind: EntityKind,
        page: NamePage<'_>,
    ) -> Result<Vec<EntityRow>, Fault> {
        let sql = kind.statement(
            "SELECT * FROM {table} WHERE account = $1 AND SUBSTR(path, 1, LENGTH($2)) = $2 AND name_key > $3
             ORDER BY name_key LIMIT $4",
        );
        let rows = self.fetch_all(sql, page.args()).await?;
        rows.iter()
            .map(|row| EntityRow::from_row(kind, row))
            .collect()
    }

    /// How many of them an account has.
    pub async fn count_entities(
        &mut self,
        kind: EntityKind,
        account: &AccountId,
    ) -> Result<i64, Fault> {
        let sql = kind.statement("SELECT COUNT(*) AS n FROM {table} WHERE account = $1");
        self.fetch_one(sql, args![account]).await?.int("n")
    }

    /// Gives it another name and path. The name must be free, or differ in case only.
    pub async fn rename_entity(
        &mut self,
        entity: &EntityRow,
        name: &str,
        path: &str,
    ) -> Result<(), Fault> {
        let sql = entity
            .kind
            .statement("UPDATE {table} SET name = $2, name_key = $3, path = $4 WHERE id = $1");
        self.execute(sql, args![&entity.id, name, name_key(name), path])
            .await?;
        Ok(())
    }

    /// Replaces the tags of a user, role or instance profile.
    pub async fn set_entity_tags(&mut self, entity: &EntityRow, tags: &[Tag]) -> Result<(), Fault> {
        let sql = entity
            .kind
            .statement("UPDATE {table} SET tags = $2 WHERE id = $1");
        self.execute(sql, args![&entity.id, tags]).await?;
        Ok(())
    }

    /// Replaces the permissions boundary of a user or role.
    pub async fn set_entity_boundary(
        &mut self,
        entity: &EntityRow,
        arn: Option<&str>,
    ) -> Result<(), Fault> {
        let sql = entity
            .kind
            .statement("UPDATE {table} SET boundary = $2 WHERE id = $1");
        self.execute(sql, args![&entity.id, arn]).await?;
        Ok(())
    }

    /// Removes it. Nothing may refer to it any more.
    pub async fn delete_entity(&mut self, entity: &EntityRow) -> Result<(), Fault> {
        let sql = entity.kind.statement("DELETE FROM {table} WHERE id = $1");
        self.execute(sql, args![&entity.id]).await?;
        Ok(())
    }

    /// The users, groups or roles that a managed policy is attached to, by name.
    pub async fn entities_with_policy(
        &mut self,
        kind: EntityKind,
        account: &AccountId,
        arn: &str,
    ) -> Result<Vec<EntityRow>, Fault> {
        let sql = kind.statement(
            "SELECT {table}.* FROM {table} JOIN attached_policies ON attached_policies.owner_id = {table}.id
             WHERE attached_policies.account = $1 AND attached_policies.policy_arn = $2 ORDER BY {table}.name_key",
        );
        let rows = self.fetch_all(sql, args![account, arn]).await?;
        rows.iter()
            .map(|row| EntityRow::from_row(kind, row))
            .collect()
    }

    /// The users or roles whose permissions boundary a managed policy is, by name.
    pub async fn entities_with_boundary(
        &mut self,
        kind: EntityKind,
        account: &AccountId,
        arn: &str,
    ) -> Result<Vec<EntityRow>, Fault> {
        let sql = kind.statement(
            "SELECT * FROM {table} WHERE account = $1 AND boundary = $2 ORDER BY name_key",
        );
        let rows = self.fetch_all(sql, args![account, arn]).await?;
        rows.iter()
            .map(|row| EntityRow::from_row(kind, row))
            .collect()
    }
}
