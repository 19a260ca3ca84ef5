//! The secret halves of keys, sealed.

use types::{Fault, Timestamp};

use super::KeyAddress;
use crate::{Row, Session, args};

/// Key material on its way into the store.
pub struct NewMaterial {
    pub id: String,
    pub sealed: Vec<u8>,
    /// `None` for the first material of a key.
    pub rotation_type: Option<String>,
    pub created: Timestamp,
}

/// What there is to say about material without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialRow {
    pub id: String,
    /// `None` for the first material of a key.
    pub rotation_type: Option<String>,
    pub created: Timestamp,
}

impl Session {
    /// Adds material to a key. What encrypts is for the key's own row to say.
    pub async fn insert_kms_material(
        &mut self,
        address: &KeyAddress,
        material: &NewMaterial,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO kms_materials (material_id, account, region, key_id, sealed, created, rotation_type) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![
                &material.id,
                &address.account,
                &address.region,
                &address.key_id,
                &material.sealed,
                material.created,
                material.rotation_type.as_deref(),
            ],
        )
        .await
        .map(drop)
    }

    /// The sealed material with that id, where it belongs to that key.
    pub async fn kms_material(
        &mut self,
        address: &KeyAddress,
        material_id: &str,
    ) -> Result<Option<Vec<u8>>, Fault> {
        self.fetch_optional(
            "SELECT sealed FROM kms_materials \
             WHERE material_id = $1 AND account = $2 AND region = $3 AND key_id = $4",
            args![
                material_id,
                &address.account,
                &address.region,
                &address.key_id
            ],
        )
        .await?
        .map(|row| row.bytes("sealed"))
        .transpose()
    }

    /// All material that a key ever had, oldest first.
    pub async fn kms_materials(&mut self, address: &KeyAddress) -> Result<Vec<MaterialRow>, Fault> {
        self.fetch_all(
            "SELECT material_id, rotation_type, created FROM kms_materials \
             WHERE account = $1 AND region = $2 AND key_id = $3 \
             ORDER BY CASE WHEN rotation_type IS NULL THEN 0 ELSE 1 END, created, material_id",
            args![&address.account, &address.region, &address.key_id],
        )
        .await?
        .iter()
        .map(MaterialRow::read)
        .collect()
    }
}

impl MaterialRow {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("material_id")?,
            rotation_type: row.opt_text("rotation_type")?,
            created: row.timestamp("created")?,
        })
    }
}
