//! How often a managed policy is used in the caller's account.

use store::iam::Usage;
use types::Fault;

use crate::Cx;

pub(super) async fn count(cx: &mut Cx, arn: &str) -> Result<Usage, Fault> {
    let account = cx.account().clone();
    let usage = cx.db.policy_usage(&account).await?;
    Ok(usage.get(arn).copied().unwrap_or_default())
}
