//! `s3:ListBuckets`

use super::{Answer, Refusal};
use crate::{Access, Cx};

pub(super) async fn run(cx: &mut Cx) -> Result<Answer, Refusal> {
    // AWS: the action has another name than the operation, and its denials name no resource.
    cx.authorize(Access::new("s3:ListAllMyBuckets", "*").shown_as(""))?;
    let account = cx.account().clone();
    Ok(Answer::Buckets(cx.db.s3_buckets(&account).await?))
}
