//! The canonical form of a request, which is what a signature covers.

use http::{HeaderMap, Uri, header::HOST, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use super::SignatureError;

/// Everything but the unreserved characters is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The canonical request. `None` where a header that should be signed is not there.
pub(super) fn request(
    parts: &Parts,
    (path, query): (&str, &Query),
    signed_headers: &[&str],
    payload_hash: &str,
) -> Option<Vec<u8>> {
    let mut canonical = Vec::new();
    canonical.extend_from_slice(parts.method.as_str().as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(path.as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(query.canonical().as_bytes());
    canonical.push(b'\n');
    for name in signed_headers {
        canonical.extend_from_slice(name.as_bytes());
        canonical.push(b':');
        canonical.extend(header(parts, name)?);
        canonical.push(b'\n');
    }
    canonical.push(b'\n');
    canonical.extend_from_slice(signed_headers.join(";").as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(payload_hash.as_bytes());
    Some(canonical)
}

/// The path without empty, `.` and `..` segments, encoded once more than it was sent.
// AWS: every service but S3 signs the normalised, twice encoded path.
pub(super) fn path(raw: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let is_folder = raw.ends_with('/') || raw.ends_with("/.") || raw.ends_with("/..");
    let closing = if is_folder && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    let normal = format!("/{}{closing}", segments.join("/"));
    percent_encode(normal.as_bytes(), RESERVED_IN_PATH).to_string()
}

/// The path as S3 has it signed: as it was sent, each character encoded once. In a key, `//`, `.` and `..` are characters
/// like others, and `%2F` is signed as the client wrote it.
pub(super) fn plain_path(raw: &str) -> String {
    let segments: Vec<String> = raw
        .split('/')
        .map(|segment| {
            let plain: Vec<u8> = percent_decode(segment.as_bytes()).collect();
            percent_encode(&plain, RESERVED).to_string()
        })
        .collect();
    if raw.is_empty() {
        "/".to_owned()
    } else {
        segments.join("/")
    }
}

/// The values of a header in the order they came, outer spaces trimmed and inner runs of them folded to one.
fn header(parts: &Parts, name: &str) -> Option<Vec<u8>> {
    if name == HOST.as_str() && !parts.headers.contains_key(HOST) {
        return Some(parts.uri.authority()?.as_str().as_bytes().to_vec());
    }
    let values = values(&parts.headers, name);
    (!values.is_empty()).then(|| values.join(&b','))
}

fn values(headers: &HeaderMap, name: &str) -> Vec<Vec<u8>> {
    headers
        .get_all(name)
        .iter()
        .map(|value| {
            let mut folded = Vec::new();
            for &byte in value.as_bytes().trim_ascii() {
                if byte != b' ' || folded.last() != Some(&b' ') {
                    folded.push(byte);
                }
            }
            folded
        })
        .collect()
}

/// The parameters of a query string, decoded.
pub(super) struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&');
        Self(
            pairs
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// The first value of a parameter, where it is text.
    pub(super) fn first(&self, name: &str) -> Option<String> {
        let value = self.values(name).next()?;
        String::from_utf8(value.to_vec()).ok()
    }

    /// The value of a parameter that must not come twice.
    pub(super) fn only(&self, name: &str) -> Result<Option<String>, SignatureError> {
        let mut values = self.values(name);
        let value = values.next().map(|value| String::from_utf8(value.to_vec()));
        match (value.transpose(), values.next()) {
            (Ok(value), None) => Ok(value),
            _ => Err(SignatureError::Incomplete(format!(
                "AWS query-string parameters must include '{name}' once, as text. Re-examine the query-string parameters."
            ))),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.0.iter().filter(move |(n, _)| n == name.as_bytes());
        named.map(|(_, value)| value.as_slice())
    }

    /// Encoded anew and sorted by name, then value. A signature does not cover itself.
    fn canonical(&self) -> String {
        let encode = |bytes: &[u8]| percent_encode(bytes, RESERVED).to_string();
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .filter(|(name, _)| name != b"X-Amz-Signature")
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        pairs.sort();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }
}

/// A `+` is a space, as in forms: Go's clients write it so, and sign `%20`.
fn decode(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_encoded_twice() {
        for (raw, canonical) in [
            ("/", "/"),
            ("", "/"),
            ("//a//b", "/a/b"),
            ("/a/../b/./c", "/b/c"),
            ("/../../a/", "/a/"),
            ("/a/..", "/"),
            ("/a%20b", "/a%2520b"),
            ("/a:b~", "/a%3Ab~"),
        ] {
            assert_eq!(path(raw), canonical, "{raw}");
        }
    }

    #[test]
    fn the_paths_of_s3_stay_as_they_are() {
        for (raw, canonical) in [
            ("/", "/"),
            ("/b//a/../.", "/b//a/../."),
            ("/b/a%20b+c", "/b/a%20b%2Bc"),
            ("/b/%C3%A4%2f", "/b/%C3%A4%2F"),
        ] {
            assert_eq!(plain_path(raw), canonical, "{raw}");
        }
    }

    #[test]
    fn queries_are_sorted_after_encoding_and_plus_is_a_space() {
        let query = |uri: &str| Query::of(&uri.parse().unwrap()).canonical();
        assert_eq!(query("/?b=2&a=1&a=0&A=x"), "A=x&a=0&a=1&b=2");
        assert_eq!(query("/?q=a+b%20c%2B"), "q=a%20b%20c%2B");
        assert_eq!(query("/?flag&X-Amz-Signature=s"), "flag=");
    }
}
