//! `s3:DeleteBucket`

use super::{Answer, Refusal, access};
use crate::Cx;

pub(super) async fn run(cx: &mut Cx, bucket: &str) -> Result<Answer, Refusal> {
    let row = access::bucket(cx, "s3:DeleteBucket", bucket).await?;
    if !cx.db.s3_objects(&row.name, ("", ""), 1).await?.is_empty() {
        let text = "The bucket you tried to delete is not empty";
        return Err(Refusal::told(409, "BucketNotEmpty", text));
    }
    cx.db.delete_s3_bucket(&row.name).await?;
    Ok(Answer::Done)
}
