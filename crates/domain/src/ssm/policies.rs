//! Policies of a parameter: reading their JSON, and when they act. Pure.

use api::ssm::{Error, ParameterInlinePolicy};
use serde_json::{Map, Value};
use store::parameters::Notification;
use types::Timestamp;

use super::errors::validation;

const MOST_POLICIES: usize = 10;
const HOUR: i64 = 3_600_000;

/// The kind of policy whose time is counted from the last change of the parameter.
pub(super) const NO_CHANGE: &str = "NoChangeNotification";

/// The policies of a parameter, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policies(Vec<Policy>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Policy {
    kind: Kind,
    /// As JSON.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Deletes the parameter at that moment.
    Expiration(Timestamp),
    /// Tells so many milliseconds before that moment.
    ExpirationNotification(i64),
    /// Tells when nothing has changed for so many milliseconds.
    NoChangeNotification(i64),
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
        let policies = list.into_iter().map(Policy::parse);
        let policies = Self(policies.collect::<Result<_, _>>()?);
        let is_expiration = |policy: &&Policy| matches!(policy.kind, Kind::Expiration(_));
        let expirations = policies.0.iter().filter(is_expiration).count();
        if expirations > 1 {
            return Err(Error::IncompatiblePolicy(
                "A parameter can have only one Expiration policy.".to_owned(),
            ));
        }
        let announces = |policy: &Policy| matches!(policy.kind, Kind::ExpirationNotification(_));
        if expirations == 0 && policies.0.iter().any(announces) {
            return Err(Error::IncompatiblePolicy(
                "An ExpirationNotification policy needs an Expiration policy beside it.".to_owned(),
            ));
        }
        Ok(policies)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the store keeps them: `None` where there are none.
    pub(super) fn to_text(&self) -> Option<String> {
        let texts: Vec<_> = self.0.iter().map(|policy| policy.text.as_str()).collect();
        (!texts.is_empty()).then(|| format!("[{}]", texts.join(",")))
    }

    /// When the parameter is to be deleted.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        self.0.iter().find_map(|policy| match policy.kind {
            Kind::Expiration(moment) => Some(moment),
            _ => None,
        })
    }

    /// The Expiration policy as JSON.
    pub(super) fn expiration(&self) -> Option<&str> {
        let mut policies = self.0.iter();
        let found = policies.find(|policy| matches!(policy.kind, Kind::Expiration(_)));
        found.map(|policy| policy.text.as_str())
    }

    /// What is to be told, and when, for a parameter that was last changed then.
    pub(super) fn notifications(&self, modified: Timestamp) -> Vec<Notification> {
        let notification = |policy: &Policy| {
            let due = self.acts(policy, modified)?;
            (!matches!(policy.kind, Kind::Expiration(_))).then(|| Notification {
                policy: policy.text.clone(),
                kind: policy.kind.name().to_owned(),
                due,
            })
        };
        self.0.iter().filter_map(notification).collect()
    }

    /// As `DescribeParameters` and `GetParameterHistory` answer them at a moment.
    pub(super) fn to_answer(
        &self,
        modified: Timestamp,
        now: Timestamp,
    ) -> Vec<ParameterInlinePolicy> {
        let shape = |policy: &Policy| {
            let acted = self
                .acts(policy, modified)
                .is_some_and(|moment| moment <= now);
            let status = match policy.kind {
                Kind::Expiration(_) => "Pending",
                _ if acted => "Finished",
                _ => "Pending",
            };
            ParameterInlinePolicy {
                policy_text: Some(policy.text.clone()),
                policy_type: Some(policy.kind.name().to_owned()),
                policy_status: Some(status.to_owned()),
            }
        };
        self.0.iter().map(shape).collect()
    }

    fn acts(&self, policy: &Policy, modified: Timestamp) -> Option<Timestamp> {
        match policy.kind {
            Kind::Expiration(moment) => Some(moment),
            Kind::ExpirationNotification(before) => {
                let moment = self.expires()?.as_millis();
                Some(Timestamp::from_millis(moment.saturating_sub(before)))
            }
            Kind::NoChangeNotification(after) => Some(modified.plus_millis(after)),
        }
    }
}

impl Policy {
    fn parse(policy: Map<String, Value>) -> Result<Self, Error> {
        let version = policy.get("Version");
        if version.is_some_and(|version| version.as_str() != Some("1.0")) {
            return Err(attribute("The Version of a policy must be 1.0."));
        }
        let kind = match policy.get("Type").and_then(Value::as_str) {
            Some("Expiration") => Kind::Expiration(expiration(&policy)?),
            Some("ExpirationNotification") => {
                Kind::ExpirationNotification(span(&policy, "Before")?)
            }
            Some(NO_CHANGE) => Kind::NoChangeNotification(span(&policy, "After")?),
            _ => {
                return Err(Error::InvalidPolicyType(
                    "The type of a policy must be Expiration, ExpirationNotification or NoChangeNotification."
                        .to_owned(),
                ));
            }
        };
        Ok(Self {
            kind,
            text: Value::Object(policy).to_string(),
        })
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Expiration(_) => "Expiration",
            Self::ExpirationNotification(_) => "ExpirationNotification",
            Self::NoChangeNotification(_) => NO_CHANGE,
        }
    }
}

fn attribute(text: impl Into<String>) -> Error {
    Error::InvalidPolicyAttribute(text.into())
}

fn attribute_of<'p>(policy: &'p Map<String, Value>, name: &str) -> Option<&'p str> {
    policy.get("Attributes")?.get(name)?.as_str()
}

/// The moment that an Expiration policy names.
fn expiration(policy: &Map<String, Value>) -> Result<Timestamp, Error> {
    let moment = attribute_of(policy, "Timestamp").and_then(Timestamp::parse_iso8601);
    moment.ok_or_else(|| {
        attribute(
            "An Expiration policy needs the attribute Timestamp, a moment like 2030-12-02T21:34:33.000Z.",
        )
    })
}

/// The time that a notification policy names, in milliseconds.
fn span(policy: &Map<String, Value>, name: &str) -> Result<i64, Error> {
    let number = attribute_of(policy, name).and_then(|text| text.parse::<u32>().ok());
    let number = number.filter(|number| *number > 0);
    let unit = match attribute_of(policy, "Unit") {
        Some("Days") => Some(24 * HOUR),
        Some("Hours") => Some(HOUR),
        _ => None,
    };
    let (Some(number), Some(unit)) = (number, unit) else {
        return Err(attribute(format!(
            "A notification policy needs the attributes {name}, a number above zero, and Unit, Days or Hours."
        )));
    };
    Ok(i64::from(number).saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXPIRATION: &str = r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2030-12-02T21:34:33.000Z"}}"#;
    const ANNOUNCED: &str = r#"{"Type":"ExpirationNotification","Version":"1.0","Attributes":{"Before":"2","Unit":"Hours"}}"#;
    const UNCHANGED: &str = r#"{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"3","Unit":"Days"}}"#;

    fn all() -> Policies {
        Policies::parse(&format!("[{EXPIRATION},{ANNOUNCED},{UNCHANGED}]")).unwrap()
    }

    #[test]
    fn policies_are_read_kept_and_answered() {
        let policies = all();
        let end = Timestamp::parse_iso8601("2030-12-02T21:34:33Z").unwrap();
        assert_eq!(policies.expires(), Some(end));
        assert_eq!(policies.expiration(), Some(EXPIRATION));
        let kept = policies.to_text().unwrap();
        assert_eq!(Policies::parse(&kept).unwrap(), policies);
        let answer = policies.to_answer(end, end.plus_millis(-HOUR));
        let told: Vec<_> = answer
            .iter()
            .map(|one| {
                (
                    one.policy_text.as_deref().unwrap(),
                    one.policy_status.as_deref().unwrap(),
                )
            })
            .collect();
        let expected = [
            (EXPIRATION, "Pending"),
            (ANNOUNCED, "Finished"),
            (UNCHANGED, "Pending"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn notifications_come_before_the_end_and_after_the_last_change() {
        let changed = Timestamp::from_secs(1);
        let due: Vec<_> = all()
            .notifications(changed)
            .into_iter()
            .map(|one| (one.kind, one.due))
            .collect();
        let end = Timestamp::parse_iso8601("2030-12-02T19:34:33Z").unwrap();
        let unchanged = changed.plus_secs(3 * 24 * 3600);
        let expected = [
            ("ExpirationNotification".to_owned(), end),
            (NO_CHANGE.to_owned(), unchanged),
        ];
        assert_eq!(due, expected);
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
        for bad in [
            EXPIRATION.replace("Timestamp", "Moment"),
            EXPIRATION.replace("2030-", "soon"),
            EXPIRATION.replace("1.0", "2.0"),
            UNCHANGED.replace('3', "0"),
            UNCHANGED.replace('3', "-3"),
            UNCHANGED.replace("Days", "Weeks"),
            UNCHANGED.replace("After", "Before"),
        ] {
            let error = refusal(&format!("[{bad}]"));
            assert!(matches!(error, Error::InvalidPolicyAttribute(_)), "{bad}");
        }
        let twice = format!("[{EXPIRATION},{EXPIRATION}]");
        assert!(matches!(refusal(&twice), Error::IncompatiblePolicy(_)));
        let alone = format!("[{ANNOUNCED}]");
        assert!(matches!(refusal(&alone), Error::IncompatiblePolicy(_)));
        let many = format!("[{}]", [UNCHANGED; 11].join(","));
        assert!(matches!(refusal(&many), Error::PoliciesLimitExceeded(_)));
    }

    proptest! {
        #[test]
        fn reading_anything_never_panics(text in "\\PC{0,60}") {
            let _ = Policies::parse(&text);
        }

        #[test]
        fn what_was_read_is_kept_as_it_is(hours in 1_u32.., days in 1_u32..) {
            let text = format!(
                "[{EXPIRATION},{},{}]",
                ANNOUNCED.replace("\"2\"", &format!("\"{hours}\"")),
                UNCHANGED.replace("\"3\"", &format!("\"{days}\"")),
            );
            let policies = Policies::parse(&text).unwrap();
            prop_assert_eq!(policies.to_text().unwrap(), text);
            prop_assert_eq!(policies.notifications(Timestamp::default()).len(), 2);
        }
    }
}
