//! Keeps resolved values out of texts that are not ours: an engine quotes what it refuses.

use types::SecretValue;

/// A shorter value is found in any text by chance, and blanking it out would spell it.
const SHORTEST_TO_BLANK: usize = 4;

/// `text` with every occurrence of a value replaced by its name. Where a value is too short for that, or an occurrence
/// is written with escapes, the whole text is withheld.
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
            if !form.is_empty() && redacted.contains(form.as_str()) {
                if form.len() < SHORTEST_TO_BLANK {
                    return format!(
                        "the engine's text is withheld, it contains the value of {name}"
                    );
                }
                redacted = redacted.replace(form.as_str(), &format!("<value of {name}>"));
            }
        }
    }
    redacted
}

/// The ways in which an engine may write a value: as it is, quoted with escapes, trimmed, or a line of it.
fn forms(value: &str) -> Vec<zeroize::Zeroizing<String>> {
    let mut forms = vec![
        value.to_owned(),
        value.escape_debug().to_string(),
        value.escape_default().to_string(),
        value.trim().to_owned(),
    ];
    if value.contains('\n') {
        forms.extend(
            value
                .lines()
                .filter(|line| line.len() >= SHORTEST_TO_BLANK)
                .map(str::to_owned),
        );
    }
    forms.into_iter().map(zeroize::Zeroizing::new).collect()
}

#[cfg(test)]
mod tests {
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
}
