//! What a request's body says, once it was seen to be what the request says of it.

use api::sigv4::SignatureError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::s3::{PutObject, Refusal, Request};
use http::{HeaderMap, header, request::Parts};
use types::SecretValue;
use zeroize::Zeroizing;

use super::{checksum::Algorithm, chunked, document};
use crate::pipeline::ReadBody;

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// Chunks that are not signed, with a checksum behind them.
const UNSIGNED_CHUNKS: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// The request with what its body says. The signature was verified before, and covers what the headers say.
pub(super) fn read(parts: &Parts, body: ReadBody, request: Request) -> Result<Request, Refusal> {
    let body = match body {
        ReadBody::Whole(body) => body,
        ReadBody::TooLarge => return Err(Refusal::too_large()),
        ReadBody::Incomplete => return Err(incomplete()),
    };
    let (content, trailers) = plain(&parts.headers, &body)?;
    match request {
        Request::PutObject(put) => {
            let put = PutObject {
                headers: with_checksums(&parts.headers, trailers, &content, put.headers)?,
                content: SecretValue::from(content.to_vec()),
                ..put
            };
            Ok(Request::PutObject(put))
        }
        Request::CreateBucket { bucket, .. } => Ok(Request::CreateBucket {
            bucket,
            location: document::location(&content)?,
        }),
        other => Ok(other),
    }
}

type Trailers = Vec<(String, String)>;

/// The body as its client meant it, held against what was signed.
fn plain(headers: &HeaderMap, body: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Trailers), Refusal> {
    let claim = text(headers, "x-amz-content-sha256").unwrap_or_default();
    let in_chunks = text(headers, "content-encoding")
        .is_some_and(|all| all.split(',').any(|one| one.trim() == "aws-chunked"));
    match claim {
        UNSIGNED_CHUNKS => {
            let decoded = chunked::decode(body).ok_or_else(incomplete)?;
            let announced = text(headers, "x-amz-decoded-content-length");
            let announced = announced.and_then(|length| length.parse::<usize>().ok());
            if announced != Some(decoded.content.len()) {
                return Err(incomplete());
            }
            Ok((decoded.content, decoded.trailers))
        }
        _ if claim.starts_with("STREAMING-") => {
            Err(Refusal::not_implemented("payloads signed in chunks"))
        }
        _ if in_chunks => Err(incomplete()),
        UNSIGNED => Ok((Zeroizing::new(body.to_vec()), Vec::new())),
        claim if claim == crypto::sha256_hex(body) => {
            Ok((Zeroizing::new(body.to_vec()), Vec::new()))
        }
        claim if claim.len() == 64 => {
            let text =
                "The provided 'x-amz-content-sha256' header does not match what was computed.";
            Err(Refusal::told(400, "XAmzContentSHA256Mismatch", text))
        }
        _ => Err(SignatureError::mismatch().into()),
    }
}

/// Compares every checksum that was sent, and keeps S3's own.
fn with_checksums(
    headers: &HeaderMap,
    trailers: Trailers,
    content: &[u8],
    mut kept: std::collections::BTreeMap<String, String>,
) -> Result<std::collections::BTreeMap<String, String>, Refusal> {
    if let Some(given) = text(headers, "content-md5") {
        let given = STANDARD.decode(given).ok().filter(|md5| md5.len() == 16);
        let given = given.ok_or_else(|| {
            Refusal::told(
                400,
                "InvalidDigest",
                "The Content-MD5 you specified was invalid.",
            )
        })?;
        if given != crypto::md5(content) {
            let text = "The Content-MD5 you specified did not match what we received.";
            return Err(Refusal::told(400, "BadDigest", text));
        }
    }
    let sent = headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    for (name, given) in sent.chain(trailers) {
        let Some(algorithm) = Algorithm::by_header(&name) else {
            continue;
        };
        if algorithm.of(content) != given {
            let text = format!(
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            );
            return Err(Refusal::told(400, "BadDigest", text));
        }
        kept.insert(name, given);
    }
    Ok(kept)
}

fn incomplete() -> Refusal {
    let text =
        "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Refusal::told(400, "IncompleteBody", text)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let name = header::HeaderName::try_from(name).ok()?;
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::request::Builder;

    use super::*;
    use crate::s3::{request, target::Target};

    fn put(request: Builder, body: &'static [u8]) -> Result<PutObject, &'static str> {
        let (parts, ()) = request
            .method("PUT")
            .uri("/bucket/k")
            .header("host", "localhost")
            .body(())
            .unwrap()
            .into_parts();
        let target = Target::parse(&parts, "").unwrap();
        let request = request::parse(&parts, target).ok().unwrap();
        match read(&parts, ReadBody::Whole(Bytes::from_static(body)), request) {
            Ok(Request::PutObject(put)) => Ok(put),
            Err(Refusal::Told { code, .. }) => Err(code),
            _ => Err("?"),
        }
    }

    fn of(claim: &str) -> Builder {
        http::Request::builder().header("x-amz-content-sha256", claim)
    }

    #[test]
    fn a_body_must_be_what_was_signed() {
        let right = crypto::sha256_hex(b"A=1");
        assert_eq!(
            put(of(&right), b"A=1").unwrap().content,
            SecretValue::from("A=1")
        );
        assert_eq!(
            put(of(&right), b"A=2").err(),
            Some("XAmzContentSHA256Mismatch")
        );
        assert!(put(of(UNSIGNED), b"A=1").is_ok());
        assert_eq!(
            put(of("anything"), b"A=1").err(),
            Some("SignatureDoesNotMatch")
        );
        assert_eq!(
            put(of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), b"").err(),
            Some("NotImplemented")
        );
    }

    #[test]
    fn a_body_in_chunks_has_the_length_and_the_checksum_it_says() {
        let chunks =
            |length: &str| of(UNSIGNED_CHUNKS).header("x-amz-decoded-content-length", length);
        let good = b"3\r\nA=1\r\n0\r\nx-amz-checksum-crc32:tS92YQ==\r\n\r\n";
        let kept = put(chunks("3"), good).unwrap();
        assert_eq!(kept.content, SecretValue::from("A=1"));
        assert_eq!(
            put(
                chunks("3"),
                b"3\r\nA=2\r\n0\r\nx-amz-checksum-crc32:tS92YQ==\r\n\r\n"
            )
            .err(),
            Some("BadDigest")
        );
        assert_eq!(put(chunks("4"), good).err(), Some("IncompleteBody"));
        assert_eq!(put(chunks("3"), b"3\r\nA=1").err(), Some("IncompleteBody"));
    }

    #[test]
    fn checksums_are_compared_and_kept() {
        let sent = |name: &str, value: &str| put(of(UNSIGNED).header(name, value), b"A=1");
        for algorithm in Algorithm::ALL {
            let right = algorithm.of(b"A=1");
            let kept = sent(algorithm.header(), &right).unwrap().headers;
            assert_eq!(kept.get(algorithm.header()), Some(&right));
            let wrong = algorithm.of(b"A=2");
            assert_eq!(sent(algorithm.header(), &wrong).err(), Some("BadDigest"));
        }
        assert!(sent("content-md5", &STANDARD.encode(crypto::md5(b"A=1"))).is_ok());
        assert_eq!(
            sent("content-md5", &STANDARD.encode(crypto::md5(b"A=2"))).err(),
            Some("BadDigest")
        );
        assert_eq!(sent("content-md5", "x").err(), Some("InvalidDigest"));
    }
}
