//! What a rotator says: limited, and repeated only where no secret is in it.

use types::SecretValue;

use super::spellings::spellings;

/// So much is kept of each stream, from its start.
pub(super) const MOST_BYTES: usize = 16 * 1024;

/// Shorter values are found in any text by chance.
const SHORTEST: usize = 4;

/// The starts of what was said, if none of the values is in them in any spelling that programs commonly use.
pub(super) fn harmless(said: &[&[u8]], values: &[SecretValue]) -> Option<String> {
    let pieces: Vec<Piece> = said.iter().map(|said| Piece::start_of(said)).collect();
    let found = values
        .iter()
        .flat_map(|value| spellings(value.expose_secret()))
        .filter(|spelling| spelling.len() >= SHORTEST)
        .any(|spelling| pieces.iter().any(|piece| piece.holds(&spelling)));
    let texts = pieces.into_iter().map(|piece| piece.text);
    (!found).then(|| texts.collect())
}

struct Piece {
    text: String,
    is_cut: bool,
}

impl Piece {
    fn start_of(said: &[u8]) -> Self {
        let kept = said.get(..MOST_BYTES).unwrap_or(said);
        Self {
            text: String::from_utf8_lossy(kept).into_owned(),
            is_cut: said.len() >= MOST_BYTES,
        }
    }

    /// Whether a spelling is in the text, or may have been cut off at its end.
    fn holds(&self, spelling: &str) -> bool {
        let begins = |length: usize| {
            let start = spelling.get(..length);
            start.is_some_and(|start| self.text.ends_with(start))
        };
        self.text.contains(spelling) || (self.is_cut && (SHORTEST..spelling.len()).any(begins))
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };

    use super::*;

    const VALUE: &str = "p\"4/ss\nw0rd é?";

    fn is_withheld(printed: &str) -> bool {
        let values = [SecretValue::from(VALUE)];
        harmless(&[printed.as_bytes()], &values).is_none()
    }

    #[test]
    fn a_text_with_a_value_in_any_spelling_is_withheld() {
        for printed in [
            "got p\"4/ss\nw0rd é?",
            "got p\\\"4/ss\\nw0rd é?",
            r#"{"error": "p\"4\/ss\nw0rd \u00e9?"}"#,
            r#"{"error": "p\"4\/ss\nw0rd \u00E9?"}"#,
            r#"{"log": "{\"error\": \"p\\\"4/ss\\nw0rd é?\"}"}"#,
            r#"'p"4/ss\nw0rd \xe9?'"#,
            "line w0rd é?",
            "u:p%224%2Fss%0Aw0rd%20%C3%A9%3F@h",
            "u:p%224%2fss%0aw0rd%20%c3%a9%3f@h",
            "u=p%224/ss%0Aw0rd+%C3%A9%3F&x=1",
            "u=p%224%2Fss%0Aw0rd+%C3%A9%3F&x=1",
            "p&quot;4/ss\nw0rd é?",
            "hex 7022342f73730a7730726420c3a93f",
            "hex 7022342F73730A7730726420C3A93F",
        ] {
            assert!(is_withheld(printed), "{printed}");
        }
        assert!(!is_withheld("connection refused"));
    }

    #[test]
    fn base64_is_found_wherever_the_value_begins_in_what_was_encoded() {
        for before in ["", "u", "us", "usr", "user:"] {
            for after in ["", ".", ".."] {
                let whole = format!("{before}{VALUE}{after}");
                for encoded in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                    assert!(is_withheld(&format!("Basic {encoded}")), "{whole:?}");
                }
            }
        }
    }

    #[test]
    fn binary_values_are_found_too() {
        let value: Vec<u8> = (0..32_u8).map(|n| n.wrapping_mul(7) ^ 0x80).collect();
        let printed = STANDARD.encode(&value);
        assert_eq!(harmless(&[printed.as_bytes()], &[value.into()]), None);
    }

    #[test]
    fn a_value_at_the_end_may_be_cut_off() {
        let values = [SecretValue::from("correct horse battery")];
        let cut = format!("{}correct ho", " ".repeat(MOST_BYTES - 10));
        assert_eq!(harmless(&[cut.as_bytes(), b"more"], &values), None);
        let whole = harmless(&[b"it is correct, ", b"is it not"], &values);
        assert_eq!(whole.as_deref(), Some("it is correct, is it not"));
    }
}
