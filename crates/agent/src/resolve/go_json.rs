//! JSON as ECS's agent reads it: the texts of its errors, and how its values look once they are variables.
//!
//! The agent is written in Go, and what it makes of JSON is what Go's `encoding/json` and `fmt` make of it. A user sees
//! these words in a stopped reason and these forms in a container, so both are reproduced here.

use std::{collections::BTreeMap, fmt::Write as _};

use zeroize::Zeroizing;

/// Deeper nesting than any secret has; a bound for the stack.
const MAX_DEPTH: usize = 512;

/// A JSON value. Its texts are zeroed when it is dropped: it may be a whole secret.
#[derive(Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(Zeroizing<String>),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// Why a text is not the JSON that was wanted, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("unexpected end of JSON input")]
    UnexpectedEnd,
    #[error("invalid character {character} {context}")]
    InvalidCharacter { character: String, context: String },
    #[error("exceeded max depth")]
    TooDeep,
    #[error("json: cannot unmarshal number {0} into Go value of type float64")]
    NumberOutOfRange(String),
    #[error("json: cannot unmarshal {0} into Go value of type map[string]interface {{}}")]
    NotAnObject(&'static str),
}

impl Json {
    /// Reads one JSON text. A number beyond a double is reported only where the text is well-formed, as Go does.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut parser = Parser {
            rest: text.as_bytes(),
            out_of_range: None,
        };
        parser.skip_space();
        let value = parser.value(0)?;
        parser.skip_space();
        match (parser.rest.first(), parser.out_of_range) {
            (Some(&byte), _) => Err(invalid(byte, "after top-level value")),
            (None, Some(number)) => Err(JsonError::NumberOutOfRange(number)),
            (None, None) => Ok(value),
        }
    }

    /// Reads a JSON object; `null` is an empty one.
    pub fn parse_object(text: &str) -> Result<BTreeMap<String, Self>, JsonError> {
        match Self::parse(text)? {
            Self::Object(members) => Ok(members),
            Self::Null => Ok(BTreeMap::new()),
            other => Err(JsonError::NotAnObject(other.kind())),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The value as Go's `fmt` prints it: `1e+06`, `<nil>`, `map[a:x b:1]`, `[1 x true]`.
    pub fn write_go(&self, to: &mut String) {
        match self {
            Self::Null => to.push_str("<nil>"),
            Self::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => write_float(*number, to),
            Self::String(text) => to.push_str(text),
            Self::Array(items) => {
                to.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        to.push(' ');
                    }
                    item.write_go(to);
                }
                to.push(']');
            }
            Self::Object(members) => {
                to.push_str("map[");
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        to.push(' ');
                    }
                    to.push_str(key);
                    to.push(':');
                    value.write_go(to);
                }
                to.push(']');
            }
        }
    }
}

/// Go's `%v` of a double: the fewest digits that give it back, with an exponent below 10⁻⁴ and from 10⁶ on.
fn write_float(number: f64, to: &mut String) {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let written = if (-4..6).contains(&exponent) {
        write!(to, "{number}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(to, "{digits}e{sign}{:02}", exponent.unsigned_abs())
    };
    written.expect("a string takes every text");
}

struct Parser<'a> {
    rest: &'a [u8],
    out_of_range: Option<String>,
}

impl<'a> Parser<'a> {
    fn skip_space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn next(&mut self) -> Result<u8, JsonError> {
        let (&first, rest) = self.rest.split_first().ok_or(JsonError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(first)
    }

    fn next_after_space(&mut self) -> Result<u8, JsonError> {
        self.skip_space();
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let start = self.rest;
        match self.next()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Ok(Json::String(self.string()?)),
            b't' => self.literal("true", Json::Bool(true)),
            b'f' => self.literal("false", Json::Bool(false)),
            b'n' => self.literal("null", Json::Null),
            first @ (b'-' | b'0'..=b'9') => self.number(start, first),
            other => Err(invalid(other, "looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut members = BTreeMap::new();
        let mut first = self.next_after_space()?;
        if first == b'}' {
            return Ok(Json::Object(members));
        }
        loop {
            if first != b'"' {
                return Err(invalid(first, "looking for beginning of object key string"));
            }
            let key = self.string()?;
            match self.next_after_space()? {
                b':' => self.skip_space(),
                other => return Err(invalid(other, "after object key")),
            }
            let value = self.value(depth + 1)?;
            members.insert(key.as_str().to_owned(), value);
            match self.next_after_space()? {
                b',' => first = self.next_after_space()?,
                b'}' => return Ok(Json::Object(members)),
                other => return Err(invalid(other, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.skip_space();
        if let [b']', rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(Json::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            match self.next_after_space()? {
                b',' => {}
                b']' => return Ok(Json::Array(items)),
                other => return Err(invalid(other, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, value: Json) -> Result<Json, JsonError> {
        for expected in word.bytes().skip(1) {
            let found = self.next()?;
            if found != expected {
                let context = format!(
                    "in literal {word} (expecting {})",
                    quoted(char::from(expected))
                );
                return Err(invalid(found, &context));
            }
        }
        Ok(value)
    }

    fn number(&mut self, start: &'a [u8], first: u8) -> Result<Json, JsonError> {
        let leading = if first == b'-' { self.next()? } else { first };
        match leading {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            other => return Err(invalid(other, "in numeric literal")),
        }
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            self.digit("after decimal point in numeric literal")?;
        }
        if let [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            if let [b'+' | b'-', rest @ ..] = self.rest {
                self.rest = rest;
            }
            self.digit("in exponent of numeric literal")?;
        }
        let length = start.len() - self.rest.len();
        let text = String::from_utf8_lossy(start.get(..length).unwrap_or_default());
        let number: f64 = text.parse().unwrap_or(f64::INFINITY);
        if number.is_infinite() {
            self.out_of_range.get_or_insert(text.into_owned());
        }
        Ok(Json::Number(number))
    }

    fn digits(&mut self) {
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// One digit that must be there, and those that follow it.
    fn digit(&mut self, context: &str) -> Result<(), JsonError> {
        let found = self.next()?;
        if !found.is_ascii_digit() {
            return Err(invalid(found, context));
        }
        self.digits();
        Ok(())
    }

    /// The rest of a string whose opening quote is read.
    fn string(&mut self) -> Result<Zeroizing<String>, JsonError> {
        // Escapes only get shorter, so the bytes never outgrow this and growing leaves no copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length_before_quote(self.rest)));
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => self.escape(&mut bytes)?,
                control @ 0..0x20 => return Err(invalid(control, "in string literal")),
                byte => bytes.push(byte),
            }
        }
        let text = std::str::from_utf8(&bytes).expect("cut from a string at ASCII characters");
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn escape(&mut self, to: &mut Vec<u8>) -> Result<(), JsonError> {
        let character = match self.next()? {
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode_escape()?,
            other => return Err(invalid(other, "in string escape code")),
        };
        to.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// The character of `\uXXXX`, or of a pair of them; half a pair is the replacement character.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let [b'\\', b'u', after @ ..] = self.rest else {
            return Ok(char::REPLACEMENT_CHARACTER);
        };
        let before = self.rest;
        self.rest = after;
        let second = self.hex4()?;
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.rest = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let found = self.next()?;
            let digit = char::from(found)
                .to_digit(16)
                .ok_or_else(|| invalid(found, "in \\u hexadecimal character escape"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}

/// How many bytes of a string come before the quote that ends it.
fn length_before_quote(text: &[u8]) -> usize {
    let mut escaped = false;
    text.iter()
        .position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })
        .unwrap_or(0)
}

// AWS: Go looks at bytes, so the first byte of `ä` is reported as `Ã`.
fn invalid(byte: u8, context: &str) -> JsonError {
    JsonError::InvalidCharacter {
        character: quoted(char::from(byte)),
        context: context.to_owned(),
    }
}

fn quoted(character: char) -> String {
    match character {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        '\\' => r"'\\'".to_owned(),
        '\n' => r"'\n'".to_owned(),
        '\r' => r"'\r'".to_owned(),
        '\t' => r"'\t'".to_owned(),
        '\u{7}' => r"'\a'".to_owned(),
        '\u{8}' => r"'\b'".to_owned(),
        '\u{c}' => r"'\f'".to_owned(),
        '\u{b}' => r"'\v'".to_owned(),
        control if u32::from(control) < 0x20 || u32::from(control) == 0x7f => {
            format!(r"'\x{:02x}'", u32::from(control))
        }
        control @ ('\u{80}'..='\u{a0}' | '\u{ad}') => format!(r"'\u{:04x}'", u32::from(control)),
        plain => format!("'{plain}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(text: &str) -> String {
        let mut printed = String::new();
        match Json::parse(text) {
            Ok(value) => value.write_go(&mut printed),
            Err(error) => printed = error.to_string(),
        }
        printed
    }

    #[test]
    fn numbers_look_as_go_prints_them() {
        for (text, printed) in [
            ("5432", "5432"),
            ("100000", "100000"),
            ("999999", "999999"),
            ("1000000", "1e+06"),
            ("1234567", "1.234567e+06"),
            ("-1500000", "-1.5e+06"),
            ("123456789012", "1.23456789012e+11"),
            ("12345678901234567890", "1.2345678901234567e+19"),
            ("1.5", "1.5"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-0", "-0"),
            ("1e300", "1e+300"),
        ] {
            assert_eq!(go(text), printed);
        }
    }

    #[test]
    fn structures_look_as_go_prints_them() {
        assert_eq!(
            go(r#"{"y":1,"x":[true,null,{}],"a":[]}"#),
            "map[a:[] x:[true <nil> map[]] y:1]"
        );
    }

    #[test]
    fn what_is_no_json_is_refused_in_gos_words() {
        for (text, error) in [
            ("", "unexpected end of JSON input"),
            (
                "hello",
                "invalid character 'h' looking for beginning of value",
            ),
            ("{\"k\":\"v\"", "unexpected end of JSON input"),
            (
                "nope",
                "invalid character 'o' in literal null (expecting 'u')",
            ),
            (
                "{'a'}",
                r"invalid character '\'' looking for beginning of object key string",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 2}",
                "invalid character '2' after object key:value pair",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            ("1 2", "invalid character '2' after top-level value"),
            ("-x", "invalid character 'x' in numeric literal"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            (
                "1ex",
                "invalid character 'x' in exponent of numeric literal",
            ),
            ("01", "invalid character '1' after top-level value"),
            ("\"a\nb\"", r"invalid character '\n' in string literal"),
            (r#""\q""#, "invalid character 'q' in string escape code"),
            (
                r#""\u00g""#,
                r"invalid character 'g' in \u hexadecimal character escape",
            ),
            ("ä", "invalid character 'Ã' looking for beginning of value"),
            (
                "{\"a\":1e400}",
                "json: cannot unmarshal number 1e400 into Go value of type float64",
            ),
        ] {
            assert_eq!(go(text), error);
        }
        assert_eq!(go(&"[".repeat(100_000)), "exceeded max depth");
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(go(r#""a\nb\t\u00e9\"c\\""#), "a\nb\té\"c\\");
        assert_eq!(go(r#""\ud83d\ude00 \ud83d!""#), "😀 \u{fffd}!");
    }

    #[test]
    fn only_an_object_has_keys() {
        let error = |text| Json::parse_object(text).err().unwrap().to_string();
        assert_eq!(
            error("[1]"),
            "json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
        assert_eq!(
            error("7"),
            "json: cannot unmarshal number into Go value of type map[string]interface {}"
        );
        assert!(Json::parse_object("null").is_ok_and(|members| members.is_empty()));
    }
}
