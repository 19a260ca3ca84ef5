//! Reading JSON into a tree.
//!
//! Our own reader, because a body may hold secrets: each text goes into one allocation that is zeroed when dropped,
//! and nothing of it passes through a growing buffer.

use zeroize::Zeroizing;

use super::{DecodeError, MAX_DEPTH, Node};

/// Reads one JSON value, which must fill the whole body. An empty body is an empty structure.
pub fn parse(body: &[u8]) -> Result<Node, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| broken("the body is not UTF-8"))?;
    let mut reader = Reader { rest: text };
    reader.skip_space();
    if reader.rest.is_empty() {
        return Ok(Node::EMPTY);
    }
    let node = reader.value(0)?;
    reader.skip_space();
    if reader.rest.is_empty() {
        Ok(node)
    } else {
        Err(broken("unexpected text after the end of the body"))
    }
}

/// What is wrong is said without quoting the body, which may hold a secret.
fn broken(what: &str) -> DecodeError {
    DecodeError::Serialization(what.to_owned())
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn peek(&self) -> Option<u8> {
        self.rest.as_bytes().first().copied()
    }

    /// Takes this text, if it is next.
    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes the first `length` bytes, which must end at a character's border.
    fn split(&mut self, length: usize) -> &'a str {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        head
    }

    fn value(&mut self, depth: usize) -> Result<Node, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(broken("the body is nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Node::Text(self.text()?)),
            Some(b't') if self.take("true") => Ok(Node::Boolean(true)),
            Some(b'f') if self.take("false") => Ok(Node::Boolean(false)),
            Some(b'n') if self.take("null") => Ok(Node::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(broken("the body is not JSON")),
            None => Err(broken("the body ends too early")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, DecodeError> {
        self.take("{");
        let mut members = Vec::new();
        self.skip_space();
        if self.take("}") {
            return Ok(Node::Map(members));
        }
        loop {
            self.skip_space();
            let mut name = self.text()?;
            self.skip_space();
            if !self.take(":") {
                return Err(broken("a member has no value"));
            }
            self.skip_space();
            members.push((std::mem::take(&mut *name), self.value(depth + 1)?));
            self.skip_space();
            if self.take("}") {
                return Ok(Node::Map(members));
            }
            if !self.take(",") {
                return Err(broken("an object is not closed"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, DecodeError> {
        self.take("[");
        let mut nodes = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(Node::List(nodes));
        }
        loop {
            self.skip_space();
            nodes.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") {
                return Ok(Node::List(nodes));
            }
            if !self.take(",") {
                return Err(broken("an array is not closed"));
            }
        }
    }

    fn text(&mut self) -> Result<Zeroizing<String>, DecodeError> {
        if !self.take("\"") {
            return Err(broken("a text was expected"));
        }
        // Unescaping never makes a text longer, so that this one allocation is enough.
        let mut text = Zeroizing::new(String::with_capacity(raw_length(self.rest)));
        loop {
            let plain = self
                .rest
                .find(|c| c == '"' || c == '\\' || c < ' ')
                .ok_or_else(|| broken("a text is not closed"))?;
            text.push_str(self.split(plain));
            if self.take("\"") {
                return Ok(text);
            }
            if !self.take("\\") {
                return Err(broken("a text holds a control character"));
            }
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, DecodeError> {
        let letter = self.rest.chars().next();
        let letter = letter.ok_or_else(|| broken("a text is not closed"))?;
        self.split(letter.len_utf8());
        match letter {
            '"' | '\\' | '/' => Ok(letter),
            'b' => Ok('\u{8}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'u' => self.unicode_escape(),
            _ => Err(broken("a text holds an unknown escape")),
        }
    }

    /// Four hexadecimal digits, or two times four where the first are a high surrogate.
    fn unicode_escape(&mut self) -> Result<char, DecodeError> {
        let lone = || broken("a text holds half a surrogate pair");
        let first = self.four_digits()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(lone);
        }
        if first >= 0xdc00 || !self.take("\\u") {
            return Err(lone());
        }
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    fn four_digits(&mut self) -> Result<u32, DecodeError> {
        let digits = self.split(4);
        if digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            u32::from_str_radix(digits, 16).map_err(|_| broken("a text holds an unknown escape"))
        } else {
            Err(broken("a text holds an unknown escape"))
        }
    }

    fn number(&mut self) -> Result<Node, DecodeError> {
        let end = self
            .rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(self.rest.len());
        let text = self.split(end);
        if !is_number(text) {
            return Err(broken("a number is malformed"));
        }
        if let Ok(integer) = text.parse() {
            return Ok(Node::Integer(integer));
        }
        match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Node::Float(float)),
            _ => Err(broken("a number is out of range")),
        }
    }
}

/// The bytes up to the closing quotation mark.
fn raw_length(rest: &str) -> usize {
    let mut is_escaped = false;
    rest.bytes()
        .position(|b| {
            let is_end = b == b'"' && !is_escaped;
            is_escaped = b == b'\\' && !is_escaped;
            is_end
        })
        .unwrap_or_default()
}

/// `-? (0 | [1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)?`
fn is_number(text: &str) -> bool {
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    all_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(all_digits)
        && exponent.is_none_or(|e| all_digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{Decoder, Document};

    fn read(body: &[u8]) -> Option<serde_json::Value> {
        let document: Document = Decoder::stored(parse(body).ok()?).ok()?;
        Some(document.0)
    }

    #[test]
    fn of_a_repeated_member_the_last_one_counts() {
        assert_eq!(read(br#"{"a":1,"a":2}"#), Some(serde_json::json!({"a": 2})));
    }

    #[test]
    fn what_is_broken_is_refused() {
        for body in [
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1",
            "\"a",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\u12\"",
            "\"a\nb\"",
            "01",
            "1.",
            "-",
            "1e",
            "+1",
            "1e999",
            "{} {}",
            "nul",
            "'a'",
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 2).as_bytes()).is_err());
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&body);
        }

        #[test]
        fn text_that_resembles_json_is_read_as_serde_json_reads_it(
            body in r#"[\[\]{},:"\\a0-9eEu.+\-tfn ]{0,24}|"(\\[nrtbf/"\\]|\\u[0-9a-f]{4}|é|𝄞|x){0,6}""#,
        ) {
            let ours = read(body.as_bytes());
            let theirs = serde_json::from_str::<serde_json::Value>(&body).ok();
            if body.trim().is_empty() {
                prop_assert!(ours.is_some());
            } else {
                prop_assert_eq!(ours.is_some(), theirs.is_some(), "{}", body);
                // Fractions keep their text here; and to serde_json -0 is one, where it is a whole number to AWS.
                if let (Some(ours), Some(theirs)) = (ours, theirs)
                    && !body.contains(['.', 'e', 'E'])
                    && !body.contains("-0")
                {
                    prop_assert_eq!(ours, theirs);
                }
            }
        }
    }
}
