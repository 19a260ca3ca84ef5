//! When access keys and roles were last used.

use types::{Fault, Timestamp};

use crate::{Session, args};

/// When, for which service and where something was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    pub at: Timestamp,
    /// As signatures spell it: `secretsmanager`.
    pub service: String,
    pub region: String,
}

impl Session {
    /// Notes a use of an access key or role; one before the last known changes nothing.
    pub async fn record_use(&mut self, id: &str, used: &LastUse) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO last_uses (id, used_at, service, region) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, service = excluded.service, region = excluded.region
             WHERE last_uses.used_at < excluded.used_at",
            args![id, used.at, &used.service, &used.region],
        )
        .await?;
        Ok(())
    }

    /// The last use of an access key or role, if there was any.
    pub async fn last_use(&mut self, id: &str) -> Result<Option<LastUse>, Fault> {
        self.fetch_optional("SELECT * FROM last_uses WHERE id = $1", args![id])
            .await?
            .map(|row| {
                Ok(LastUse {
                    at: row.timestamp("used_at")?,
                    service: row.text("service")?,
                    region: row.text("region")?,
                })
            })
            .transpose()
    }

    /// Forgets the uses of what is gone.
    pub async fn forget_uses(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM last_uses WHERE id = $1", args![id])
            .await?;
        Ok(())
    }
}
