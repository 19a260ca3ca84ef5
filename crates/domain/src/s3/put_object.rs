//! `s3:PutObject`

use store::s3::{BucketRow, ObjectRow};

use super::{Answer, PutIf, PutObject, Refusal, access, content};
use crate::Cx;

/// An environment file is small; AWS's own limit is 5 GiB.
pub const LARGEST_OBJECT: usize = 1024 * 1024;
/// What the objects of one account may take together.
pub const MOST_BYTES: i64 = 64 * 1024 * 1024;
pub const MOST_OBJECTS: i64 = 10_000;

pub(super) async fn run(cx: &mut Cx, put: PutObject) -> Result<Answer, Refusal> {
    let PutObject {
        bucket,
        key,
        content,
        headers,
        condition,
    } = put;
    let bucket = access::bucket_of_object(cx, "s3:PutObject", (&bucket, &key)).await?;
    if content.len() > LARGEST_OBJECT {
        return Err(Refusal::too_large());
    }
    let there = cx.db.s3_object(&bucket.name, &key).await?;
    check_condition(condition.as_ref(), there.as_ref())?;
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    check_room(cx, &bucket, there.as_ref(), size).await?;
    let etag = hex::encode(crypto::md5(content.expose_secret()));
    let row = ObjectRow {
        size,
        etag: etag.clone(),
        headers: serde_json::to_string(&headers).map_err(types::Fault::new)?,
        modified: cx.now(),
        key,
    };
    let sealed = content::seal(cx, &bucket, &row.key, &content)?;
    cx.db.put_s3_object(&bucket.name, &row, &sealed).await?;
    Ok(Answer::Put { etag })
}

fn check_condition(wanted: Option<&PutIf>, there: Option<&ObjectRow>) -> Result<(), Refusal> {
    match (wanted, there) {
        (None, _) | (Some(PutIf::Absent), None) => Ok(()),
        (Some(PutIf::Is(etag)), Some(row)) if *etag == row.etag => Ok(()),
        // AWS: a condition on what is not there is not about a condition.
        (Some(PutIf::Is(_)), None) => Err(Refusal::no_such_key()),
        _ => Err(Refusal::precondition_failed()),
    }
}

async fn check_room(
    cx: &mut Cx,
    bucket: &BucketRow,
    there: Option<&ObjectRow>,
    size: i64,
) -> Result<(), Refusal> {
    let (objects, bytes) = cx.db.s3_usage(&bucket.account).await?;
    let replaced = there.map_or(0, |row| row.size);
    let is_new = i64::from(there.is_none());
    if bytes - replaced + size <= MOST_BYTES && objects + is_new <= MOST_OBJECTS {
        return Ok(());
    }
    let text = format!(
        "sealift keeps {MOST_OBJECTS} objects and {} MiB of an account at most; delete what is not needed",
        MOST_BYTES >> 20
    );
    Err(Refusal::told(403, "QuotaExceeded", text))
}
