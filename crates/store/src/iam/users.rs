//! Users.

use types::{AccountId, Fault, Tag, Timestamp};

use super::{NamePage, name_key};
use crate::{Row, Session, args};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// `AIDA…`
    pub id: String,
    pub account: AccountId,
    pub name: String,
    /// `/`, or `/…/`.
    pub path: String,
    pub tags: Vec<Tag>,
    /// The ARN of the managed policy that is its permissions boundary.
    pub boundary: Option<String>,
    pub created: Timestamp,
}

impl UserRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("id")?,
            account: row.parse("account")?,
            name: row.text("name")?,
            path: row.text("path")?,
            tags: row.opt_tags("tags")?.unwrap_or_default(),
            boundary: row.opt_text("boundary")?,
            created: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// Adds a user; false where the name is taken.
    pub async fn insert_user(&mut self, user: &UserRow) -> Result<bool, Fault> {
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
    ) -> Result<Option<UserRow>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM users WHERE account = $1 AND name_key = $2",
            args![account, name_key(name)],
        )
        .await?
        .map(|row| UserRow::from_row(&row))
        .transpose()
    }

    /// The user of this id.
    pub async fn user_by_id(&mut self, id: &str) -> Result<Option<UserRow>, Fault> {
        self.fetch_optional("SELECT * FROM users WHERE id = $1", args![id])
            .await?
            .map(|row| UserRow::from_row(&row))
            .transpose()
    }

    /// A page of users.
    pub async fn list_users(&mut self, page: NamePage<'_>) -> Result<Vec<UserRow>, Fault> {
        self.fetch_all(
            "SELECT * FROM users WHERE account = $1 AND SUBSTR(path, 1, LENGTH($2)) = $2 AND name_key > $3
             ORDER BY name_key LIMIT $4",
            args![page.account, page.path_prefix, name_key(page.after), page.limit],
        )
        .await?
        .iter()
        .map(UserRow::from_row)
        .collect()
    }

    /// Removes a user, who must have no keys and no policies any more.
    pub async fn delete_user(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM users WHERE id = $1", args![id])
            .await?;
        Ok(())
    }
}
