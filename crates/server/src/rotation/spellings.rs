//! How programs write a value into texts: quoted for JSON or source, in a URL, as base64 or hex.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use types::SecretText;
use zeroize::Zeroizing;

type Spelling = Zeroizing<String>;

/// What is left alone in a URL, beside letters and digits, by whoever leaves the most.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const IN_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Every spelling of a value. Those that are like another are not left out: there are few.
pub(super) fn spellings(value: &[u8]) -> Vec<Spelling> {
    let mut all = vec![hex(value), Zeroizing::new(hex(value).to_uppercase())];
    all.extend(base64(value));
    if let Ok(text) = std::str::from_utf8(value) {
        all.extend(texts(text));
        all.extend(urls(text));
        if text.trim() != text {
            all.extend(base64(text.trim().as_bytes()));
        }
    }
    all
}

/// As it is, without the space around it, line by line; escaped once, and once more as in a log of JSON lines.
fn texts(text: &str) -> Vec<Spelling> {
    let plain = std::iter::once(text.to_owned())
        .chain(std::iter::once(text.trim().to_owned()))
        .chain(text.lines().map(str::to_owned));
    let mut all: Vec<Spelling> = plain.map(Zeroizing::new).collect();
    for once in escapes(text) {
        all.extend(escapes(&once));
        all.push(once);
    }
    all
}

/// A text as in source, JSON or markup, without the quotes around it.
fn escapes(text: &str) -> Vec<Spelling> {
    let markup = text.replace('&', "&amp;").replace('<', "&lt;");
    let markup = markup.replace('>', "&gt;").replace('"', "&quot;");
    let mut all = vec![
        Zeroizing::new(text.escape_debug().to_string()),
        Zeroizing::new(text.escape_default().to_string()),
        Zeroizing::new(markup),
        python(text),
    ];
    for ascii in [None, Some(false), Some(true)] {
        for slash in [false, true] {
            all.push(json(text, ascii, slash));
        }
    }
    all
}

/// JSON's escapes; other than ASCII as `\u` with small or capital digits where `ascii` says so.
fn json(text: &str, ascii: Option<bool>, escape_slash: bool) -> Spelling {
    let mut to = SecretText::default();
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{8}' => to.push_str("\\b"),
            '\u{c}' => to.push_str("\\f"),
            '/' if escape_slash => to.push_str("\\/"),
            c if c < ' ' || (!c.is_ascii() && ascii.is_some()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = match ascii {
                        Some(true) => write!(to, "\\u{unit:04X}"),
                        _ => write!(to, "\\u{unit:04x}"),
                    };
                }
            }
            c => to.push(c),
        }
    }
    Zeroizing::new(to.into_string())
}

/// Python's `repr` in single quotes, with the bytes of Latin 1 as `\x`.
fn python(text: &str) -> Spelling {
    let mut to = SecretText::default();
    for character in text.chars() {
        match character {
            '\\' => to.push_str("\\\\"),
            '\'' => to.push_str("\\'"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            c if c < ' ' || ('\u{7f}'..='\u{ff}').contains(&c) => {
                let _ = write!(to, "\\x{:02x}", u32::from(c));
            }
            c => to.push(c),
        }
    }
    Zeroizing::new(to.into_string())
}

/// Percent-encoded in the ways of URLs and forms.
fn urls(text: &str) -> Vec<Spelling> {
    let mut all = Vec::new();
    for set in [NON_ALPHANUMERIC, UNRESERVED, IN_PATH] {
        let capital = Zeroizing::new(percent_encode(text.as_bytes(), set).to_string());
        for digits in [lower_digits(&capital), capital] {
            all.push(Zeroizing::new(digits.replace("%20", "+")));
            all.push(digits);
        }
    }
    all
}

/// The same with small digits behind each `%`.
fn lower_digits(encoded: &str) -> Spelling {
    let mut to = SecretText::default();
    let mut digits = 0;
    for character in encoded.chars() {
        if digits > 0 {
            to.push(character.to_ascii_lowercase());
            digits -= 1;
        } else {
            to.push(character);
            digits = if character == '%' { 2 } else { 0 };
        }
    }
    Zeroizing::new(to.into_string())
}

/// What is the same in base64 whatever stands before and after the value, for each of the three places in a group of
/// bytes where it can begin.
fn base64(value: &[u8]) -> Vec<Spelling> {
    let mut all = Vec::new();
    for before in 0..3_usize {
        let padded = Zeroizing::new([vec![0; before].as_slice(), value].concat());
        // The first digits hold bits of what comes before, the last may hold bits of what follows.
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let digits = Zeroizing::new(engine.encode(&*padded));
            let own = digits.get(first..last).unwrap_or_default();
            all.push(Zeroizing::new(own.to_owned()));
        }
    }
    all
}

fn hex(value: &[u8]) -> Spelling {
    let mut to = SecretText::default();
    for byte in value {
        let _ = write!(to, "{byte:02x}");
    }
    Zeroizing::new(to.into_string())
}
