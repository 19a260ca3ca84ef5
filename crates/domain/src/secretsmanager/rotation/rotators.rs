//! What the operator says rotation functions are: the names that may stand in a `RotationLambdaARN`.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use types::{AccountId, Arn};

/// Everything the operator's file says about rotation.
#[derive(Debug, Clone)]
pub struct Rotators {
    by_name: BTreeMap<String, Arc<Rotator>>,
    /// How long after the first failure the second attempt begins; the time doubles from there.
    pub retry_after: Duration,
}

/// One rotation function.
#[derive(Debug)]
pub struct Rotator {
    pub name: String,
    /// Whose secrets it may rotate.
    pub accounts: Vec<AccountId>,
    /// The role whose session each run gets: its ARN, or its name in the secret's account.
    pub role: String,
    /// The longest one step may take.
    pub timeout: Duration,
    /// The address of this server as the rotator reaches it, where that is not the one it listens on.
    pub endpoint: Option<String>,
    /// Whether the operator's log repeats what it prints when it fails, as far as no secret is in it.
    pub log_output: bool,
    pub target: Target,
}

/// What carries out the steps.
#[derive(Debug)]
pub enum Target {
    /// A program on this host.
    Program(Program),
    /// A server elsewhere.
    Https(Https),
    /// A task of this server.
    Task(TaskTarget),
}

/// A program on this host.
#[derive(Debug)]
pub struct Program {
    pub file: PathBuf,
    pub arguments: Vec<String>,
    /// Its whole environment, beside the few variables that every program gets.
    pub environment: BTreeMap<String, String>,
    /// Whom it runs as; `None` runs it as this server's own user.
    pub user: Option<User>,
}

/// A server that the steps are posted to.
#[derive(Debug, Clone)]
pub struct Https {
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    /// The path, with the query where there is one.
    pub path: String,
    /// Certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Which addresses it may have beside public ones.
    pub addresses: Vec<IpNet>,
}

/// A task definition in the secret's account and region.
#[derive(Debug, Clone)]
pub struct TaskTarget {
    /// `family` or `family:revision`.
    pub task_definition: String,
    pub cluster: String,
    /// The container that is told the step and whose end is the step's, where more than one is essential.
    pub container: Option<String>,
}

/// A user of this host without root's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Default for Rotators {
    fn default() -> Self {
        Self::new(Vec::new(), Duration::from_mins(1))
    }
}

impl Rotators {
    pub fn new(rotators: Vec<Rotator>, retry_after: Duration) -> Self {
        let named = rotators
            .into_iter()
            .map(|rotator| (rotator.name.clone(), Arc::new(rotator)));
        Self {
            by_name: named.collect(),
            retry_after,
        }
    }

    /// The rotator that the ARN of a function names, if it may rotate a secret of that account and region.
    pub fn find(&self, function_arn: &str, secret_arn: &str) -> Option<Arc<Rotator>> {
        let (function, secret): (Arn, Arn) = (function_arn.parse().ok()?, secret_arn.parse().ok()?);
        let name = name_of(&function)?;
        let here = function.partition == secret.partition && function.region == secret.region;
        let rotator = self.by_name.get(name).filter(|_| here)?;
        let serves = |account: &str| {
            rotator
                .accounts
                .iter()
                .any(|served| served.as_str() == account)
        };
        (serves(&function.account) && serves(&secret.account)).then(|| Arc::clone(rotator))
    }
}

/// The name in `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with or without a qualifier behind it.
fn name_of(function: &Arn) -> Option<&str> {
    let mut parts = function.resource.split(':');
    let (kind, name, qualifier) = (parts.next()?, parts.next()?, parts.next());
    let lambda = function.service == "lambda" && kind == "function" && parts.next().is_none();
    (lambda && !name.is_empty() && qualifier != Some("")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_its_name_for_the_accounts_it_serves() {
        let rotator = Rotator {
            name: "db".to_owned(),
            accounts: vec!["111122223333".parse().unwrap()],
            role: "rotation".to_owned(),
            timeout: Duration::from_secs(1),
            endpoint: None,
            log_output: false,
            target: Target::Program(Program {
                file: "/bin/true".into(),
                arguments: Vec::new(),
                environment: BTreeMap::new(),
                user: None,
            }),
        };
        let rotators = Rotators::new(vec![rotator], Duration::from_secs(1));
        let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf";
        let found = |function: &str| rotators.find(function, secret).is_some();
        assert!(found("arn:aws:lambda:us-east-1:111122223333:function:db"));
        assert!(found(
            "arn:aws:lambda:us-east-1:111122223333:function:db:live"
        ));
        for other in [
            "arn:aws:lambda:us-east-1:111122223333:function:other",
            "arn:aws:lambda:us-east-1:444455556666:function:db",
            "arn:aws:lambda:eu-west-1:111122223333:function:db",
            "arn:aws:sqs:us-east-1:111122223333:function:db",
            "arn:aws:lambda:us-east-1:111122223333:function:db:live:more",
            "arn:aws:lambda:us-east-1:111122223333:function:",
            "db",
            "",
        ] {
            assert!(!found(other), "{other}");
        }
        let foreign = "arn:aws:secretsmanager:us-east-1:444455556666:secret:a-AbCdEf";
        assert!(
            rotators
                .find("arn:aws:lambda:us-east-1:111122223333:function:db", foreign)
                .is_none()
        );
    }
}
