//! Where a secret is to be replicated to, and how that went. The replicas themselves are secrets like any other.

use types::{Fault, Region};

use crate::{Session, args};

/// One replica, as its primary knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    pub region: Region,
    /// As the caller gave it; `None` for the default key of the region.
    pub kms_key_id: Option<String>,
    /// `InSync` or `Failed`.
    pub status: String,
    /// Why, or that all is well.
    pub message: String,
}

impl Session {
    /// The replicas that a secret is to have, in the order of their regions.
    pub async fn secret_replicas(&mut self, primary_arn: &str) -> Result<Vec<Replica>, Fault> {
        self.fetch_all(
            "SELECT region, kms_key_id, status, message FROM secret_replicas WHERE primary_arn = $1 ORDER BY region",
            args![primary_arn],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(Replica {
                region: row.parse("region")?,
                kms_key_id: row.opt_text("kms_key_id")?,
                status: row.text("status")?,
                message: row.text("message")?,
            })
        })
        .collect()
    }

    /// Adds a replica, or notes anew how it goes with one.
    pub async fn save_secret_replica(
        &mut self,
        primary_arn: &str,
        replica: &Replica,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO secret_replicas (primary_arn, region, kms_key_id, status, message) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (primary_arn, region) DO UPDATE
             SET kms_key_id = excluded.kms_key_id, status = excluded.status, message = excluded.message",
            args![
                primary_arn,
                &replica.region,
                replica.kms_key_id.as_deref(),
                &replica.status,
                &replica.message,
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets a replica; the secret in its region stays.
    pub async fn forget_secret_replica(
        &mut self,
        primary_arn: &str,
        region: &Region,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM secret_replicas WHERE primary_arn = $1 AND region = $2",
            args![primary_arn, region],
        )
        .await?;
        Ok(())
    }
}
