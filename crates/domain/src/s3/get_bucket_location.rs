//! `s3:GetBucketLocation`

use super::{Answer, Refusal, access};
use crate::Cx;

pub(super) async fn run(cx: &mut Cx, bucket: &str) -> Result<Answer, Refusal> {
    let row = access::bucket(cx, "s3:GetBucketLocation", bucket).await?;
    Ok(Answer::Location(row.region))
}
