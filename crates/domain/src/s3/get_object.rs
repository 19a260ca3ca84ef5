//! `s3:GetObject` and `s3:HeadObject`, which asks for the same action.

use store::s3::{BucketRow, ObjectRow};
use types::SecretValue;

use super::{Answer, Object, Refusal, access, content, headers_of};
use crate::Cx;

pub(super) async fn run(cx: &mut Cx, bucket: &str, key: &str) -> Result<Answer, Refusal> {
    let (bucket, row) = locate(cx, bucket, key).await?;
    let sealed = cx.db.s3_content(&bucket.name, key).await?;
    let content = content::open(&cx.world, &bucket, key, &sealed)?;
    answer(row, content)
}

pub(super) async fn head(cx: &mut Cx, bucket: &str, key: &str) -> Result<Answer, Refusal> {
    let (_, row) = locate(cx, bucket, key).await?;
    answer(row, SecretValue::default())
}

async fn locate(cx: &mut Cx, bucket: &str, key: &str) -> Result<(BucketRow, ObjectRow), Refusal> {
    let bucket = access::bucket_of_object(cx, "s3:GetObject", (bucket, key)).await?;
    match cx.db.s3_object(&bucket.name, key).await? {
        Some(row) => Ok((bucket, row)),
        None => Err(access::missing(cx, &bucket)),
    }
}

fn answer(row: ObjectRow, content: SecretValue) -> Result<Answer, Refusal> {
    Ok(Answer::Object(Object {
        headers: headers_of(&row)?,
        etag: row.etag,
        size: row.size,
        modified: row.modified,
        content,
    }))
}
