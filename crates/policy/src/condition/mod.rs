//! The `Condition` element: operators, keys and values.

mod operand;
mod operator;

use operand::Operand;
use operator::{Operator, Quantifier, Test};

use crate::{
    context::Context,
    document::Version,
    error::{Path, PolicyError, Problem},
    json::Json,
};

/// One operator with one key and the values it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    operator: Operator,
    /// In lower case.
    key: String,
    /// The key as its author spelled it.
    written: Box<str>,
    operands: Vec<Operand>,
}

/// Reads a `Condition` element: operators, each with keys, each with values. All of them must hold.
pub(crate) fn parse(
    value: &Json,
    version: Version,
    path: &Path<'_>,
) -> Result<Vec<Condition>, PolicyError> {
    let Json::Object(operators) = value else {
        return Err(path.problem(Problem::Syntax));
    };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let path = Path::Member(path, name);
        let Json::Object(keys) = keys else {
            return Err(path.problem(Problem::Syntax));
        };
        // AWS: an operator that does not exist is let be as long as it is asked nothing.
        let Some(operator) = Operator::parse(name) else {
            if keys.is_empty() {
                continue;
            }
            return Err(path.problem(Problem::Syntax));
        };
        for (key, values) in keys {
            let path = Path::Member(&path, key);
            conditions.push(one(operator, key, values, version, &path)?);
        }
    }
    Ok(conditions)
}

fn one(
    operator: Operator,
    key: &str,
    values: &Json,
    version: Version,
    path: &Path<'_>,
) -> Result<Condition, PolicyError> {
    // AWS: takes a key of any form; one that no request has is missing from all of them.
    let unsuitable = match operator.test {
        Test::Date(_) => Problem::Legacy,
        _ => Problem::Syntax,
    };
    let operands = values.items().iter().map(|value| match value {
        Json::Text(text) | Json::Scalar(text) => {
            let operand = Operand::parse(operator.test, text, version.has_variables());
            operand.ok_or_else(|| path.problem(unsuitable.clone()))
        }
        Json::Null | Json::List(_) | Json::Object(_) => Err(path.problem(Problem::Syntax)),
    });
    let operands: Result<Vec<Operand>, PolicyError> = operands.collect();
    Ok(Condition {
        operator,
        key: key.to_ascii_lowercase(),
        written: key.into(),
        operands: operands?,
    })
}

impl Condition {
    /// The keys it asks for, its own and those of variables, as they are written.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let variables = self.operands.iter().flat_map(Operand::variables);
        std::iter::once(&*self.written).chain(variables)
    }

    pub(crate) fn holds(&self, context: &Context) -> bool {
        let values = context.values(&self.key);
        if self.operator.test == Test::Null {
            let absent = values.is_none_or(<[String]>::is_empty);
            return self.operands.contains(&Operand::Bool(absent));
        }
        let passes = |value: &String| self.passes(value, context);
        match (self.operator.quantifier, values) {
            // AWS: a missing key satisfies a negated operator and no other.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
            (Quantifier::Single, None) => self.operator.negated || self.operator.if_exists,
            // A key with several values and no set operator: any of them may match, for a negated operator none may.
            (Quantifier::Single, Some(values)) if self.operator.negated => {
                values.iter().all(passes)
            }
            (Quantifier::ForAllValues, None) => true,
            (Quantifier::ForAllValues, Some(values)) => values.iter().all(passes),
            (Quantifier::ForAnyValue, None) => self.operator.if_exists,
            (Quantifier::Single | Quantifier::ForAnyValue, Some(values)) => {
                values.iter().any(passes)
            }
        }
    }

    /// Whether one value of the request passes: it matches one of the policy's values, or, negated, none of them.
    fn passes(&self, value: &str, context: &Context) -> bool {
        let matched = self
            .operands
            .iter()
            .any(|operand| operand.matches(value, context));
        matched != self.operator.negated
    }
}

#[cfg(test)]
mod tests;
