//! Versions of customers' managed policies.

use api::iam::Error;
use store::iam::{ManagedPolicyRow, PolicyVersionRow};

use crate::{Cx, identity};

/// The version of this id, `v2`.
pub(super) async fn find(
    cx: &mut Cx,
    policy: &ManagedPolicyRow,
    id: &str,
) -> Result<PolicyVersionRow, Error> {
    let found = match number(id) {
        Some(number) => cx.db.policy_version(&policy.id, number).await?,
        None => None,
    };
    found.ok_or_else(|| missing(&policy.arn, id))
}

/// The number in a version's id.
pub(super) fn number(id: &str) -> Option<i64> {
    id.strip_prefix('v')?.parse().ok()
}

/// A policy has no such version.
pub(super) fn missing(arn: &str, id: &str) -> Error {
    Error::NoSuchEntity(missing_text(arn, id))
}

pub(super) fn missing_text(arn: &str, id: &str) -> String {
    format!("Policy {arn} version {id} does not exist or is not attachable.")
}

/// Puts a version in force, from the next request on.
pub(super) async fn set_default(
    cx: &mut Cx,
    policy: &ManagedPolicyRow,
    version: i64,
) -> Result<(), Error> {
    let now = cx.now();
    cx.db
        .set_default_policy_version(&policy.id, version, now)
        .await?;
    identity::note_change(cx).await?;
    Ok(())
}
