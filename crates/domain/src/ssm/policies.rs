//! Policies of a parameter: reading their JSON, pure.

use api::ssm::{Error, ParameterInlinePolicy};
use serde_json::{Map, Value};
use types::Timestamp;

use super::errors::validation;

const MOST_POLICIES: usize = 10;

/// The policies of a parameter, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policies {
    /// Each as JSON.
    texts: Vec<String>,
    /// When the parameter is to be deleted.
    pub(super) expires: Option<Timestamp>,
}

impl Policies {
    /// Reads the JSON list of a request. An empty list, or one empty object in it, takes all policies away.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let list: Vec<Map<String, Value>> = serde_json::from_str(text)
            .map_err(|_| validation("Policies must be a JSON list of policies."))?;
        let list: Vec<_> = list
            .into_iter()
            .filter(|policy| !policy.is_empty())
            .collect();
        if list.len() > MOST_POLICIES {
            return Err(Error::PoliciesLimitExceeded(format!(
                "A parameter can have at most {MOST_POLICIES} policies."
            )));
        }
        let mut policies = Self::default();
        for policy in list {
            let moment = expiration(&policy)?;
            if policies.expires.replace(moment).is_some() {
                return Err(Error::IncompatiblePolicy(
                    "A parameter can have only one Expiration policy.".to_owned(),
                ));
            }
            policies.texts.push(Value::Object(policy).to_string());
        }
        Ok(policies)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// As the store keeps them: `None` where there are none.
    pub(super) fn to_text(&self) -> Option<String> {
        (!self.is_empty()).then(|| format!("[{}]", self.texts.join(",")))
    }

    /// As `DescribeParameters` answers them.
    pub(super) fn to_answer(&self) -> Vec<ParameterInlinePolicy> {
        let shape = |text: &String| ParameterInlinePolicy {
            policy_text: Some(text.clone()),
            policy_type: Some("Expiration".to_owned()),
            policy_status: Some("Pending".to_owned()),
        };
        self.texts.iter().map(shape).collect()
    }
}

/// The moment that an Expiration policy names.
fn expiration(policy: &Map<String, Value>) -> Result<Timestamp, Error> {
    match policy.get("Type").and_then(Value::as_str) {
        Some("Expiration") => {}
        Some(notification @ ("ExpirationNotification" | "NoChangeNotification")) => {
            return Err(Error::InvalidPolicyType(format!(
                "{notification} is not supported yet by sealift."
            )));
        }
        _ => {
            return Err(Error::InvalidPolicyType(
                "The type of a policy must be Expiration, ExpirationNotification or NoChangeNotification."
                    .to_owned(),
            ));
        }
    }
    let moment = policy
        .get("Attributes")
        .and_then(|attributes| attributes.get("Timestamp"));
    let moment = moment
        .and_then(Value::as_str)
        .and_then(Timestamp::parse_iso8601);
    moment.ok_or_else(|| {
        Error::InvalidPolicyAttribute(
            "An Expiration policy needs the attribute Timestamp, a moment like 2030-12-02T21:34:33.000Z."
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRATION: &str = r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2030-12-02T21:34:33.000Z"}}"#;

    #[test]
    fn an_expiration_is_read_kept_and_answered() {
        let policies = Policies::parse(&format!("[{EXPIRATION}]")).unwrap();
        assert_eq!(
            policies.expires,
            Timestamp::parse_iso8601("2030-12-02T21:34:33Z")
        );
        let kept = policies.to_text().unwrap();
        assert_eq!(Policies::parse(&kept).unwrap(), policies);
        assert_eq!(
            policies.to_answer()[0].policy_text.as_deref(),
            Some(EXPIRATION)
        );
    }

    #[test]
    fn an_empty_policy_takes_all_away() {
        for text in ["[{}]", "[]"] {
            assert_eq!(Policies::parse(text).unwrap(), Policies::default());
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let refusal = |text: &str| Policies::parse(text).unwrap_err();
        assert!(matches!(refusal("{}"), Error::Common(_)));
        assert!(matches!(
            refusal(r#"[{"Type":"Other"}]"#),
            Error::InvalidPolicyType(_)
        ));
        let unsupported = refusal(r#"[{"Type":"NoChangeNotification"}]"#).to_string();
        assert!(unsupported.contains("NoChangeNotification is not supported yet"));
        assert!(matches!(
            refusal(r#"[{"Type":"Expiration"}]"#),
            Error::InvalidPolicyAttribute(_)
        ));
        let twice = format!("[{EXPIRATION},{EXPIRATION}]");
        assert!(matches!(refusal(&twice), Error::IncompatiblePolicy(_)));
        let many = format!("[{}]", [EXPIRATION; 11].join(","));
        assert!(matches!(refusal(&many), Error::PoliciesLimitExceeded(_)));
    }
}
