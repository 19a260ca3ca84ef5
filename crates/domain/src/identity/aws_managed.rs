//! AWS's own managed policies: those that are used where containers, their images and their secrets are. They are part of
//! the program, exist in every account, and cannot be changed.

mod containers;
mod general;
mod services;

use std::sync::{Arc, LazyLock};

use policy::{Policy, PolicyKind};
use serde_json::{Value, json};
use types::{Arn, Timestamp};

/// A policy of AWS's.
#[derive(Debug)]
pub struct AwsManaged {
    pub name: &'static str,
    /// `/`, or `/…/`.
    pub path: &'static str,
    pub description: &'static str,
    /// The number of the version in force, the only one that is here.
    pub version: i64,
    /// `ANPA…`, made from the name since AWS's own ids mean nothing here.
    pub id: String,
    pub document: String,
    compiled: Arc<Policy>,
}

/// When AWS's policies appeared, as their dates say; a fixed moment for all of them.
pub const CREATED: Timestamp = Timestamp::from_secs(1_423_159_239);

impl AwsManaged {
    /// The ARN, in the partition of the request.
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy{}{}", self.path, self.name)
    }

    /// Ready to be evaluated.
    pub fn compiled(&self) -> Arc<Policy> {
        Arc::clone(&self.compiled)
    }

    fn new(
        path: &'static str,
        name: &'static str,
        version: i64,
        description: &'static str,
        statements: &Value,
    ) -> Self {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let compiled = Policy::parse(&document, PolicyKind::Identity)
            .expect("the statements below are a policy");
        let id: String = crypto::sha256_hex(name.as_bytes())
            .to_ascii_uppercase()
            .chars()
            .take(17)
            .collect();
        Self {
            name,
            path,
            description,
            version,
            id: format!("ANPA{id}"),
            document,
            compiled: Arc::new(compiled),
        }
    }
}

/// The policy of this ARN, in whatever partition.
pub fn find(arn: &str) -> Option<&'static AwsManaged> {
    let arn: Arn = arn.parse().ok()?;
    if arn.service != "iam" || arn.account != "aws" || !arn.region.is_empty() {
        return None;
    }
    let path_and_name = arn.resource.strip_prefix("policy")?;
    ALL.iter()
        .find(|policy| path_and_name.strip_prefix(policy.path) == Some(policy.name))
}

/// All of them, in the order of their names.
pub fn all() -> &'static [AwsManaged] {
    &ALL
}

static ALL: LazyLock<Vec<AwsManaged>> = LazyLock::new(|| {
    let mut all = general::policies();
    all.extend(containers::policies());
    all.extend(services::policies());
    all.sort_by_key(|policy| policy.name);
    all
});

/// One statement that allows these actions everywhere.
fn allow(actions: &[&str]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_by_arn_with_their_path() {
        let find = |arn: &str| find(arn).map(|policy| policy.name);
        assert_eq!(
            find("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"),
            Some("AmazonECSTaskExecutionRolePolicy")
        );
        assert_eq!(
            find("arn:aws-cn:iam::aws:policy/ReadOnlyAccess"),
            Some("ReadOnlyAccess")
        );
        assert_eq!(
            find("arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy"),
            None
        );
        assert_eq!(
            find("arn:aws:iam::111122223333:policy/ReadOnlyAccess"),
            None
        );
        assert_eq!(find("ReadOnlyAccess"), None);
    }

    #[test]
    fn every_policy_compiles_and_they_are_sorted() {
        let names: Vec<_> = all().iter().map(|policy| policy.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(all().iter().all(|policy| policy.version >= 1));
    }

    #[test]
    fn the_execution_role_policy_reads_no_secret() {
        let policy = find("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
        let document = &policy.unwrap().document;
        assert!(!document.contains("secretsmanager") && !document.contains("ssm"));
    }
}
