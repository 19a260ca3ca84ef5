//! Groups and who is in them.

use types::Fault;

use super::{EntityKind, EntityRow, name_key};
use crate::{Session, args};

impl Session {
    /// Adds a group; false where the name is taken.
    pub async fn insert_group(&mut self, group: &EntityRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO user_groups (id, account, name, name_key, path, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                args![
                    &group.id,
                    &group.account,
                    &group.name,
                    name_key(&group.name),
                    &group.path,
                    group.created,
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// Puts a user into a group; doing it twice changes nothing.
    pub async fn add_group_member(&mut self, group_id: &str, user_id: &str) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            args![group_id, user_id],
        )
        .await?;
        Ok(())
    }

    /// Takes a user out of a group; false where it was not in it.
    pub async fn remove_group_member(
        &mut self,
        group_id: &str,
        user_id: &str,
    ) -> Result<bool, Fault> {
        let sql = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2";
        Ok(self.execute(sql, args![group_id, user_id]).await? > 0)
    }

    /// The users in a group, by name.
    pub async fn group_members(&mut self, group_id: &str) -> Result<Vec<EntityRow>, Fault> {
        let sql = "SELECT users.* FROM users JOIN group_members ON group_members.user_id = users.id
             WHERE group_members.group_id = $1 ORDER BY users.name_key";
        let rows = self.fetch_all(sql, args![group_id]).await?;
        rows.iter()
            .map(|row| EntityRow::from_row(EntityKind::User, row))
            .collect()
    }

    /// The groups that a user is in, by name.
    pub async fn groups_of(&mut self, user_id: &str) -> Result<Vec<EntityRow>, Fault> {
        let sql = "SELECT user_groups.* FROM user_groups JOIN group_members ON group_members.group_id = user_groups.id
             WHERE group_members.user_id = $1 ORDER BY user_groups.name_key";
        let rows = self.fetch_all(sql, args![user_id]).await?;
        rows.iter()
            .map(|row| EntityRow::from_row(EntityKind::Group, row))
            .collect()
    }
}
