//! Lists of parameters, page by page.

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Region};

use super::{COLUMNS, Parameter, SAME};
use crate::{Arg, Session, args};

/// Which parameters a listing goes through, in the order of their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterScope<'a> {
    /// Every one whose path begins with this text; `/` means all.
    Under(&'a str),
    /// Those directly below a path, which has no slash at its end; empty for the top.
    ChildrenOf(&'a str),
}

/// A page of a listing.
#[derive(Clone, Copy, Debug)]
pub struct ParameterPage<'a> {
    pub account: &'a AccountId,
    pub region: &'a Region,
    pub scope: ParameterScope<'a>,
    /// The path of the last parameter of the page before.
    pub after: Option<&'a str>,
    /// With labels, the newest version that has one of them in place of the latest, and only parameters where one has.
    pub labels: &'a [String],
    pub limit: i64,
}

impl Session {
    /// A page of the parameters of an account and region.
    pub async fn list_parameters(
        &mut self,
        page: ParameterPage<'_>,
    ) -> Result<Vec<Parameter>, Fault> {
        let mut args = args![page.account, page.region, page.limit];
        let mut bind = |arg: Arg| {
            args.push(arg);
            args.len()
        };
        let version = if page.labels.is_empty() {
            "v.version = p.version".to_owned()
        } else {
            let labels: Vec<_> = page
                .labels
                .iter()
                .map(|label| format!("${}", bind(label.into())))
                .collect();
            format!(
                "v.version = (SELECT MAX(l.version) FROM parameter_labels l WHERE l.account = p.account
                 AND l.region = p.region AND l.path = p.path AND l.label IN ({}))",
                labels.join(", ")
            )
        };
        let scope = match page.scope {
            ParameterScope::Under(prefix) => match after_prefix(prefix) {
                Some(end) => format!(
                    "p.path >= ${} AND p.path < ${}",
                    bind(prefix.into()),
                    bind(end.into())
                ),
                None => format!("p.path >= ${}", bind(prefix.into())),
            },
            ParameterScope::ChildrenOf(parent) => format!("p.parent = ${}", bind(parent.into())),
        };
        let after = match page.after {
            None => String::new(),
            Some(path) => format!(" AND p.path > ${}", bind(path.into())),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON {SAME} AND {version}
             WHERE p.account = $1 AND p.region = $2 AND {scope}{after} ORDER BY p.path LIMIT $3"
        );
        self.fetch_all(AssertSqlSafe(sql), args)
            .await?
            .iter()
            .map(Parameter::from_row)
            .collect()
    }
}

/// The first text after all that begin with a prefix: its last byte, one higher. Paths are ASCII.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut bytes = prefix.as_bytes().to_vec();
    let last = bytes.last_mut()?;
    *last = last.checked_add(1)?;
    String::from_utf8(bytes).ok()
}
