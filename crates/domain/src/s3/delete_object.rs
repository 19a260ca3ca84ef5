//! `s3:DeleteObject`

use super::{Answer, Refusal, access};
use crate::Cx;

pub(super) async fn run(cx: &mut Cx, bucket: &str, key: &str) -> Result<Answer, Refusal> {
    let row = access::bucket_of_object(cx, "s3:DeleteObject", (bucket, key)).await?;
    // AWS: what is not there is deleted as well.
    cx.db.delete_s3_object(&row.name, key).await?;
    Ok(Answer::Done)
}
