//! Bodies that were compressed on their way.

use std::{borrow::Cow, io::Read as _};

use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header::CONTENT_ENCODING};

use crate::CommonError;

/// The body as its service reads it. The signature covers what came, so this is for what reads on.
///
/// A body that unfolds to more than `limit` is refused before it has.
pub fn plain_body<'b>(
    headers: &HeaderMap,
    body: &'b [u8],
    limit: usize,
) -> Result<Cow<'b, [u8]>, CommonError> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map_or(Ok(""), |value| value.to_str())
        .unwrap_or("?");
    // `aws-chunked` is for the signature to refuse, which has the words for it.
    if ["", "identity", "aws-chunked"].contains(&encoding.to_ascii_lowercase().as_str()) {
        return Ok(Cow::Borrowed(body));
    }
    if !encoding.eq_ignore_ascii_case("gzip") {
        return Err(CommonError::Serialization(format!(
            "content encoding `{encoding}` is not supported"
        )));
    }
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(body).take(most).read_to_end(&mut plain);
    match read {
        Ok(_) if plain.len() > limit => Err(CommonError::RequestTooLarge),
        Ok(_) => Ok(Cow::Owned(plain)),
        Err(_) => Err(CommonError::Serialization(
            "the body is not gzip, as its content encoding says".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn headers(encoding: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().unwrap())])
    }

    #[test]
    fn a_compressed_body_is_unfolded() {
        let body = gzip(b"{}");
        assert_eq!(*plain_body(&headers("GZIP"), &body, 10).unwrap(), *b"{}");
        assert_eq!(
            *plain_body(&headers("identity"), b"{}", 10).unwrap(),
            *b"{}"
        );
        assert_eq!(*plain_body(&HeaderMap::new(), b"{}", 10).unwrap(), *b"{}");
    }

    #[test]
    fn a_body_that_unfolds_without_end_is_refused() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        assert!(bomb.len() < 2000);
        let refused = plain_body(&headers("gzip"), &bomb, 1 << 16);
        assert!(matches!(refused, Err(CommonError::RequestTooLarge)));
    }

    #[test]
    fn other_encodings_and_broken_ones_are_refused() {
        for (encoding, body) in [("br", b"{}".as_slice()), ("gzip", b"{}"), ("gzip", b"")] {
            let refused = plain_body(&headers(encoding), body, 10);
            assert!(
                matches!(refused, Err(CommonError::Serialization(_))),
                "{encoding}"
            );
        }
    }
}
