//! Parameters, their versions and the labels on them.

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Region, Tag, Timestamp};

use crate::{Arg, Row, Session, args, row::placeholders};

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

    /// The version of a parameter that has a label.
    pub async fn parameter_labelled(
        &mut self,
        key: ParameterKey<'_>,
        label: &str,
    ) -> Result<Option<Parameter>, Fault> {
        self.one_parameter(
            format!(
                "SELECT {COLUMNS} FROM parameters p
                 JOIN parameter_labels l ON l.account = p.account AND l.region = p.region AND l.path = p.path AND l.label = $4
                 JOIN parameter_versions v ON {SAME} AND v.version = l.version
                 WHERE p.account = $1 AND p.region = $2 AND p.path = $3"
            ),
            args![key.account, key.region, key.path, label],
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

    /// Which of these paths have a parameter, each with its latest version.
    pub async fn parameters_at(
        &mut self,
        account: &AccountId,
        region: &Region,
        paths: Vec<String>,
    ) -> Result<Vec<Parameter>, Fault> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON {SAME} AND v.version = p.version
             WHERE p.path IN ({}) AND p.account = ${} AND p.region = ${} ORDER BY p.path",
            placeholders(paths.len()),
            paths.len() + 1,
            paths.len() + 2,
        );
        let mut args: Vec<Arg> = paths.into_iter().map(Arg::from).collect();
        args.extend([Arg::from(account), Arg::from(region)]);
        self.fetch_all(AssertSqlSafe(sql), args)
            .await?
            .iter()
            .map(Parameter::from_row)
            .collect()
    }

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

    /// Removes the parameters whose time is over, and says how many those were.
    pub async fn delete_expired_parameters(&mut self, now: Timestamp) -> Result<u64, Fault> {
        self.execute("DELETE FROM parameters WHERE expires_at <= $1", args![now])
            .await
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

/// The first text after all that begin with a prefix: its last byte, one higher. Paths are ASCII.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut bytes = prefix.as_bytes().to_vec();
    let last = bytes.last_mut()?;
    *last = last.checked_add(1)?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, on_both_databases};

    fn key<'a>(account: &'a AccountId, region: &'a Region, path: &'a str) -> ParameterKey<'a> {
        ParameterKey {
            account,
            region,
            path,
        }
    }

    fn parameter(name: &str, version: i64) -> Parameter {
        let path = format!("/{}", name.trim_start_matches('/'));
        Parameter {
            name: name.to_owned(),
            path,
            version,
            latest_version: version,
            type_: "String".to_owned(),
            tier: "Standard".to_owned(),
            data_type: "text".to_owned(),
            description: None,
            allowed_pattern: None,
            policies: None,
            key_id: None,
            sealed: vec![7, u8::try_from(version).unwrap()],
            modified: Timestamp::from_secs(1),
            modified_by: "arn".to_owned(),
            tags: Some(vec![Tag {
                key: "k".into(),
                value: "v".into(),
            }]),
        }
    }

    fn place() -> (AccountId, Region) {
        (
            "123456789012".parse().unwrap(),
            "eu-west-1".parse().unwrap(),
        )
    }

    async fn filled(store: &Store, names: &[&str]) {
        let (account, region) = place();
        let mut db = store.write().await.unwrap();
        for name in names {
            let made = db
                .put_parameter(&account, &region, &parameter(name, 1), None)
                .await
                .unwrap();
            assert!(made);
        }
        db.commit().await.unwrap();
    }

    async fn listed(store: &Store, scope: ParameterScope<'_>, after: Option<&str>) -> Vec<String> {
        let (account, region) = place();
        let mut db = store.read().await.unwrap();
        let page = ParameterPage {
            account: &account,
            region: &region,
            scope,
            after,
            labels: &[],
            limit: 10,
        };
        let parameters = db.list_parameters(page).await.unwrap();
        parameters.into_iter().map(|p| p.path).collect()
    }

    on_both_databases! {
        async fn each_version_is_read_back_and_the_latest_is_the_default(store: Store) {
            let (account, region) = place();
            filled(&store, &["a"]).await;
            let mut db = store.write().await.unwrap();
            db.put_parameter(&account, &region, &parameter("a", 2), None).await.unwrap();
            db.commit().await.unwrap();

            let mut db = store.read().await.unwrap();
            let latest = db.parameter(key(&account, &region, "/a")).await.unwrap().unwrap();
            assert_eq!(latest, parameter("a", 2));
            let first = db.parameter_version(key(&account, &region, "/a"), 1).await.unwrap().unwrap();
            assert_eq!((first.version, first.latest_version, first.sealed), (1, 2, vec![7, 1]));
            assert_eq!(db.parameter_version(key(&account, &region, "/a"), 3).await.unwrap(), None);
            assert_eq!(db.parameter_labelled(key(&account, &region, "/a"), "x").await.unwrap(), None);
            assert_eq!(db.oldest_parameter_version(key(&account, &region, "/a")).await.unwrap(), (2, 1, false));
        }

        async fn a_path_holds_what_is_below_it_in_order(store: Store) {
            filled(&store, &["/a/b/c", "/a/b", "/a/B", "/ab", "/a/b-c", "a", "/a/c"]).await;
            assert_eq!(listed(&store, ParameterScope::Under("/a/"), None).await, ["/a/B", "/a/b", "/a/b-c", "/a/b/c", "/a/c"]);
            assert_eq!(listed(&store, ParameterScope::ChildrenOf("/a"), Some("/a/B")).await, ["/a/b", "/a/b-c", "/a/c"]);
            assert_eq!(listed(&store, ParameterScope::ChildrenOf(""), None).await, ["/a", "/ab"]);
            assert_eq!(listed(&store, ParameterScope::Under("/"), Some("/a/b-c")).await, ["/a/b/c", "/a/c", "/ab"]);
        }

        async fn a_deleted_parameter_takes_its_versions_along(store: Store) {
            let (account, region) = place();
            filled(&store, &["a"]).await;
            let mut db = store.write().await.unwrap();
            assert!(db.delete_parameter(key(&account, &region, "/a")).await.unwrap());
            assert!(!db.delete_parameter(key(&account, &region, "/a")).await.unwrap());
            db.commit().await.unwrap();
            filled(&store, &["/a"]).await;
            let mut db = store.read().await.unwrap();
            let again = db.parameter(key(&account, &region, "/a")).await.unwrap().unwrap();
            assert_eq!((again.version, again.name.as_str()), (1, "/a"));
        }
    }
}
