//! Many parameters in one statement, each in the version that is wanted.

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Region};

use super::{COLUMNS, Parameter, SAME};
use crate::{Arg, Session, args};

/// Parameters that are looked for together.
#[derive(Clone, Debug, Default)]
pub struct WantedParameters {
    pub paths: Vec<String>,
    /// Numbers of versions that are wanted of any of them, beside the latest.
    pub versions: Vec<i64>,
    /// Labels of versions that are wanted of any of them.
    pub labels: Vec<String>,
}

/// A version, and which of the wanted labels it has. A version with two of them is found twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundParameter {
    pub parameter: Parameter,
    pub label: Option<String>,
}

impl Session {
    /// The latest version of every parameter at these paths, and with it every version that has a wanted number or
    /// label: one statement, however many there are.
    pub async fn find_parameters(
        &mut self,
        account: &AccountId,
        region: &Region,
        wanted: WantedParameters,
    ) -> Result<Vec<FoundParameter>, Fault> {
        if wanted.paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = args![account, region];
        let mut list = |values: Vec<Arg>| {
            let first = args.len() + 1;
            let count = values.len();
            args.extend(values);
            placeholders_from(first, count)
        };
        let paths = list(wanted.paths.into_iter().map(Arg::from).collect());
        let (mut label, mut join, mut versions) =
            ("NULL", String::new(), "v.version = p.version".to_owned());
        if !wanted.versions.is_empty() {
            let numbers = list(wanted.versions.into_iter().map(Arg::from).collect());
            versions = format!("{versions} OR v.version IN ({numbers})");
        }
        if !wanted.labels.is_empty() {
            let labels = list(wanted.labels.into_iter().map(Arg::from).collect());
            label = "l.label";
            join = format!(
                "LEFT JOIN parameter_labels l ON l.account = v.account AND l.region = v.region AND l.path = v.path
                 AND l.version = v.version AND l.label IN ({labels})"
            );
            versions = format!("{versions} OR l.label IS NOT NULL");
        }
        let sql = format!(
            "SELECT {COLUMNS}, CAST({label} AS TEXT) AS label FROM parameters p JOIN parameter_versions v ON {SAME} {join}
             WHERE p.account = $1 AND p.region = $2 AND p.path IN ({paths}) AND ({versions})"
        );
        let rows = self.fetch_all(AssertSqlSafe(sql), args).await?;
        rows.iter()
            .map(|row| {
                Ok(FoundParameter {
                    parameter: Parameter::from_row(row)?,
                    label: row.opt_text("label")?,
                })
            })
            .collect()
    }
}

/// `$first, …`, for a list of values that is not the first of its statement.
fn placeholders_from(first: usize, count: usize) -> String {
    let places: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}
