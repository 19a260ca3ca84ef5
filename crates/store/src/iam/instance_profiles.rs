//! Instance profiles: each holds one role at most.

use types::{AccountId, Fault};

use super::{EntityKind, EntityRow, NamePage, RoleRow, name_key};
use crate::{Row, Session, args};

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceProfileRow {
    pub entity: EntityRow,
    /// The unique id of the role it holds.
    pub role_id: Option<String>,
}

impl InstanceProfileRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            entity: EntityRow::from_row(EntityKind::InstanceProfile, row)?,
            role_id: row.opt_text("role_id")?,
        })
    }
}

impl Session {
    /// Adds an instance profile without a role; false where the name is taken.
    pub async fn insert_instance_profile(&mut self, profile: &EntityRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO instance_profiles (id, account, name, name_key, path, tags, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                args![
                    &profile.id,
                    &profile.account,
                    &profile.name,
                    name_key(&profile.name),
                    &profile.path,
                    profile.tags.as_slice(),
                    profile.created,
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// The instance profile of this name. A write session keeps it from changing.
    pub async fn instance_profile_by_name(
        &mut self,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<InstanceProfileRow>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM instance_profiles WHERE account = $1 AND name_key = $2",
            args![account, name_key(name)],
        )
        .await?
        .map(|row| InstanceProfileRow::from_row(&row))
        .transpose()
    }

    /// A page of instance profiles.
    pub async fn list_instance_profiles(
        &mut self,
        page: NamePage<'_>,
    ) -> Result<Vec<InstanceProfileRow>, Fault> {
        let sql = "SELECT * FROM instance_profiles
             WHERE account = $1 AND SUBSTR(path, 1, LENGTH($2)) = $2 AND name_key > $3
             ORDER BY name_key LIMIT $4";
        let rows = self.fetch_all(sql, page.args()).await?;
        rows.iter().map(InstanceProfileRow::from_row).collect()
    }

    /// The instance profiles that hold a role, by name.
    pub async fn instance_profiles_of(
        &mut self,
        role: &RoleRow,
    ) -> Result<Vec<InstanceProfileRow>, Fault> {
        let sql = "SELECT * FROM instance_profiles WHERE role_id = $1 ORDER BY name_key";
        let rows = self.fetch_all(sql, args![&role.id]).await?;
        rows.iter().map(InstanceProfileRow::from_row).collect()
    }

    /// Puts a role into an instance profile, or takes it out.
    pub async fn set_instance_profile_role(
        &mut self,
        id: &str,
        role_id: Option<&str>,
    ) -> Result<(), Fault> {
        let sql = "UPDATE instance_profiles SET role_id = $2 WHERE id = $1";
        self.execute(sql, args![id, role_id]).await?;
        Ok(())
    }
}
