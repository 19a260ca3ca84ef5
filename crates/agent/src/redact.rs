//! Keeps resolved values out of texts that are not ours: an engine quotes what it refuses.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use types::SecretValue;
use zeroize::Zeroizing;

/// A shorter value is found in any text by chance, as a part of a word, and blanking it out would spell it.
const SHORTEST_TO_BLANK: usize = 4;

/// A text may end with fewer letters of a value by chance.
const SHORTEST_BEGINNING: usize = 8;

/// `text` with every occurrence of a value replaced by its name. Where a value is too short for that and stands there as a
/// word, the whole text is withheld.
pub(crate) fn redact<'a>(
    text: &str,
    secrets: impl IntoIterator<Item = (&'a str, &'a SecretValue)>,
) -> String {
    let mut redacted = text.to_owned();
    for (name, value) in secrets {
        let Some(value) = value.expose_secret_str() else {
            continue;
        };
        for form in forms(value) {
            if form.is_empty() {
                continue;
            }
            if form.len() >= SHORTEST_TO_BLANK {
                let blank = format!("<value of {name}>");
                redacted = replaced(&redacted, &form, &blank);
                if let Some(at) = cut_off(&redacted, &form) {
                    redacted.truncate(at);
                    redacted.push_str(&blank);
                }
            } else if has_word(&redacted, &form) {
                return format!("the engine's text is withheld, it contains the value of {name}");
            }
        }
    }
    redacted
}

/// Where a form of a value begins in a text; drivers change the case of what they are given.
fn find(text: &str, form: &str) -> Option<usize> {
    let (text, form) = (text.as_bytes(), form.as_bytes());
    let mut windows = text.windows(form.len());
    windows.position(|window| window.eq_ignore_ascii_case(form))
}

/// Where a value begins that the end of the text cuts in two, as an engine does that shortens what it says.
fn cut_off(text: &str, form: &str) -> Option<usize> {
    let end = text.trim_end_matches(['.', '…', '"', '\'']);
    let longest = end.len().min(form.len());
    let mut lengths = (SHORTEST_BEGINNING..longest).rev();
    let length = lengths.find(|length| {
        let (tail, beginning) = (end.get(end.len() - length..), form.get(..*length));
        tail.zip(beginning)
            .is_some_and(|(tail, beginning)| tail.eq_ignore_ascii_case(beginning))
    })?;
    Some(end.len() - length)
}

/// Whether the form stands in the text with no letter or digit right beside it.
fn has_word(text: &str, form: &str) -> bool {
    let mut rest = text;
    let mut before = None;
    while let Some(at) = find(rest, form) {
        let ahead = rest.get(..at).unwrap_or_default();
        let after = rest.get(at + form.len()..).unwrap_or_default();
        let is_open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        before = ahead.chars().next_back().or(before);
        if is_open(before) && is_open(after.chars().next()) {
            return true;
        }
        before = rest.get(at..).and_then(|rest| rest.chars().next());
        let next = before.map_or(1, char::len_utf8);
        rest = rest.get(at + next..).unwrap_or_default();
    }
    false
}

fn replaced(text: &str, form: &str, with: &str) -> String {
    let (mut rest, mut made) = (text, String::with_capacity(text.len()));
    while let Some(at) = find(rest, form) {
        // Bytes that are equal but for the case of letters begin and end a character together.
        let (before, after) = (rest.get(..at), rest.get(at + form.len()..));
        made.push_str(before.unwrap_or_default());
        made.push_str(with);
        rest = after.unwrap_or_default();
    }
    made + rest
}

/// The ways in which an engine may write a value: as it is, quoted with escapes, in a URL, trimmed, a line or a part of it.
fn forms(value: &str) -> Vec<Zeroizing<String>> {
    let mut forms = Vec::new();
    for text in parts(value) {
        forms.push(text.to_owned());
        forms.push(text.escape_debug().to_string());
        forms.push(text.escape_default().to_string());
        forms.push(go_quoted(text, false));
        forms.push(go_quoted(text, true));
        forms.push(json_quoted(text));
        forms.push(in_query(text));
        forms.push(in_path(text));
        forms.push(BASE64_STANDARD.encode(text));
    }
    // What contains another goes first, or a part of it would be left.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.into_iter().map(Zeroizing::new).collect()
}

/// The value, and what of it an engine may write by itself: lines, and the parts of an address.
fn parts(value: &str) -> Vec<&str> {
    let mut parts = vec![value, value.trim()];
    let is_long = |part: &str| part.len() >= SHORTEST_TO_BLANK;
    if value.contains('\n') {
        parts.extend(value.lines().filter(|line| is_long(line)));
    }
    if let Some((_, rest)) = value.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (_, password) = login.split_once(':').unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let pieces = [rest, authority, path, login, password, host, name];
        parts.extend(pieces.into_iter().filter(|piece| is_long(piece)));
    }
    parts
}

/// As Go's `%q` writes it, between the quotation marks; also with everything beyond ASCII escaped.
fn go_quoted(text: &str, ascii: bool) -> String {
    let mut quoted = String::new();
    for letter in text.chars() {
        let code = u32::from(letter);
        let done = match letter {
            '"' | '\\' => write!(quoted, "\\{letter}"),
            '\u{7}' => write!(quoted, "\\a"),
            '\u{8}' => write!(quoted, "\\b"),
            '\u{c}' => write!(quoted, "\\f"),
            '\n' => write!(quoted, "\\n"),
            '\r' => write!(quoted, "\\r"),
            '\t' => write!(quoted, "\\t"),
            '\u{b}' => write!(quoted, "\\v"),
            _ if code < 0x20 || code == 0x7f => write!(quoted, "\\x{code:02x}"),
            _ if letter.is_ascii() || (!ascii && !letter.is_control()) => {
                quoted.push(letter);
                Ok(())
            }
            _ if code < 0x1_0000 => write!(quoted, "\\u{code:04x}"),
            _ => write!(quoted, "\\U{code:08x}"),
        };
        done.expect("a text takes whatever is written to it");
    }
    quoted
}

/// As Go writes JSON, between the quotation marks.
fn json_quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"'));
    let inside = inside.unwrap_or_default();
    inside
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn in_query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn in_path(text: &str) -> String {
    in_query(text).replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(text: &str, value: &str) -> String {
        redact(text, [("V", &SecretValue::from(value))])
    }

    #[test]
    fn a_value_is_replaced_by_its_name() {
        assert_eq!(
            redacted("invalid size: 'not a size'", "not a size"),
            "invalid size: '<value of V>'"
        );
        assert_eq!(
            redacted(r#"bad "a\nbcd" here"#, "a\nbcd"),
            r#"bad "<value of V>" here"#
        );
        assert_eq!(redacted("no such file", "s3cr3t"), "no such file");
        assert_eq!(redacted("no such file", ""), "no such file");
    }

    #[test]
    fn a_text_with_a_very_short_value_is_withheld() {
        assert_eq!(
            redacted("invalid size: 'xyz'", "xyz"),
            "the engine's text is withheld, it contains the value of V"
        );
    }

    #[test]
    fn a_very_short_value_inside_of_words_is_chance() {
        let text = "unknown log opt 'no-such-option' for json-file log driver";
        for value in ["v", "opt1", "ri", "o"] {
            assert_eq!(redacted(text, value), text, "{value}");
        }
        for value in ["log", "opt", "so"] {
            let withheld = redacted(&format!("{text} so"), value);
            assert!(
                withheld.starts_with("the engine's text is withheld"),
                "{value}"
            );
        }
    }

    #[test]
    fn a_value_is_found_as_go_json_and_urls_spell_it() {
        let value = "p\u{1}ä <\"&>/\\ y";
        for spelling in [
            r#"p\x01ä <\"&>/\\ y"#,
            r#"p\x01\u00e4 <\"&>/\\ y"#,
            r#"p\u0001ä \u003c\"\u0026\u003e/\\ y"#,
            "p%01%C3%A4+%3C%22%26%3E%2F%5C+y",
            "p%01%c3%a4%20%3c%22%26%3e%2f%5c%20y",
            "cAHDpCA8IiY+L1wgeQ==",
        ] {
            assert_eq!(
                redacted(&format!("parsing \"{spelling}\": no"), value),
                "parsing \"<value of V>\": no",
                "{spelling}"
            );
        }
    }

    #[test]
    fn the_parts_of_an_address_are_found_by_themselves() {
        let value = "tcp://user:s3cr3t@collector.test:9200/path";
        assert_eq!(
            redacted(
                "dial tcp: lookup collector.test: no such host; password S3CR3T",
                value
            ),
            "dial tcp: lookup <value of V>: no such host; password <value of V>"
        );
    }

    #[test]
    fn a_value_that_the_end_of_the_text_cuts_in_two_is_found() {
        let value = "correct horse battery staple";
        assert_eq!(
            redacted("invalid size: 'correct horse bat...", value),
            "invalid size: '<value of V>"
        );
        assert_eq!(redacted("that is correct", value), "that is correct");
    }

    proptest! {
        #[test]
        fn no_value_survives_its_spellings(value in "[0-9!-/:-@ä雪\n\t\\\\]{4,12}", before in "[a-z ]{0,5}") {
            for spelled in [value.clone(), go_quoted(&value, true), in_query(&value), json_quoted(&value)] {
                let text = redacted(&format!("{before}'{spelled}'"), &value);
                prop_assert!(find(&text, &spelled).is_none(), "{}", text);
            }
        }
    }
}
