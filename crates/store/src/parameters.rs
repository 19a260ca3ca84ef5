//! Parameters, their versions and the labels on them.

mod find;
mod history;
mod labels;
mod list;
mod policies;
mod settings;
#[cfg(test)]
mod tests;

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Region, Tag, Timestamp};

use crate::{Arg, Row, Session, args};

pub use find::{FoundParameter, WantedParameters};
pub use list::{ParameterPage, ParameterScope};
pub use policies::{DueNotification, ExpiredParameter, Notification};
pub use settings::Setting;

/// Which parameter: `a` and `/a` are one, so it is told by its path, which always has the leading slash.
#[derive(Clone, Copy, Debug)]
pub struct ParameterKey<'a> {
    pub account: &'a AccountId,
    pub region: &'a Region,
    pub path: &'a str,
}

/// One version of a parameter, with what belongs to the parameter as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name as it was given at creation.
    pub name: String,
    pub path: String,
    pub version: i64,
    pub latest_version: i64,
    /// `String`, `StringList` or `SecureString`.
    pub type_: String,
    /// `Standard` or `Advanced`.
    pub tier: String,
    pub data_type: String,
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    /// JSON as given.
    pub policies: Option<String>,
    /// As the caller gave it, for a `SecureString`.
    pub key_id: Option<String>,
    /// The value, sealed as its type and tier say.
    pub sealed: Vec<u8>,
    pub modified: Timestamp,
    pub modified_by: String,
    /// `None` until it was tagged for the first time.
    pub tags: Option<Vec<Tag>>,
}

const COLUMNS: &str = "p.name, p.path, p.version AS latest_version, p.tags, v.version, v.type, v.tier, v.data_type, \
     v.description, v.allowed_pattern, v.policies, v.key_id, v.sealed, v.modified_at, v.modified_by";

const SAME: &str = "v.account = p.account AND v.region = p.region AND v.path = p.path";

impl Parameter {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            name: row.text("name")?,
            path: row.text("path")?,
            version: row.int("version")?,
            latest_version: row.int("latest_version")?,
            type_: row.text("type")?,
            tier: row.text("tier")?,
            data_type: row.text("data_type")?,
            description: row.opt_text("description")?,
            allowed_pattern: row.opt_text("allowed_pattern")?,
            policies: row.opt_text("policies")?,
            key_id: row.opt_text("key_id")?,
            sealed: row.bytes("sealed")?,
            modified: row.timestamp("modified_at")?,
            modified_by: row.text("modified_by")?,
            tags: row.opt_tags("tags")?,
        })
    }
}

/// The path up to its last slash; empty for the top.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

impl Session {
    /// The latest version of a parameter. A write session keeps the parameter from changing.
    pub async fn parameter(&mut self, key: ParameterKey<'_>) -> Result<Option<Parameter>, Fault> {
        self.lock_parameter(key).await?;
        self.one_parameter(
            format!(
                "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON {SAME} AND v.version = p.version
                 WHERE p.account = $1 AND p.region = $2 AND p.path = $3"
            ),
            args![key.account, key.region, key.path],
        )
        .await
    }

    /// A version of a parameter by its number.
    pub async fn parameter_version(
        &mut self,
        key: ParameterKey<'_>,
        version: i64,
    ) -> Result<Option<Parameter>, Fault> {
        self.one_parameter(
            format!(
                "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON {SAME} AND v.version = $4
                 WHERE p.account = $1 AND p.region = $2 AND p.path = $3"
            ),
            args![key.account, key.region, key.path, version],
        )
        .await
    }

    async fn one_parameter(
        &mut self,
        sql: String,
        args: Vec<Arg>,
    ) -> Result<Option<Parameter>, Fault> {
        self.fetch_optional(AssertSqlSafe(sql), args)
            .await?
            .map(|row| Parameter::from_row(&row))
            .transpose()
    }

    /// Holds the row of the parameter in a write session, so that versions are counted one by one.
    async fn lock_parameter(&mut self, key: ParameterKey<'_>) -> Result<(), Fault> {
        if self.is_write() {
            self.fetch_optional_locked(
                "SELECT path FROM parameters WHERE account = $1 AND region = $2 AND path = $3",
                args![key.account, key.region, key.path],
            )
            .await?;
        }
        Ok(())
    }

    /// Adds a version and makes it the latest. The first one makes the parameter, with its name and tags; false where
    /// another made it in the same moment.
    pub async fn put_parameter(
        &mut self,
        account: &AccountId,
        region: &Region,
        parameter: &Parameter,
        expires: Option<Timestamp>,
    ) -> Result<bool, Fault> {
        let changed = if parameter.version == 1 {
            self.execute(
                "INSERT INTO parameters (account, region, path, parent, name, version, tags, expires_at)
                 VALUES ($1, $2, $3, $4, $5, 1, $6, $7) ON CONFLICT DO NOTHING",
                args![
                    account,
                    region,
                    &parameter.path,
                    parent(&parameter.path),
                    &parameter.name,
                    parameter.tags.as_deref(),
                    expires,
                ],
            )
            .await?
        } else {
            self.execute(
                "UPDATE parameters SET version = $4, expires_at = $5 WHERE account = $1 AND region = $2 AND path = $3",
                args![account, region, &parameter.path, parameter.version, expires],
            )
            .await?
        };
        if changed == 0 {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO parameter_versions (account, region, path, version, type, tier, data_type, description,
             allowed_pattern, policies, key_id, sealed, modified_at, modified_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            args![
                account,
                region,
                &parameter.path,
                parameter.version,
                &parameter.type_,
                &parameter.tier,
                &parameter.data_type,
                parameter.description.as_deref(),
                parameter.allowed_pattern.as_deref(),
                parameter.policies.as_deref(),
                parameter.key_id.as_deref(),
                &parameter.sealed,
                parameter.modified,
                &parameter.modified_by,
            ],
        )
        .await?;
        Ok(true)
    }

    /// How many versions a parameter has, the number of the oldest, and whether that one has a label.
    pub async fn oldest_parameter_version(
        &mut self,
        key: ParameterKey<'_>,
    ) -> Result<(i64, i64, bool), Fault> {
        let row = self
            .fetch_one(
                "SELECT COUNT(*) AS versions, COALESCE(MIN(version), 0) AS oldest FROM parameter_versions
                 WHERE account = $1 AND region = $2 AND path = $3",
                args![key.account, key.region, key.path],
            )
            .await?;
        let (versions, oldest) = (row.int("versions")?, row.int("oldest")?);
        let labels = self
            .fetch_one(
                "SELECT COUNT(*) AS labels FROM parameter_labels
                 WHERE account = $1 AND region = $2 AND path = $3 AND version = $4",
                args![key.account, key.region, key.path, oldest],
            )
            .await?
            .int("labels")?;
        Ok((versions, oldest, labels > 0))
    }

    /// Removes one version.
    pub async fn delete_parameter_version(
        &mut self,
        key: ParameterKey<'_>,
        version: i64,
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM parameter_versions WHERE account = $1 AND region = $2 AND path = $3 AND version = $4",
            args![key.account, key.region, key.path, version],
        )
        .await?;
        Ok(())
    }

    /// Removes a parameter with its versions and labels; false where there is none.
    pub async fn delete_parameter(&mut self, key: ParameterKey<'_>) -> Result<bool, Fault> {
        let deleted = self
            .execute(
                "DELETE FROM parameters WHERE account = $1 AND region = $2 AND path = $3",
                args![key.account, key.region, key.path],
            )
            .await?;
        Ok(deleted > 0)
    }

    /// Gives a parameter these tags in place of those it had.
    pub async fn set_parameter_tags(
        &mut self,
        key: ParameterKey<'_>,
        tags: &[Tag],
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE parameters SET tags = $4 WHERE account = $1 AND region = $2 AND path = $3",
            args![key.account, key.region, key.path, tags],
        )
        .await?;
        Ok(())
    }

    /// How many parameters of an account and region are of a tier.
    pub async fn count_parameters(
        &mut self,
        account: &AccountId,
        region: &Region,
        tier: &str,
    ) -> Result<i64, Fault> {
        let sql = format!(
            "SELECT COUNT(*) AS parameters FROM parameters p JOIN parameter_versions v ON {SAME} AND v.version = p.version
             WHERE p.account = $1 AND p.region = $2 AND v.tier = $3"
        );
        self.fetch_one(AssertSqlSafe(sql), args![account, region, tier])
            .await?
            .int("parameters")
    }
}
