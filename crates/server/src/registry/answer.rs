//! Answers of the registry protocol.

use axum::body::Body;
use domain::ecr::registry::Refusal;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;
use store::ecr::ImageRow;

const VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// What of the answer of the registry behind a client gets to see.
const PASSED_BACK: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::RANGE,
    header::ETAG,
    header::LOCATION,
    DIGEST,
    UPLOAD,
];

fn with(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let version = HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert(VERSION, version);
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = with(status, Body::from(body.to_string()));
    let json = "application/json; charset=utf-8";
    set(response.headers_mut(), header::CONTENT_TYPE, json);
    response
}

/// There is a registry, and the login is good.
pub(super) fn registry() -> Response<Body> {
    json(StatusCode::OK, &json!({}))
}

pub(super) fn refused(refusal: &Refusal, endpoint: &str) -> Response<Body> {
    let (status, code, message) = match refusal {
        Refusal::Told {
            status,
            code,
            message,
        } => (*status, *code, message.as_str()),
        Refusal::Fault(_) => (500, "UNKNOWN", "An internal error occurred."),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"errors": [{"code": code, "message": message}]});
    let mut response = json(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = format!(r#"Basic realm="{endpoint}/",service="ecr.amazonaws.com""#);
        set(response.headers_mut(), header::WWW_AUTHENTICATE, &challenge);
    }
    response
}

pub(super) fn manifest(image: ImageRow, head_only: bool) -> Response<Body> {
    let length = image.manifest.len().to_string();
    let body = if head_only {
        Body::empty()
    } else {
        Body::from(image.manifest)
    };
    let mut response = with(StatusCode::OK, body);
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, &image.media_type);
    set(headers, header::CONTENT_LENGTH, &length);
    set(headers, DIGEST, &image.digest);
    response
}

pub(super) fn created(location: &str, digest: &str) -> Response<Body> {
    let mut response = with(StatusCode::CREATED, Body::empty());
    set(response.headers_mut(), header::LOCATION, location);
    set(response.headers_mut(), DIGEST, digest);
    response
}

/// A page of tags; one more than the page has says that others follow.
pub(super) fn tags(path: &str, name: &str, mut tags: Vec<String>, most: usize) -> Response<Body> {
    let more = tags.len() > most;
    tags.truncate(most);
    let mut response = json(StatusCode::OK, &json!({"name": name, "tags": tags}));
    if let Some(last) = tags.last().filter(|_| more) {
        let link = format!(r#"<{path}?n={most}&last={}>; rel="next""#, encoded(last));
        set(response.headers_mut(), header::LINK, &link);
    }
    response
}

/// The answer of the registry behind, as it comes.
pub(super) fn passed_on(answer: Response<Incoming>) -> Response<Body> {
    let (parts, body) = answer.into_parts();
    let mut response = with(parts.status, Body::new(body));
    for name in PASSED_BACK {
        if let Some(value) = parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// A parameter of the query.
pub(super) fn query(parts: &Parts, name: &str) -> Option<String> {
    let pairs = parts.uri.query()?.split('&');
    let mut values = pairs.filter_map(|pair| pair.split_once('='));
    let (_, value) = values.find(|(key, _)| *key == name)?;
    let value = percent_decode_str(value).decode_utf8().ok()?;
    Some(value.into_owned())
}

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Whether the request brings anything beside its headers.
pub(super) fn has_body(parts: &Parts) -> bool {
    let length = parts.headers.get(header::CONTENT_LENGTH);
    match length.and_then(|value| value.to_str().ok()) {
        Some(length) => length != "0",
        None => parts.headers.contains_key(header::TRANSFER_ENCODING),
    }
}
