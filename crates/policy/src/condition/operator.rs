//! The names of condition operators.

use crate::pattern::Case;

/// A condition operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub quantifier: Quantifier,
    pub test: Test,
    /// `…Not…`: passes what the positive operator does not.
    pub negated: bool,
    /// `…IfExists`: passes where the request does not have the key.
    pub if_exists: bool,
}

/// Over which of a key's values an operator speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    Single,
    ForAllValues,
    ForAnyValue,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Text { case: Case, wildcards: bool },
    Number(Relation),
    Date(Relation),
    Bool,
    Bytes,
    Address,
    Arn,
    Null,
}

/// How the request's value stands to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    fn parse(name: &str) -> Option<(Self, bool)> {
        Some(match name {
            "Equals" => (Self::Equal, false),
            "NotEquals" => (Self::Equal, true),
            "LessThan" => (Self::Less, false),
            "LessThanEquals" => (Self::LessOrEqual, false),
            "GreaterThan" => (Self::Greater, false),
            "GreaterThanEquals" => (Self::GreaterOrEqual, false),
            _ => return None,
        })
    }
}

impl Operator {
    /// Reads `[ForAllValues:|ForAnyValue:]<Operator>[IfExists]`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            None => (Quantifier::Single, name),
            Some(("ForAllValues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::ForAnyValue, rest),
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (test, negated) = test(name)?;
        if test == Test::Null && (if_exists || quantifier != Quantifier::Single) {
            return None;
        }
        Some(Self {
            quantifier,
            test,
            negated,
            if_exists,
        })
    }
}

/// The comparison a plain operator name stands for, and whether it is negated.
fn test(name: &str) -> Option<(Test, bool)> {
    let string = |case, wildcards, negated| Some((Test::Text { case, wildcards }, negated));
    match name {
        "StringEquals" => string(Case::Sensitive, false, false),
        "StringNotEquals" => string(Case::Sensitive, false, true),
        "StringEqualsIgnoreCase" => string(Case::Insensitive, false, false),
        "StringNotEqualsIgnoreCase" => string(Case::Insensitive, false, true),
        "StringLike" => string(Case::Sensitive, true, false),
        "StringNotLike" => string(Case::Sensitive, true, true),
        "Bool" => Some((Test::Bool, false)),
        "BinaryEquals" => Some((Test::Bytes, false)),
        "IpAddress" => Some((Test::Address, false)),
        "NotIpAddress" => Some((Test::Address, true)),
        // AWS: `ArnEquals` takes wildcards too; it and `ArnLike` behave alike.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
        "ArnEquals" | "ArnLike" => Some((Test::Arn, false)),
        "ArnNotEquals" | "ArnNotLike" => Some((Test::Arn, true)),
        "Null" => Some((Test::Null, false)),
        _ => {
            let (test, relation): (fn(Relation) -> Test, _) =
                if let Some(relation) = name.strip_prefix("Numeric") {
                    (Test::Number, relation)
                } else {
                    (Test::Date, name.strip_prefix("Date")?)
                };
            let (relation, negated) = Relation::parse(relation)?;
            Some((test(relation), negated))
        }
    }
}
