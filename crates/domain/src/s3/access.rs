//! Who may do what with buckets and objects. There are no bucket policies, so identity policies alone decide, and nobody
//! reaches the buckets of another account.

use store::s3::BucketRow;

use super::Refusal;
use crate::{Access, Cx};

/// `arn:aws:s3:::bucket`: without region and account.
pub(super) fn bucket_arn(cx: &Cx, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", cx.partition())
}

pub(super) fn object_arn(cx: &Cx, bucket: &str, key: &str) -> String {
    format!("arn:{}:s3:::{bucket}/{key}", cx.partition())
}

/// What the caller wants to do with a bucket or an object in it.
pub(super) fn access(action: &str, arn: &str, bucket: Option<&BucketRow>) -> Access {
    // AWS: S3's denials quote the resource.
    let access = Access::new(action, arn).shown_as(format!("\"{arn}\""));
    match bucket {
        Some(bucket) => access.resource_account(&bucket.account),
        None => access,
    }
}

/// The bucket, where it is there and the caller may do this with it.
pub(super) async fn bucket(cx: &mut Cx, action: &str, name: &str) -> Result<BucketRow, Refusal> {
    let row = cx.db.s3_bucket(name).await?;
    let arn = bucket_arn(cx, name);
    cx.authorize(access(action, &arn, row.as_ref()))?;
    row.ok_or_else(Refusal::no_such_bucket)
}

/// The bucket of an object that the caller may do this with.
pub(super) async fn bucket_of_object(
    cx: &mut Cx,
    action: &str,
    (name, key): (&str, &str),
) -> Result<BucketRow, Refusal> {
    let row = cx.db.s3_bucket(name).await?;
    let arn = object_arn(cx, name, key);
    cx.authorize(access(action, &arn, row.as_ref()))?;
    row.ok_or_else(Refusal::no_such_bucket)
}

/// AWS: who may not list a bucket is not told that a key is not in it.
pub(super) fn missing(cx: &mut Cx, bucket: &BucketRow) -> Refusal {
    let arn = bucket_arn(cx, &bucket.name);
    match cx.authorize(access("s3:ListBucket", &arn, Some(bucket))) {
        Ok(()) => Refusal::no_such_key(),
        Err(denied) => denied.into(),
    }
}
