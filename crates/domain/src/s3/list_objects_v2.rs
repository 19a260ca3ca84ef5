//! `s3:ListObjectsV2`

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use store::s3::ObjectRow;

use super::{Answer, ListObjects, Refusal, access};
use crate::Cx;

/// As many keys and common prefixes one answer has at most.
pub const MOST_KEYS: usize = 1000;

/// Some of the keys of a bucket.
#[derive(Debug, Default)]
pub struct Listing {
    pub objects: Vec<ObjectRow>,
    pub common_prefixes: Vec<String>,
    /// Where to go on, if there is more.
    pub next: Option<String>,
}

pub(super) async fn run(cx: &mut Cx, asked: ListObjects) -> Result<Answer, Refusal> {
    let row = cx.db.s3_bucket(&asked.bucket).await?;
    let arn = access::bucket_arn(cx, &asked.bucket);
    let wanted = access::access("s3:ListBucket", &arn, row.as_ref())
        .with_some("s3:prefix", asked.prefix.as_deref())
        .with_some("s3:delimiter", asked.delimiter.as_deref())
        .with_some("s3:max-keys", asked.max_keys.map(|most| most.to_string()));
    cx.authorize(wanted)?;
    let row = row.ok_or_else(Refusal::no_such_bucket)?;
    let after = match &asked.continuation_token {
        Some(token) => read_token(token)?,
        None => asked.start_after.clone().unwrap_or_default(),
    };
    let listing = list(cx, &row.name, &asked, after).await?;
    Ok(Answer::Listing(listing))
}

async fn list(
    cx: &mut Cx,
    bucket: &str,
    asked: &ListObjects,
    mut after: String,
) -> Result<Listing, Refusal> {
    let most = asked.max_keys.unwrap_or(MOST_KEYS).min(MOST_KEYS);
    let prefix = asked.prefix.as_deref().unwrap_or_default();
    let delimiter = asked.delimiter.as_deref().filter(|d| !d.is_empty());
    let mut listing = Listing::default();
    if most == 0 {
        return Ok(listing);
    }
    let limit = i64::try_from(most).unwrap_or(1) + 1;
    loop {
        let rows = cx.db.s3_objects(bucket, (&after, prefix), limit).await?;
        let mut skipped = false;
        for row in rows {
            if !row.key.starts_with(prefix) {
                return Ok(listing);
            }
            if listing.objects.len() + listing.common_prefixes.len() == most {
                listing.next = Some(URL_SAFE_NO_PAD.encode(&after));
                return Ok(listing);
            }
            if let Some(common) = delimiter.and_then(|d| common_prefix(&row.key, prefix, d)) {
                // What else begins so is left out: no key sorts after it.
                after = format!("{common}{}", char::MAX);
                listing.common_prefixes.push(common.to_owned());
                skipped = true;
                break;
            }
            after.clone_from(&row.key);
            listing.objects.push(row);
        }
        if !skipped {
            return Ok(listing);
        }
    }
}

/// The key up to and with the first delimiter after the prefix.
fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    let at = key.strip_prefix(prefix)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

fn read_token(token: &str) -> Result<String, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| !text.contains('\0')).ok_or_else(|| {
        let text = "The continuation token provided is incorrect";
        Refusal::told(400, "InvalidArgument", text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_prefix_ends_with_the_delimiter() {
        assert_eq!(common_prefix("a/b/c", "", "/"), Some("a/"));
        assert_eq!(common_prefix("a/b/c", "a/", "/"), Some("a/b/"));
        assert_eq!(common_prefix("a/b", "a/", "/"), None);
        assert_eq!(common_prefix("ä--b", "", "--"), Some("ä--"));
        assert_eq!(common_prefix("x", "y", "/"), None);
    }
}
