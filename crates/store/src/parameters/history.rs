//! The versions of one parameter.

use sqlx::AssertSqlSafe;
use types::Fault;

use super::{COLUMNS, Parameter, ParameterKey, SAME};
use crate::{Session, args};

impl Session {
    /// The versions after a number, oldest first.
    pub async fn parameter_history(
        &mut self,
        key: ParameterKey<'_>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Parameter>, Fault> {
        let sql = format!(
            "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON {SAME} AND v.version > $4
             WHERE p.account = $1 AND p.region = $2 AND p.path = $3 ORDER BY v.version LIMIT $5"
        );
        let args = args![key.account, key.region, key.path, after, limit];
        let rows = self.fetch_all(AssertSqlSafe(sql), args).await?;
        rows.iter().map(Parameter::from_row).collect()
    }
}
