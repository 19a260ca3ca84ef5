//! `s3:CreateBucket`

use crypto::Key;
use store::s3::BucketRow;

use super::{Answer, Refusal, access, bucket, content};
use crate::Cx;

/// AWS: so many may have been made before anybody asked for more.
const MOST_BUCKETS: usize = 100;

/// The region that a bucket is in where nobody says so.
const FIRST_REGION: &str = "us-east-1";

pub(super) async fn run(
    cx: &mut Cx,
    name: String,
    location: Option<String>,
) -> Result<Answer, Refusal> {
    let arn = access::bucket_arn(cx, &name);
    let asked = access::access("s3:CreateBucket", &arn, None);
    cx.authorize(asked.with_some("s3:LocationConstraint", location.as_deref()))?;
    if !bucket::is_name(&name) {
        let text = "The specified bucket is not valid.";
        return Err(Refusal::told(400, "InvalidBucketName", text));
    }
    check_location(cx.region.as_str(), location.as_deref())?;
    if let Some(there) = cx.db.s3_bucket(&name).await? {
        return taken(cx, &there);
    }
    let account = cx.account().clone();
    if cx.db.s3_buckets(&account).await?.len() >= MOST_BUCKETS {
        let text = "You have attempted to create more buckets than allowed";
        return Err(Refusal::told(400, "TooManyBuckets", text));
    }
    let id = cx.entropy().uuid();
    let row = BucketRow {
        sealed_key: content::seal_key(&cx.world, &id, &Key::generate(cx.entropy())),
        name,
        id,
        account,
        region: cx.region.clone(),
        created: cx.now(),
    };
    if !cx.db.insert_s3_bucket(&row).await? {
        // Somebody else was quicker.
        return Err(exists());
    }
    Ok(Answer::Done)
}

/// AWS: in the first region it is no error to make what one has.
fn taken(cx: &Cx, there: &BucketRow) -> Result<Answer, Refusal> {
    if there.account != *cx.account() {
        return Err(exists());
    }
    if there.region.as_str() == FIRST_REGION && cx.region.as_str() == FIRST_REGION {
        return Ok(Answer::Done);
    }
    let text = "Your previous request to create the named bucket succeeded and you already own it.";
    Err(Refusal::told(409, "BucketAlreadyOwnedByYou", text))
}

fn exists() -> Refusal {
    let text = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                Please select a different name and try again.";
    Refusal::told(409, "BucketAlreadyExists", text)
}

/// A bucket is made in the region that the request is signed for.
fn check_location(region: &str, location: Option<&str>) -> Result<(), Refusal> {
    let location = match location {
        // AWS: its name from before there were others.
        Some("EU") => Some("eu-west-1"),
        other => other,
    };
    match location {
        None if region == FIRST_REGION => Ok(()),
        Some(location) if location == region && region != FIRST_REGION => Ok(()),
        None => {
            let text = "The unspecified location constraint is incompatible for the region specific endpoint this request \
                        was sent to.";
            Err(Refusal::told(
                400,
                "IllegalLocationConstraintException",
                text,
            ))
        }
        Some(location) if region == FIRST_REGION || location == FIRST_REGION => {
            let text = "The specified location-constraint is not valid";
            tracing::debug!(location, "refused");
            Err(Refusal::told(400, "InvalidLocationConstraint", text))
        }
        Some(location) => {
            let text = format!(
                "The {location} location constraint is incompatible for the region specific endpoint this request was sent to."
            );
            Err(Refusal::told(
                400,
                "IllegalLocationConstraintException",
                text,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_made_where_the_request_goes() {
        let code = |region: &str, location: Option<&str>| match check_location(region, location) {
            Ok(()) => "ok",
            Err(Refusal::Told { code, .. }) => code,
            Err(Refusal::Fault(_)) => "fault",
        };
        assert_eq!(code("us-east-1", None), "ok");
        assert_eq!(code("eu-west-1", Some("eu-west-1")), "ok");
        assert_eq!(code("eu-west-1", Some("EU")), "ok");
        assert_eq!(
            code("eu-west-1", None),
            "IllegalLocationConstraintException"
        );
        assert_eq!(
            code("eu-west-1", Some("eu-west-2")),
            "IllegalLocationConstraintException"
        );
        assert_eq!(
            code("us-east-1", Some("us-east-1")),
            "InvalidLocationConstraint"
        );
    }
}
