//! One value of a condition, compiled for its operator.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipnet::IpNet;
use types::Timestamp;

use super::operator::{Relation, Test};
use crate::{
    context::Context,
    pattern::{Case, Pattern, Syntax},
    resource::ResourcePattern,
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Text(Pattern),
    Number(Relation, f64),
    Date(Relation, Timestamp),
    Bool(bool),
    Bytes(Vec<u8>),
    Network(IpNet),
    Arn(ResourcePattern),
}

impl Operand {
    /// `None` where the text does not suit the operator.
    pub(super) fn parse(test: Test, value: &str, variables: bool) -> Option<Self> {
        Some(match test {
            Test::Text { case, wildcards } => {
                let syntax = Syntax {
                    wildcards,
                    variables,
                };
                Self::Text(Pattern::parse(value, syntax, case))
            }
            Test::Number(relation) => Self::Number(relation, number(value)?),
            Test::Date(relation) => Self::Date(relation, date(value)?),
            Test::Bool | Test::Null => Self::Bool(boolean(value)?),
            Test::Bytes => Self::Bytes(STANDARD.decode(value).ok()?),
            Test::Address => Self::Network(network(value)?),
            Test::Arn => Self::arn(value, variables),
        })
    }

    /// An ARN to compare with. What is none, such as a variable that stands for a whole ARN, is compared as text.
    fn arn(text: &str, variables: bool) -> Self {
        let syntax = Syntax {
            wildcards: true,
            variables,
        };
        ResourcePattern::parse(text, variables).map_or_else(
            |_| Self::Text(Pattern::parse(text, syntax, Case::Sensitive)),
            Self::Arn,
        )
    }

    /// The condition keys that stand in it as variables, as they are written.
    pub(super) fn variables(&self) -> Vec<&str> {
        match self {
            Self::Text(pattern) => pattern.variables().collect(),
            Self::Arn(pattern) => pattern.variables().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a value of the request matches.
    pub(super) fn matches(&self, value: &str, context: &Context) -> bool {
        match self {
            Self::Text(pattern) => pattern.matches(value, context),
            Self::Number(relation, ours) => number(value)
                .and_then(|theirs| theirs.partial_cmp(ours))
                .is_some_and(|ordering| relation.holds(ordering)),
            Self::Date(relation, ours) => {
                date(value).is_some_and(|theirs| relation.holds(theirs.cmp(ours)))
            }
            Self::Bool(ours) => boolean(value) == Some(*ours),
            Self::Bytes(ours) => STANDARD.decode(value).is_ok_and(|theirs| theirs == *ours),
            Self::Network(network) => value
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(&address.to_canonical())),
            Self::Arn(pattern) => pattern.matches(value, context),
        }
    }
}

/// A decimal number. Not every float: `NaN` and `inf` are no numbers here.
fn number(text: &str) -> Option<f64> {
    let decimal = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    let text = text.trim();
    if text.chars().all(decimal) {
        text.parse().ok()
    } else {
        None
    }
}

/// Seconds since the epoch, a date, or a date with a time and an offset.
fn date(text: &str) -> Option<Timestamp> {
    if let Some(seconds) = number(text)
        && !text.contains('-')
    {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float beyond the range becomes the nearest moment there is"
        )]
        return Some(Timestamp::from_millis((seconds * 1000.0) as i64));
    }
    let padded = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    Timestamp::parse_iso8601(&padded)
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A CIDR block, or one address.
fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) => Some(network),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}
