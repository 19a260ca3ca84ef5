//! What the model says about a shape beyond its type, and AWS's wording for each constraint.

use std::{cmp::Ordering, sync::OnceLock};

use regex::Regex;

/// The constraints of one shape. Built by the generated tables.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Characters of a text, bytes of a blob, elements of a list or map.
    length: (Option<usize>, Option<usize>),
    range: (Option<i64>, Option<i64>),
    pattern: Option<&'static Pattern>,
    pub(super) is_sensitive: bool,
    /// A sensitive blob: a `SecretValue` that is base64 on the wire.
    pub(super) is_base64: bool,
    pub(super) member: Option<&'static Shape>,
    pub(super) key: Option<&'static Shape>,
    pub(super) value: Option<&'static Shape>,
}

impl Shape {
    /// No constraint.
    pub const ANY: Self = Self {
        length: (None, None),
        range: (None, None),
        pattern: None,
        is_sensitive: false,
        is_base64: false,
        member: None,
        key: None,
        value: None,
    };

    pub(crate) const fn min_length(mut self, min: usize) -> Self {
        self.length.0 = Some(min);
        self
    }

    pub(crate) const fn max_length(mut self, max: usize) -> Self {
        self.length.1 = Some(max);
        self
    }

    pub(crate) const fn at_least(mut self, min: i64) -> Self {
        self.range.0 = Some(min);
        self
    }

    pub(crate) const fn at_most(mut self, max: i64) -> Self {
        self.range.1 = Some(max);
        self
    }

    pub(crate) const fn pattern(mut self, pattern: &'static Pattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    pub(crate) const fn sensitive(mut self) -> Self {
        self.is_sensitive = true;
        self
    }

    pub(crate) const fn base64(mut self) -> Self {
        self.is_base64 = true;
        self
    }

    pub(crate) const fn member(mut self, member: &'static Self) -> Self {
        self.member = Some(member);
        self
    }

    pub(crate) const fn key(mut self, key: &'static Self) -> Self {
        self.key = Some(key);
        self
    }

    pub(crate) const fn value(mut self, value: &'static Self) -> Self {
        self.value = Some(value);
        self
    }

    /// Every constraint of this shape, in AWS's words.
    pub(super) fn constraints(&self) -> Vec<String> {
        let (min, max) = self.length;
        let (least, most) = self.range;
        [
            max.map(|n| format!("Member must have length less than or equal to {n}")),
            min.map(|n| format!("Member must have length greater than or equal to {n}")),
            most.map(|n| format!("Member must have value less than or equal to {n}")),
            least.map(|n| format!("Member must have value greater than or equal to {n}")),
            self.pattern.map(Pattern::constraint),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The length constraints that a value of this many characters, bytes or elements violates.
    pub(super) fn check_length(&self, length: usize) -> Vec<String> {
        let (min, max) = self.length;
        let too_long = max.filter(|max| length > *max);
        let too_short = min.filter(|min| length < *min);
        let only = Self {
            length: (too_short, too_long),
            ..Self::ANY
        };
        only.constraints()
    }

    /// The range constraints that a number violates, which is given by how it compares with a bound.
    pub(super) fn check_range(&self, compare: impl Fn(i64) -> Option<Ordering>) -> Vec<String> {
        let (least, most) = self.range;
        let only = Self {
            range: (
                least.filter(|least| compare(*least) == Some(Ordering::Less)),
                most.filter(|most| compare(*most) == Some(Ordering::Greater)),
            ),
            ..Self::ANY
        };
        only.constraints()
    }

    /// The constraints a text violates.
    pub(super) fn check_text(&self, text: &str) -> Vec<String> {
        let mut violated = match self.length {
            (None, None) => Vec::new(),
            _ => self.check_length(text.chars().count()),
        };
        violated.extend(
            self.pattern
                .filter(|p| !p.matches(text))
                .map(Pattern::constraint),
        );
        violated
    }
}

/// A regular expression that the whole of a text must match.
pub struct Pattern {
    shown: &'static str,
    regex: &'static str,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    pub(crate) const fn new(shown: &'static str, regex: &'static str) -> Self {
        Self {
            shown,
            regex,
            compiled: OnceLock::new(),
        }
    }

    fn matches(&self, text: &str) -> bool {
        self.compiled
            .get_or_init(|| Regex::new(self.regex).expect("the generator compiled this pattern"))
            .is_match(text)
    }

    fn constraint(&self) -> String {
        format!(
            "Member must satisfy regular expression pattern: {}",
            self.shown
        )
    }
}

/// The constraint of an enumeration, in AWS's words.
pub fn enum_constraint(values: &[&str]) -> String {
    format!(
        "Member must satisfy enum value set: [{}]",
        values.join(", ")
    )
}
