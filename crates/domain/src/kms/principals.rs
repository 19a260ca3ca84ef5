//! The principals of a key's policy and grants.

use api::kms::Error;
use policy::Policy;
use types::{AccountId, Arn};

pub(super) use crate::identity::principals::{arn_of, unbind};
use crate::{
    Cx,
    identity::principals::{self, Unbound, unique_id},
};

/// The text of a policy as a key keeps it. All users and roles it names must exist.
pub(super) async fn bind(cx: &mut Cx, text: &str, policy: &Policy) -> Result<String, Error> {
    principals::bind(cx, text, policy)
        .await
        .map_err(|error| match error {
            Unbound::Nobody(_) => {
                let problem = "Policy contains a statement with one or more invalid principals.";
                Error::MalformedPolicyDocument(problem.to_owned())
            }
            Unbound::Fault(fault) => fault.into(),
        })
}

/// How a grant keeps a principal: a user or role by its unique id, anyone else by ARN.
pub(super) async fn kept_name(cx: &mut Cx, named: &str) -> Result<String, Error> {
    // AWS: a grant takes nothing but ARNs.
    let arn: Arn = named.parse().map_err(|_| invalid_arn())?;
    let account = arn.account.parse().map_err(|_| invalid_arn())?;
    let service = arn.service.as_str();
    if service == "iam" && arn.resource == "root" {
        return Ok(account_root(&account));
    }
    let kind = arn.resource.split('/').next().unwrap_or_default();
    match (service, kind) {
        ("iam", "user" | "role") | ("sts", "assumed-role") => {
            unique_id(cx, named).await?.ok_or_else(invalid_arn)
        }
        ("sts", "federated-user") => Ok(named.to_owned()),
        _ => Err(invalid_arn()),
    }
}

/// The ARN of an account's root user, which stands for the account.
pub(super) fn account_root(account: &AccountId) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// Refuses a principal of another account.
pub(super) fn is_of(named: &str, account: &AccountId) -> Result<(), Error> {
    let arn = named.parse::<Arn>().map_err(|_| invalid_arn())?;
    if arn.account == account.as_str() {
        return Ok(());
    }
    Err(invalid_arn())
}

fn invalid_arn() -> Error {
    Error::InvalidArn("ARN does not refer to a valid principal".to_owned())
}
