//! What a value must look like before it is stored.

use api::ssm::Error;
use regex::Regex;
use types::SecretValue;

use super::{data_type, errors::validation};

/// Checks a value against what Parameter Store refuses anywhere, its data type and its pattern.
pub(super) fn check(
    value: &SecretValue,
    data_type: &str,
    allowed_pattern: Option<&str>,
) -> Result<(), Error> {
    let text = value.expose_secret_str().unwrap_or_default();
    if text.is_empty() {
        return Err(validation(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
        ));
    }
    if nests_another_parameter(text) {
        return Err(validation(
            "Parameter value: can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    data_type::check(data_type, text)?;
    match allowed_pattern {
        Some(pattern) => check_pattern(text, pattern),
        None => Ok(()),
    }
}

fn nests_another_parameter(text: &str) -> bool {
    text.split_once("{{")
        .is_some_and(|(_, rest)| rest.contains("}}"))
}

/// The whole value must match. The engine takes linear time, and so has no look-around and no back-references.
fn check_pattern(text: &str, pattern: &str) -> Result<(), Error> {
    let whole = Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|_| {
        Error::InvalidAllowedPattern(format!(
            "The allowed pattern is not a valid regular expression: {pattern}"
        ))
    })?;
    if whole.is_match(text) {
        return Ok(());
    }
    Err(Error::ParameterPatternMismatch(format!(
        "Parameter value, cannot be validated against allowedPattern: {pattern}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_pattern(value: &str, pattern: &str) -> Result<(), Error> {
        check(&SecretValue::from(value), "text", Some(pattern))
    }

    #[test]
    fn the_pattern_is_for_the_whole_value() {
        assert!(with_pattern("123", r"\d+").is_ok());
        assert!(with_pattern("123", r"^\d+$").is_ok());
        assert!(matches!(
            with_pattern("123a", r"\d+"),
            Err(Error::ParameterPatternMismatch(_))
        ));
        assert!(matches!(
            with_pattern("12\n", r"\d+"),
            Err(Error::ParameterPatternMismatch(_))
        ));
        assert!(matches!(
            with_pattern("x", "("),
            Err(Error::InvalidAllowedPattern(_))
        ));
    }

    #[test]
    fn a_value_is_not_empty_and_nests_no_parameter() {
        let plain = |value: &str| check(&SecretValue::from(value), "text", None);
        assert!(plain("").is_err());
        assert!(plain("a{{ssm:x}}b").is_err());
        assert!(plain(r#"{"a":{"b":{}}}"#).is_ok());
        assert!(plain("}}{{").is_ok());
    }
}
