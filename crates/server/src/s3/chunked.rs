//! `aws-chunked`: a body in chunks, with headers after it.

use zeroize::Zeroizing;

/// More lines after the last chunk are no trailer of a client that exists.
const MOST_TRAILERS: usize = 16;

/// A body that was sent in chunks.
pub(super) struct Unchunked {
    pub content: Zeroizing<Vec<u8>>,
    /// Names in lower case.
    pub trailers: Vec<(String, String)>,
}

/// Takes the chunks apart; `None` where they are not what they should be.
pub(super) fn decode(body: &[u8]) -> Option<Unchunked> {
    let mut content = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut rest = body;
    loop {
        let (line, after) = line(rest)?;
        // What follows a semicolon is an extension, such as a signature.
        let size = line.split(';').next()?.trim();
        if size.is_empty() || size.len() > 8 || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            let trailers = trailers(after)?;
            return Some(Unchunked { content, trailers });
        }
        let end = size.checked_add(2)?;
        let chunk = after.get(..size)?;
        if after.get(size..end)? != b"\r\n" {
            return None;
        }
        content.extend_from_slice(chunk);
        rest = after.get(end..)?;
    }
}

fn trailers(mut rest: &[u8]) -> Option<Vec<(String, String)>> {
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let (line, after) = line(rest)?;
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        if trailers.len() > MOST_TRAILERS {
            return None;
        }
    }
    rest.is_empty().then_some(trailers)
}

/// The text up to the next end of a line, and what follows.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let at = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let line = std::str::from_utf8(bytes.get(..at)?).ok()?;
    Some((line, bytes.get(at + 2..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_and_trailers_are_taken_apart() {
        let body =
            b"3\r\nA=1\r\n2;chunk-signature=0\r\n\r\n\r\n0\r\nX-Amz-Checksum-CRC32:abc=\r\n\r\n";
        let decoded = decode(body).unwrap();
        assert_eq!(*decoded.content, b"A=1\r\n");
        assert_eq!(
            decoded.trailers,
            [("x-amz-checksum-crc32".to_owned(), "abc=".to_owned())]
        );
        assert!(decode(b"0\r\n\r\n").unwrap().content.is_empty());
    }

    #[test]
    fn broken_chunks_are_not() {
        for body in [
            b"".as_slice(),
            b"3\r\nA=",
            b"3\r\nA=1",
            b"3\r\nA=1xx0\r\n\r\n",
            b"x\r\n",
            b"-1\r\n",
            b"ffffffff\r\nA\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\n",
            b"0\r\nno trailer\r\n\r\n",
            b"0\r\n\r\nmore",
            b"3\r\nA=1\r\n",
        ] {
            assert!(decode(body).is_none(), "{body:?}");
        }
    }
}
