//! Which operation a request asks for, from its method, its target, its parameters and its headers. What sealift does not
//! do is refused by name: a setting of an object that would be dropped in silence may be the one that protects it.

use std::collections::BTreeMap;

use domain::s3::{ListObjects, MOST_KEYS, PutIf, PutObject, Refusal, Request};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use types::SecretValue;

use super::{query::Query, target::Target};

/// Headers that are kept with an object and answered with it.
const KEPT: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

/// What an object may have in `x-amz-meta-…`, in bytes.
const MOST_METADATA: usize = 2048;

/// Headers of S3 that have an effect here, or need none.
const KNOWN: [&str; 11] = [
    "x-amz-checksum-algorithm",
    "x-amz-checksum-mode",
    "x-amz-checksum-type",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// Settings that say what is so anyway.
const NO_CHANGE: [(&str, &str); 4] = [
    ("x-amz-acl", "private"),
    ("x-amz-storage-class", "STANDARD"),
    ("x-amz-server-side-encryption", "AES256"),
    ("x-amz-object-ownership", "BucketOwnerEnforced"),
];

pub(super) fn parse(parts: &Parts, target: Target) -> Result<Request, Refusal> {
    let query = Query::of(&parts.uri);
    if query.has("X-Amz-Signature") || query.has("X-Amz-Credential") || query.has("Signature") {
        return Err(Refusal::not_implemented("presigned requests"));
    }
    check_headers(&parts.headers)?;
    match (target, parts.method.as_str()) {
        (Target::Buckets, "GET") => {
            known(&query, &[])?;
            Ok(Request::ListBuckets)
        }
        (Target::Bucket(bucket), method) => of_bucket(bucket, method, &query),
        (Target::Object { bucket, key }, method) => {
            of_object((bucket, key), method, &query, &parts.headers)
        }
        (Target::Buckets, _) => Err(not_allowed(&parts.method)),
    }
}

fn of_bucket(bucket: String, method: &str, query: &Query) -> Result<Request, Refusal> {
    match method {
        "GET" if query.has("location") => {
            known(query, &["location"])?;
            Ok(Request::GetBucketLocation { bucket })
        }
        "GET" if query.get("list-type") == Some("2") => list(bucket, query),
        "GET" => {
            known(
                query,
                &["prefix", "delimiter", "max-keys", "marker", "encoding-type"],
            )?;
            Err(Refusal::not_implemented("ListObjects (version 1)"))
        }
        "HEAD" => {
            known(query, &[])?;
            Ok(Request::HeadBucket { bucket })
        }
        "PUT" => {
            known(query, &[])?;
            Ok(Request::CreateBucket {
                bucket,
                location: None,
            })
        }
        "DELETE" => {
            known(query, &[])?;
            Ok(Request::DeleteBucket { bucket })
        }
        "POST" if query.has("delete") => Err(Refusal::not_implemented("DeleteObjects")),
        "POST" => Err(Refusal::not_implemented("uploads by forms")),
        _ => Err(not_allowed(method)),
    }
}

fn list(bucket: String, query: &Query) -> Result<Request, Refusal> {
    known(
        query,
        &[
            "list-type",
            "prefix",
            "delimiter",
            "max-keys",
            "continuation-token",
            "start-after",
            "encoding-type",
            "fetch-owner",
        ],
    )?;
    let invalid = |text: &str| Refusal::told(400, "InvalidArgument", text);
    let text = |name| query.get(name).map(str::to_owned);
    let plain = |name| match text(name) {
        Some(value) if value.contains('\0') => Err(invalid("A parameter contains a zero byte")),
        value => Ok(value),
    };
    if query.get("encoding-type").is_some_and(|kind| kind != "url") {
        return Err(invalid("Invalid Encoding Method specified in Request"));
    }
    let max_keys = match query.get("max-keys") {
        None => None,
        Some(number) => {
            let number: usize = number
                .parse()
                .map_err(|_| invalid("Provided max-keys not an integer or within integer range"))?;
            Some(number.min(MOST_KEYS))
        }
    };
    Ok(Request::ListObjectsV2(ListObjects {
        bucket,
        prefix: plain("prefix")?,
        delimiter: plain("delimiter")?,
        max_keys,
        continuation_token: text("continuation-token"),
        start_after: plain("start-after")?,
    }))
}

fn of_object(
    (bucket, key): (String, String),
    method: &str,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Request, Refusal> {
    if query.has("uploads") || query.has("uploadId") || query.has("partNumber") {
        return Err(Refusal::not_implemented("multipart uploads"));
    }
    if method == "POST" {
        return Err(Refusal::not_implemented("POST on objects"));
    }
    known(query, &[])?;
    match method {
        "GET" => Ok(Request::GetObject { bucket, key }),
        "HEAD" => Ok(Request::HeadObject { bucket, key }),
        "DELETE" => Ok(Request::DeleteObject { bucket, key }),
        "PUT" => Ok(Request::PutObject(PutObject {
            bucket,
            key,
            content: SecretValue::default(),
            headers: kept(headers)?,
            condition: condition(headers)?,
        })),
        _ => Err(not_allowed(method)),
    }
}

fn not_allowed(method: impl AsRef<str>) -> Refusal {
    tracing::debug!(method = method.as_ref(), "refused");
    let text = "The specified method is not allowed against this resource.";
    Refusal::told(405, "MethodNotAllowed", text)
}

/// Refuses every parameter but these: each asks for another operation, or for something of this one.
fn known(query: &Query, names: &[&str]) -> Result<(), Refusal> {
    match query.other_than(&[names, &["x-id"]].concat()) {
        None => Ok(()),
        Some(name) => Err(Refusal::not_implemented(&format!("the parameter `{name}`"))),
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, value) in headers {
        let name = name.as_str();
        let is_free = KNOWN.contains(&name)
            || !name.starts_with("x-amz-")
            || name.starts_with("x-amz-meta-")
            || name.starts_with("x-amz-checksum-")
            || NO_CHANGE
                .iter()
                .any(|(known, same)| *known == name && value == *same);
        if !is_free {
            return Err(Refusal::not_implemented(&format!("the header `{name}`")));
        }
    }
    Ok(())
}

/// What is answered with the object again.
fn kept(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let mut kept = BTreeMap::new();
    let mut metadata = 0;
    for (name, value) in headers {
        let is_metadata = name.as_str().starts_with("x-amz-meta-");
        if !is_metadata && !KEPT.contains(&name.as_str()) {
            continue;
        }
        let text = value.to_str().map_err(|_| {
            let text = format!("The header {name} is not printable ASCII.");
            Refusal::told(400, "InvalidArgument", text)
        })?;
        if is_metadata {
            metadata += name.as_str().len() - "x-amz-meta-".len() + text.len();
        }
        let text = if name == header::CONTENT_ENCODING {
            without_chunks(text)
        } else {
            text.to_owned()
        };
        if !text.is_empty() {
            kept.insert(name.to_string(), text);
        }
    }
    if metadata > MOST_METADATA {
        let text = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(Refusal::told(400, "MetadataTooLarge", text));
    }
    Ok(kept)
}

/// How the body is sent is no property of the object.
fn without_chunks(encodings: &str) -> String {
    let kept = encodings
        .split(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("aws-chunked"));
    kept.collect::<Vec<_>>().join(",")
}

fn condition(headers: &HeaderMap) -> Result<Option<PutIf>, Refusal> {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or_default())
    };
    match (text(header::IF_NONE_MATCH), text(header::IF_MATCH)) {
        (None, None) => Ok(None),
        (Some("*"), None) => Ok(Some(PutIf::Absent)),
        (None, Some(etag)) if etag != "*" => Ok(Some(PutIf::Is(etag.trim_matches('"').to_owned()))),
        _ => Err(Refusal::not_implemented("such a condition")),
    }
}

#[cfg(test)]
mod tests {
    use http::request::Builder;

    use super::*;

    fn outcome(request: Builder) -> String {
        let (parts, ()) = request
            .header("host", "localhost")
            .body(())
            .unwrap()
            .into_parts();
        match Target::parse(&parts, "").and_then(|target| parse(&parts, target)) {
            Ok(request) => request.operation().name.to_owned(),
            Err(Refusal::Told { code, message, .. }) => format!("{code}: {message}"),
            Err(Refusal::Fault(_)) => "fault".to_owned(),
        }
    }

    #[test]
    fn requests_are_known_by_method_path_and_parameters() {
        for (method, path, name) in [
            ("GET", "/?x-id=ListBuckets", "ListBuckets"),
            ("PUT", "/bucket", "CreateBucket"),
            ("HEAD", "/bucket", "HeadBucket"),
            ("GET", "/bucket?location", "GetBucketLocation"),
            (
                "GET",
                "/bucket?list-type=2&prefix=a&encoding-type=url",
                "ListObjectsV2",
            ),
            ("DELETE", "/bucket", "DeleteBucket"),
            ("PUT", "/bucket/k?x-id=PutObject", "PutObject"),
            ("GET", "/bucket/k", "GetObject"),
            ("HEAD", "/bucket/k", "HeadObject"),
            ("DELETE", "/bucket/k", "DeleteObject"),
        ] {
            assert_eq!(
                outcome(http::Request::builder().method(method).uri(path)),
                name
            );
        }
    }

    #[test]
    fn what_is_not_done_is_refused_by_name() {
        for (method, path, named) in [
            ("GET", "/bucket?acl", "`acl`"),
            ("PUT", "/bucket?policy", "`policy`"),
            ("PUT", "/bucket?versioning", "`versioning`"),
            ("POST", "/bucket?delete", "DeleteObjects"),
            ("POST", "/bucket/k?uploads", "multipart"),
            ("PUT", "/bucket/k?uploadId=1&partNumber=1", "multipart"),
            ("GET", "/bucket/k?versionId=1", "`versionId`"),
            ("GET", "/bucket/k?X-Amz-Signature=0", "presigned"),
            ("GET", "/bucket", "version 1"),
        ] {
            let told = outcome(http::Request::builder().method(method).uri(path));
            assert!(
                told.starts_with("NotImplemented: ") && told.contains(named),
                "{path}: {told}"
            );
        }
        let put =
            |name: &str, value: &str| outcome(http::Request::put("/bucket/k").header(name, value));
        assert!(
            put("x-amz-server-side-encryption", "aws:kms")
                .contains("`x-amz-server-side-encryption`")
        );
        assert!(put("x-amz-copy-source", "/a/b").contains("`x-amz-copy-source`"));
        assert!(put("x-amz-acl", "public-read").contains("`x-amz-acl`"));
        assert_eq!(put("x-amz-acl", "private"), "PutObject");
        assert!(put("x-amz-meta-a", &"x".repeat(2100)).starts_with("MetadataTooLarge"));
        assert!(
            outcome(http::Request::builder().method("PATCH").uri("/bucket/k"))
                .starts_with("MethodNotAllowed")
        );
    }

    #[test]
    fn how_a_body_is_sent_is_not_kept() {
        assert_eq!(without_chunks("aws-chunked"), "");
        assert_eq!(without_chunks("gzip, aws-chunked"), "gzip");
    }
}
