//! How often a managed policy is used in the caller's account.

use types::Fault;

use super::answer::Usage;
use crate::Cx;

pub(super) async fn count(cx: &mut Cx, arn: &str) -> Result<Usage, Fault> {
    let account = cx.account().clone();
    Ok(Usage {
        attachments: cx.db.count_attachments(&account, arn).await?,
        boundaries: cx.db.count_boundaries(&account, arn).await?,
    })
}
