//! What a rotator prints: limited, and repeated only where no secret is in it.

use types::SecretValue;

/// So much is kept of each stream, from its start.
pub(super) const MOST_BYTES: usize = 16 * 1024;

/// Shorter values are found in any text by chance.
const SHORTEST: usize = 4;

/// The text, if none of the values is in it in any spelling that programs commonly use.
pub(super) fn harmless(printed: &[u8], values: &[SecretValue]) -> Option<String> {
    let text = String::from_utf8_lossy(printed).into_owned();
    let found = values
        .iter()
        .filter_map(SecretValue::expose_secret_str)
        .any(|value| {
            spellings(value)
                .iter()
                .any(|spelling| spelling.len() >= SHORTEST && text.contains(spelling.as_str()))
        });
    (!found).then_some(text)
}

/// As it is, without the space around it, line by line, escaped as in source or JSON, and in a URL.
fn spellings(value: &str) -> Vec<zeroize::Zeroizing<String>> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let url = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
    let mut spellings = vec![
        value.to_owned(),
        value.trim().to_owned(),
        value.escape_debug().to_string(),
        value.escape_default().to_string(),
        json.trim_matches('"').to_owned(),
        url.to_string(),
    ];
    spellings.extend(value.lines().map(str::to_owned));
    spellings.into_iter().map(zeroize::Zeroizing::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_a_value_in_any_spelling_is_withheld() {
        let values = [SecretValue::from("p\"4/ss\nw0rd".to_owned())];
        for printed in [
            "got p\"4/ss\nw0rd",
            "got p\\\"4/ss\\nw0rd",
            "line w0rd",
            "u:p%224%2Fss%0Aw0rd@h",
        ] {
            assert_eq!(harmless(printed.as_bytes(), &values), None, "{printed}");
        }
        let text = "connection refused";
        assert_eq!(harmless(text.as_bytes(), &values).as_deref(), Some(text));
    }
}
