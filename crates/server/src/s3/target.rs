//! Which bucket and which object a request is about, by its host and its path.

use api::sigv4::scope_service;
use domain::s3::Refusal;
use http::{HeaderMap, Method, header, request::Parts};
use percent_encoding::percent_decode_str;

use super::query::Query;

/// The longest key, in bytes of UTF-8.
const LONGEST_KEY: usize = 1024;

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Buckets,
    Bucket(String),
    Object { bucket: String, key: String },
}

/// Whether a request is signed for S3, whatever its path is.
pub fn is_signed_for(headers: &HeaderMap) -> bool {
    let signed = headers.get(header::AUTHORIZATION);
    let signed = signed.and_then(|signed| signed.to_str().ok());
    signed.is_some_and(|text| text.starts_with("AWS4-") && text.contains("/s3/aws4_request"))
}

/// Whether a request is for S3: signed for it; or not signed at all, and nothing that another service would be asked.
pub fn is_meant(parts: &Parts) -> bool {
    // What names an operation of another service is that service's to refuse, whatever it is signed for.
    let is_rpc = parts.headers.contains_key("x-amz-target")
        || parts.headers.contains_key("smithy-protocol")
        || parts.uri.path().starts_with("/service/");
    if is_rpc {
        return false;
    }
    if let Some(service) = scope_service(parts) {
        return service == "s3";
    }
    let is_signed = parts.headers.contains_key(header::AUTHORIZATION);
    let is_method = matches!(
        parts.method,
        Method::GET | Method::PUT | Method::HEAD | Method::DELETE
    );
    let query = Query::of(&parts.uri);
    let names_something = !parts.uri.path().trim_matches('/').is_empty()
        || bucket_of_host(&parts.headers, "").is_some();
    !is_signed && is_method && !query.has("Action") && (query.has("x-id") || names_something)
}

impl Target {
    pub fn parse(parts: &Parts, endpoint: &str) -> Result<Self, Refusal> {
        let raw = parts.uri.path();
        let raw = raw.strip_prefix('/').unwrap_or(raw);
        let (bucket, key) = if let Some(bucket) = bucket_of_host(&parts.headers, endpoint) {
            (bucket, raw)
        } else {
            let (bucket, key) = raw.split_once('/').unwrap_or((raw, ""));
            (plain(bucket)?, key)
        };
        let key = plain(key)?;
        if bucket.is_empty() {
            return if key.is_empty() {
                Ok(Self::Buckets)
            } else {
                Err(bad_uri())
            };
        }
        if key.is_empty() {
            return Ok(Self::Bucket(bucket));
        }
        if key.len() > LONGEST_KEY {
            return Err(Refusal::told(
                400,
                "KeyTooLongError",
                "Your key is too long",
            ));
        }
        Ok(Self::Object { bucket, key })
    }

    /// Bucket and key, as far as there are any.
    pub fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Buckets => (None, None),
            Self::Bucket(bucket) => (Some(bucket), None),
            Self::Object { bucket, key } => (Some(bucket), Some(key)),
        }
    }
}

/// Decodes what stands in a path, where `+` is no space.
// AWS: a key may hold a zero byte; no database here does.
fn plain(text: &str) -> Result<String, Refusal> {
    let plain = percent_decode_str(text).decode_utf8();
    let plain = plain.ok().filter(|text| !text.contains('\0'));
    plain.map(std::borrow::Cow::into_owned).ok_or_else(bad_uri)
}

fn bad_uri() -> Refusal {
    Refusal::told(400, "InvalidURI", "Couldn't parse the specified URI.")
}

/// The bucket of `bucket.localhost:4566`: what stands before a name of this server.
fn bucket_of_host(headers: &HeaderMap, endpoint: &str) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let host = without_port(host).to_ascii_lowercase();
    let own = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, host)| host);
    let own = without_port(own).to_ascii_lowercase();
    ["s3.localhost", "localhost", own.as_str()]
        .into_iter()
        .filter(|name| !name.is_empty())
        .find_map(|name| {
            if host == name {
                return Some(None);
            }
            let bucket = host.strip_suffix(name)?.strip_suffix('.')?;
            Some((!bucket.is_empty()).then(|| bucket.to_owned()))
        })
        .flatten()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parse(host: &str, path: &str) -> Target {
        let (parts, ()) = Request::get(path)
            .header("host", host)
            .body(())
            .unwrap()
            .into_parts();
        Target::parse(&parts, "http://sealift.example:4566").unwrap()
    }

    fn object(bucket: &str, key: &str) -> Target {
        Target::Object {
            bucket: bucket.into(),
            key: key.into(),
        }
    }

    #[test]
    fn both_styles_name_bucket_and_key() {
        assert_eq!(parse("127.0.0.1:4566", "/"), Target::Buckets);
        assert_eq!(parse("localhost:4566", "/b"), Target::Bucket("b".into()));
        assert_eq!(parse("localhost", "/b/"), Target::Bucket("b".into()));
        assert_eq!(parse("b.localhost:4566", "/"), Target::Bucket("b".into()));
        assert_eq!(parse("s3.localhost:4566", "/"), Target::Buckets);
        assert_eq!(parse("a.b.s3.localhost", "/k"), object("a.b", "k"));
        assert_eq!(parse("b.sealift.example:4566", "/k"), object("b", "k"));
        assert_eq!(parse("other.example", "/b/k"), object("b", "k"));
    }

    #[test]
    fn a_key_is_what_was_written() {
        assert_eq!(parse("localhost", "/b//a/../c//"), object("b", "/a/../c//"));
        assert_eq!(
            parse("localhost", "/b/a+b%20%C3%A4%2Fc%2520"),
            object("b", "a+b ä/c%20")
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let refused = |path: &str| {
            let (parts, ()) = Request::get(path)
                .header("host", "localhost")
                .body(())
                .unwrap()
                .into_parts();
            match Target::parse(&parts, "") {
                Err(Refusal::Told { code, .. }) => code,
                _ => "taken",
            }
        };
        assert_eq!(refused("/b/%00"), "InvalidURI");
        assert_eq!(refused("/b/%FF"), "InvalidURI");
        assert_eq!(
            refused(&format!("/b/{}", "k".repeat(1025))),
            "KeyTooLongError"
        );
        assert_eq!(refused("//key"), "InvalidURI");
    }
}
