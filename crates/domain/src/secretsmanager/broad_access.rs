//! Whether a resource policy opens a secret to the world: pure, on a text that is known to be a policy.
//!
//! AWS: it has a theorem prover judge this. Here a statement is broad if it allows everyone (or everyone but some) and no
//! condition pins whom or from where to fixed values, as S3 defines a public policy.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use serde_json::Value;

/// What a refused policy is answered.
pub(super) const REFUSAL: &str =
    "You can't attach a resource-based policy that allows broad access to the secret.";

/// What a validated one is told.
pub(super) const FINDING: &str = "This resource policy grants broad access to your secret.";

/// The keys that pin a request to someone or somewhere, in lower case.
const PINNING_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
];

/// The operators under which a key must be there and be like a value.
const PINNING_OPERATORS: &[&str] = &[
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
];

/// The widest networks that count as somewhere.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 32;

/// Whether the policy grants broad access.
pub(super) fn is_granted_by(policy: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(policy) else {
        return false;
    };
    document
        .get("Statement")
        .is_some_and(|statements| items(statements).any(is_broad))
}

fn is_broad(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && speaks_to_everyone(statement)
        && !statement.get("Condition").is_some_and(pins)
}

fn speaks_to_everyone(statement: &Value) -> bool {
    let everyone = |value: &Value| value.as_str() == Some("*");
    statement.get("NotPrincipal").is_some()
        || statement.get("Principal").is_some_and(|principal| {
            everyone(principal)
                || principal
                    .get("AWS")
                    .is_some_and(|named| items(named).any(everyone))
        })
}

/// Conditions add up, so one that pins is enough.
fn pins(condition: &Value) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators
        .filter_map(|(operator, keys)| {
            let operator = operator.to_ascii_lowercase();
            // ForAllValues holds where the key is missing.
            let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
            Some((operator.to_owned(), keys.as_object()?))
        })
        .any(|(operator, keys)| {
            keys.iter()
                .any(|(key, values)| pins_one(&operator, &key.to_ascii_lowercase(), values))
        })
}

/// The values of a key are alternatives, so each of them must be fixed.
fn pins_one(operator: &str, key: &str, values: &Value) -> bool {
    let fixed: fn(&str) -> bool = if operator == "ipaddress" && key == "aws:sourceip" {
        is_bounded
    } else if PINNING_OPERATORS.contains(&operator) && PINNING_KEYS.contains(&key) {
        |value| !value.contains(['*', '?']) && !value.contains("${")
    } else {
        return false;
    };
    let mut values = items(values).peekable();
    values.peek().is_some() && values.all(|value| value.as_str().is_some_and(fixed))
}

fn is_bounded(network: &str) -> bool {
    let Some((address, prefix)) = network.split_once('/') else {
        return true;
    };
    let widest = if address.contains(':') {
        WIDEST_V6
    } else {
        WIDEST_V4
    };
    prefix.parse::<u8>().is_ok_and(|prefix| prefix >= widest)
}

/// A list's items, or the one thing that stands for a list of one.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broad(statement: Value) -> bool {
        let mut statement = statement;
        for (name, value) in [
            ("Effect", "Allow"),
            ("Action", "secretsmanager:*"),
            ("Resource", "*"),
        ] {
            if statement.get(name).is_none() {
                statement[name] = json!(value);
            }
        }
        is_granted_by(&json!({"Version": "2012-10-17", "Statement": statement}).to_string())
    }

    #[test]
    fn everyone_is_the_world_and_someone_is_not() {
        assert!(broad(json!({"Principal": "*"})));
        assert!(broad(json!({"Principal": {"AWS": "*"}})));
        assert!(broad(json!({"Principal": {"AWS": ["111122223333", "*"]}})));
        assert!(broad(json!({"NotPrincipal": {"AWS": "111122223333"}})));
        assert!(!broad(
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}})
        ));
        assert!(!broad(json!({"Principal": "*", "Effect": "Deny"})));
    }

    #[test]
    fn a_condition_on_fixed_values_pins() {
        let under = |condition: Value| broad(json!({"Principal": "*", "Condition": condition}));
        for pinned in [
            json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
            json!({"StringLike": {"aws:userId": ["AIDAX", "AIDAY"]}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/x"}}),
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            json!({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"AWS:SourceVpce": "vpce-1"}}),
        ] {
            assert!(!under(pinned.clone()), "{pinned}");
        }
        for open in [
            json!({"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}),
            json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
            json!({"StringEquals": {"aws:userId": ["AIDAX", "*"]}}),
            json!({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}),
            json!({"ForAllValues:StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
            json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}}),
            json!({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}),
        ] {
            assert!(under(open.clone()), "{open}");
        }
    }
}
