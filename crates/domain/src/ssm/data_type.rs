//! Data types: what a value with one must look like. Pure.

use std::net::{Ipv4Addr, Ipv6Addr};

use api::ssm::{Error, ParameterType};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::{AccountId, Region};

use super::errors::validation;

/// What a parameter has that was given none.
pub(super) const TEXT: &str = "text";

/// Refuses a value that is not of its data type, and a data type that there is not.
pub(super) fn check(data_type: &str, value: &str) -> Result<(), Error> {
    let fits = match data_type {
        // AWS: looks an image up in EC2 later, and reports what it found as an event.
        TEXT | "aws:ec2:image" | "aws:ssm:integration" => true,
        "aws:region" => value.parse::<Region>().is_ok(),
        "aws:account:id" => value.parse::<AccountId>().is_ok(),
        "boolean" => ["true", "false"].contains(&value),
        "integer" => value.parse::<i64>().is_ok(),
        "float" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "binary" => STANDARD.decode(value).is_ok(),
        "hostname" => is_hostname(value),
        "email" => is_email(value),
        "ipv4-address" => value.parse::<Ipv4Addr>().is_ok(),
        "ipv6-address" => value.parse::<Ipv6Addr>().is_ok(),
        "url" => is_url(value),
        "json" => is_json(value),
        "jsonc" => is_json(&without_comments(value)),
        unknown => {
            return Err(validation(format!(
                "The following data type is not supported: {unknown} (Data type names are all lowercase.)"
            )));
        }
    };
    if fits {
        Ok(())
    } else {
        Err(validation(format!(
            "Parameter value: is not of the data type {data_type}."
        )))
    }
}

/// Refuses a data type on a parameter of another type than it is for.
pub(super) fn check_type(data_type: &str, type_: ParameterType) -> Result<(), Error> {
    // AWS: what is checked against EC2 must be there to be read.
    if data_type == "aws:ec2:image" && type_ != ParameterType::String {
        return Err(validation(format!(
            "The data type {data_type} is only supported for parameters of the type String."
        )));
    }
    Ok(())
}

fn is_hostname(text: &str) -> bool {
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label_fits)
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && !local.contains(char::is_whitespace) && is_hostname(host)
    })
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let scheme_fits = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(scheme_fits)
            && !rest.is_empty()
            && !rest.contains(char::is_whitespace)
    })
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// JSON with its `//` and `/* */` comments made to spaces.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let comment = match rest {
            _ if in_string => None,
            _ if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
            _ if rest.starts_with("/*") => Some(rest.find("*/").map_or(rest.len(), |end| end + 2)),
            _ => None,
        };
        let length = match comment {
            Some(length) => {
                plain.push(' ');
                length
            }
            None if in_string && c == '\\' => {
                let length = rest.chars().take(2).map(char::len_utf8).sum();
                plain.push_str(rest.get(..length).unwrap_or(rest));
                length
            }
            None => {
                in_string ^= c == '"';
                plain.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_data_type_takes_its_values_and_refuses_others() {
        for (data_type, good, bad) in [
            ("aws:region", "eu-west-1", "europe"),
            ("aws:account:id", "123456789012", "1"),
            ("boolean", "true", "True"),
            ("integer", "-7", "7.5"),
            ("float", "7.5e3", "seven"),
            ("binary", "aGk=", "%"),
            ("hostname", "db.example.com", "-db"),
            ("email", "a@example.com", "example.com"),
            ("ipv4-address", "10.0.0.1", "10.0.0.256"),
            ("ipv6-address", "fe80::1", "10.0.0.1"),
            ("url", "https://example.com/x", "example.com"),
            ("json", r#"{"a": 1}"#, "{a: 1}"),
            (
                "jsonc",
                "{\"a\": \"//\\\"\" /* one */} // two",
                "{/* one */",
            ),
        ] {
            assert!(check(data_type, good).is_ok(), "{data_type}: {good}");
            assert!(check(data_type, bad).is_err(), "{data_type}: {bad}");
        }
        assert!(check("text", "anything").is_ok());
        assert!(check("Text", "anything").is_err());
    }

    proptest! {
        #[test]
        fn removing_comments_never_panics(text in "[/*\"\\\\a\u{e4}\n]{0,20}") {
            let _ = without_comments(&text);
        }
    }
}
