//! Answers of S3: XML documents, objects, and errors.

use std::fmt::Write as _;

use bytes::Bytes;
use domain::s3::{Answer, ListObjects, Listing, MOST_KEYS, Object, Refusal, Request};
use http::{HeaderName, HeaderValue, Response, StatusCode, header, request::Parts};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use store::s3::BucketRow;
use zeroize::Zeroizing;

use super::{
    checksum::Algorithm,
    is_head,
    query::Query,
    range::{self, Part},
    target::Target,
};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What of a key stays as it is where a client wants keys encoded.
const IN_KEYS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// What of a request is in every answer.
pub(super) struct Asked {
    id: String,
    is_head: bool,
    bucket: Option<String>,
    key: Option<String>,
}

impl Asked {
    pub fn of(parts: &Parts, endpoint: &str, id: &str) -> Self {
        let target = Target::parse(parts, endpoint).ok();
        let names = target.as_ref().map(Target::names).unwrap_or_default();
        Self {
            id: id.to_owned(),
            is_head: is_head(parts),
            bucket: names.0.map(str::to_owned),
            key: names.1.map(str::to_owned),
        }
    }

    fn respond(&self, status: u16, body: Zeroizing<Vec<u8>>) -> Response<Full<Bytes>> {
        // Zeroed once it is sent: an object may hold what is nobody's business.
        let mut response = Response::new(Full::new(Bytes::from_owner(body)));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        set(&mut response, "x-amz-request-id", &self.id);
        set(&mut response, "x-amzn-requestid", &self.id);
        set(&mut response, "x-amz-id-2", &self.id);
        response
    }

    fn xml(&self, status: u16, document: &str) -> Response<Full<Bytes>> {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}");
        // AWS: an answer to HEAD has no body, not even where it is an error.
        let body = if self.is_head {
            Vec::new()
        } else {
            text.into_bytes()
        };
        let mut response = self.respond(status, Zeroizing::new(body));
        set(&mut response, "content-type", "application/xml");
        response
    }
}

fn set(response: &mut Response<Full<Bytes>>, name: &str, value: &str) {
    let name = HeaderName::try_from(name);
    if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
        response.headers_mut().insert(name, value);
    }
}

/// An error document.
pub(super) fn refused(asked: &Asked, refusal: &Refusal) -> Response<Full<Bytes>> {
    let (status, code, message) = match refusal {
        Refusal::Told {
            status,
            code,
            message,
        } => (*status, *code, message.as_str()),
        Refusal::Fault(_) => (
            500,
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
    };
    let mut inside = element("Code", code) + &element("Message", message);
    if let Some(key) = asked.key.as_deref().filter(|_| code == "NoSuchKey") {
        inside += &element("Key", key);
    } else if let Some(bucket) = asked.bucket.as_deref().filter(|_| code.contains("Bucket")) {
        inside += &element("BucketName", bucket);
    }
    if code == "EntityTooLarge" {
        let most = domain::s3::LARGEST_OBJECT.to_string();
        inside += &element("MaxSizeAllowed", &most);
    }
    inside += &element("RequestId", &asked.id);
    inside += &element("HostId", &asked.id);
    asked.xml(status, &format!("<Error>{inside}</Error>"))
}

/// What an operation answered.
pub(super) fn answered(
    asked: &Asked,
    parts: &Parts,
    request: &Request,
    answer: Answer,
) -> Response<Full<Bytes>> {
    match answer {
        Answer::Done => done(asked, request),
        Answer::Buckets(buckets) => asked.xml(200, &list_of_buckets(&buckets)),
        Answer::Bucket(bucket) => {
            let mut response = asked.respond(200, Zeroizing::default());
            set(&mut response, "x-amz-bucket-region", bucket.region.as_str());
            set(&mut response, "x-amz-access-point-alias", "false");
            response
        }
        Answer::Location(region) => {
            // AWS: the first region has no name here.
            let region = Some(region.as_str()).filter(|region| *region != "us-east-1");
            let inside = region.map(escape).unwrap_or_default();
            asked.xml(200, &document("LocationConstraint", &inside))
        }
        Answer::Listing(listing) => match request {
            Request::ListObjectsV2(wanted) => {
                let encoded = Query::of(&parts.uri).has("encoding-type");
                asked.xml(200, &list_of_objects(wanted, &listing, encoded))
            }
            _ => asked.respond(200, Zeroizing::default()),
        },
        Answer::Put { etag } => put(asked, request, &etag),
        Answer::Object(object) => self::object(asked, parts, &object),
    }
}

fn done(asked: &Asked, request: &Request) -> Response<Full<Bytes>> {
    match request {
        Request::CreateBucket { bucket, .. } => {
            let mut response = asked.respond(200, Zeroizing::default());
            set(&mut response, "location", &format!("/{bucket}"));
            response
        }
        _ => asked.respond(204, Zeroizing::default()),
    }
}

fn put(asked: &Asked, request: &Request, etag: &str) -> Response<Full<Bytes>> {
    let mut response = asked.respond(200, Zeroizing::default());
    set(&mut response, "etag", &format!("\"{etag}\""));
    set(&mut response, "x-amz-server-side-encryption", "AES256");
    if let Request::PutObject(put) = request {
        let sums = put.headers.iter();
        let sums = sums.filter(|(name, _)| Algorithm::by_header(name).is_some());
        for (name, value) in sums {
            set(&mut response, name, value);
            set(&mut response, "x-amz-checksum-type", "FULL_OBJECT");
        }
    }
    response
}

/// An object, or the part of it that is asked for, unless the client's conditions speak against it.
fn object(asked: &Asked, parts: &Parts, object: &Object) -> Response<Full<Bytes>> {
    let text = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let is_it = |list: &str| {
        let mut tags = list.split(',').map(|tag| tag.trim().trim_matches('"'));
        tags.any(|tag| tag == "*" || tag == object.etag)
    };
    if text(header::IF_MATCH).is_some_and(|tags| !is_it(tags)) {
        return refused(asked, &Refusal::precondition_failed());
    }
    if text(header::IF_NONE_MATCH).is_some_and(is_it) {
        let mut response = asked.respond(304, Zeroizing::default());
        set(&mut response, "etag", &format!("\"{}\"", object.etag));
        return response;
    }
    let size = usize::try_from(object.size).unwrap_or_default();
    let part = range::part(text(header::RANGE), size);
    let (status, range) = match &part {
        Part::Whole => (200, 0..size),
        Part::Some(range) => (206, range.clone()),
        Part::None => {
            let text = "The requested range is not satisfiable";
            return refused(asked, &Refusal::told(416, "InvalidRange", text));
        }
    };
    let content = object.content.expose_secret().get(range.clone());
    let content = Zeroizing::new(content.unwrap_or_default().to_vec());
    let mut response = asked.respond(status, content);
    set(&mut response, "content-type", "binary/octet-stream");
    // The checksum is of the whole.
    let with_checksum = status == 200 && text_is(parts, "x-amz-checksum-mode", "ENABLED");
    for (name, value) in &object.headers {
        let is_checksum = Algorithm::by_header(name).is_some();
        if !is_checksum || with_checksum {
            set(&mut response, name, value);
        }
        if is_checksum && with_checksum {
            set(&mut response, "x-amz-checksum-type", "FULL_OBJECT");
        }
    }
    if status == 206 {
        let last = range.end.saturating_sub(1);
        let named = format!("bytes {}-{last}/{size}", range.start);
        set(&mut response, "content-range", &named);
    }
    set(&mut response, "content-length", &range.len().to_string());
    set(&mut response, "accept-ranges", "bytes");
    set(&mut response, "etag", &format!("\"{}\"", object.etag));
    set(
        &mut response,
        "last-modified",
        &object.modified.to_http_date(),
    );
    set(&mut response, "x-amz-server-side-encryption", "AES256");
    response
}

fn text_is(parts: &Parts, name: &str, value: &str) -> bool {
    parts
        .headers
        .get(name)
        .is_some_and(|given| given.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
}

fn list_of_buckets(buckets: &[BucketRow]) -> String {
    let mut list = String::new();
    for bucket in buckets {
        let inside = element("Name", &bucket.name)
            + &element("CreationDate", &bucket.created.to_iso8601_millis())
            + &element("BucketRegion", bucket.region.as_str());
        let _ = write!(list, "<Bucket>{inside}</Bucket>");
    }
    let owner = buckets.first().map_or(String::new(), |bucket| {
        format!("<Owner>{}</Owner>", element("ID", bucket.account.as_str()))
    });
    document(
        "ListAllMyBucketsResult",
        &format!("{owner}<Buckets>{list}</Buckets>"),
    )
}

fn list_of_objects(wanted: &ListObjects, listing: &Listing, encoded: bool) -> String {
    let shown = |text: &str| {
        if encoded {
            utf8_percent_encode(text, IN_KEYS).to_string()
        } else {
            text.to_owned()
        }
    };
    let optional = |name: &str, value: Option<&String>| {
        value.map_or(String::new(), |value| element(name, &shown(value)))
    };
    let count = listing.objects.len() + listing.common_prefixes.len();
    let mut inside = element("Name", &wanted.bucket);
    inside += &element(
        "Prefix",
        &shown(wanted.prefix.as_deref().unwrap_or_default()),
    );
    inside += &optional("Delimiter", wanted.delimiter.as_ref());
    inside += &optional("StartAfter", wanted.start_after.as_ref());
    if let Some(token) = &wanted.continuation_token {
        inside += &element("ContinuationToken", token);
    }
    if let Some(token) = &listing.next {
        inside += &element("NextContinuationToken", token);
    }
    if encoded {
        inside += &element("EncodingType", "url");
    }
    inside += &element("KeyCount", &count.to_string());
    inside += &element("MaxKeys", &wanted.max_keys.unwrap_or(MOST_KEYS).to_string());
    inside += &element("IsTruncated", &listing.next.is_some().to_string());
    for row in &listing.objects {
        let one = element("Key", &shown(&row.key))
            + &element("LastModified", &row.modified.to_iso8601_millis())
            + &element("ETag", &format!("\"{}\"", row.etag))
            + &element("Size", &row.size.to_string())
            + &element("StorageClass", "STANDARD");
        let _ = write!(inside, "<Contents>{one}</Contents>");
    }
    for prefix in &listing.common_prefixes {
        let one = element("Prefix", &shown(prefix));
        let _ = write!(inside, "<CommonPrefixes>{one}</CommonPrefixes>");
    }
    document("ListBucketResult", &inside)
}

fn document(name: &str, inside: &str) -> String {
    format!("<{name} xmlns=\"{NAMESPACE}\">{inside}</{name}>")
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// What XML cannot hold is written as a reference, as S3 does it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(escaped, "&#x{:X};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
