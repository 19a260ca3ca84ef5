//! Account settings: which there are, what each may be, and what holds for whom.

use std::collections::BTreeMap;

use api::ecs::{Setting, SettingName, SettingType};

/// What a principal, or the root user for the whole account, has set.
pub type Set = BTreeMap<String, String>;

/// Why a setting is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    // AWS: so UpdateCluster says of `containerInsights`; nobody has quoted the text of these operations.
    #[error("Invalid setting 'value'")]
    NotAValue,
    #[error("The account setting {0} is managed by AWS and cannot be changed.")]
    ReadOnly(&'static str),
    #[error("The account setting {name} cannot be '{value}'{why}.")]
    NotPossible {
        name: &'static str,
        value: &'static str,
        why: &'static str,
    },
    #[error("The account setting {0} can only be set for the whole account.")]
    OfTheAccount(&'static str),
}

const ENABLED: &str = "enabled";
const DISABLED: &str = "disabled";
const BLOCKING: &str = "blocking";
const NON_BLOCKING: &str = "non-blocking";

/// What holds where nobody has set anything.
pub fn default_of(name: SettingName) -> &'static str {
    match name {
        SettingName::ServiceLongArnFormat
        | SettingName::TaskLongArnFormat
        | SettingName::ContainerInstanceLongArnFormat
        | SettingName::DualStackIPv6 => ENABLED,
        SettingName::AwsvpcTrunking
        | SettingName::ContainerInsights
        | SettingName::FargateFipsMode
        | SettingName::FargateEventWindows => DISABLED,
        SettingName::TagResourceAuthorization => "on",
        SettingName::FargateTaskRetirementWaitPeriod => "7",
        SettingName::GuardDutyActivate => "off",
        SettingName::DefaultLogDriverMode => NON_BLOCKING,
    }
}

/// The values that AWS knows.
fn values_of(name: SettingName) -> &'static [&'static str] {
    match name {
        SettingName::ContainerInsights => &[ENABLED, DISABLED, "enhanced"],
        SettingName::TagResourceAuthorization | SettingName::GuardDutyActivate => &["on", "off"],
        SettingName::FargateTaskRetirementWaitPeriod => &["0", "7", "14"],
        SettingName::DefaultLogDriverMode => &[BLOCKING, NON_BLOCKING],
        _ => &[ENABLED, DISABLED],
    }
}

/// Whether the setting may have this value, for the whole account or for one principal.
///
/// What would promise something that does not hold here is refused: names and ids always have the long format, tags at
/// creation are always authorised, and nothing is validated under FIPS 140.
pub fn check(name: SettingName, value: &str, for_account: bool) -> Result<(), SettingError> {
    let shown = name.as_str();
    if name == SettingName::GuardDutyActivate {
        return Err(SettingError::ReadOnly(shown));
    }
    if !values_of(name).contains(&value) {
        return Err(SettingError::NotAValue);
    }
    let refused = |value, why| {
        Err(SettingError::NotPossible {
            name: shown,
            value,
            why,
        })
    };
    match (name, value) {
        (
            SettingName::ServiceLongArnFormat
            | SettingName::TaskLongArnFormat
            | SettingName::ContainerInstanceLongArnFormat,
            DISABLED,
        ) => refused(DISABLED, ": ARNs always have the long format"),
        (SettingName::TagResourceAuthorization, "off") => {
            refused("off", ": tags at creation always need ecs:TagResource")
        }
        (SettingName::FargateFipsMode, ENABLED) => {
            refused(ENABLED, ": there is no FIPS 140 compliance here")
        }
        // AWS: "You must use the root user when you set the Fargate wait time".
        (SettingName::FargateTaskRetirementWaitPeriod, _) if !for_account => {
            Err(SettingError::OfTheAccount(shown))
        }
        _ => Ok(()),
    }
}

/// One setting as it is told.
pub fn setting(name: SettingName, value: &str, principal: &str) -> Setting {
    let kind = if name == SettingName::GuardDutyActivate {
        SettingType::AwsManaged
    } else {
        SettingType::User
    };
    Setting {
        name: Some(name),
        value: Some(value.to_owned()),
        principal_arn: Some(principal.to_owned()),
        type_: Some(kind),
    }
}

/// Who has set something, and what.
#[derive(Debug, Clone)]
pub struct Owned {
    pub principal: String,
    pub set: Set,
}

impl Owned {
    /// What this principal itself has set.
    pub fn settings(&self) -> Vec<Setting> {
        let own = |name: &SettingName| {
            let value = self.set.get(name.as_str())?;
            Some(setting(*name, value, &self.principal))
        };
        in_order().iter().filter_map(own).collect()
    }
}

/// What holds for a principal: its own setting, else the account's, else AWS's default, which is the account's too.
pub fn effective(own: &Owned, account: &Owned) -> Vec<Setting> {
    let all = in_order();
    all.iter()
        .map(|name| effective_one(*name, own, account))
        .collect()
}

/// [`effective`], of one setting.
pub fn effective_one(name: SettingName, own: &Owned, account: &Owned) -> Setting {
    let of = |owned: &Owned| {
        let value = owned.set.get(name.as_str())?;
        Some(setting(name, value, &owned.principal))
    };
    let default = || setting(name, default_of(name), &account.principal);
    of(own).or_else(|| of(account)).unwrap_or_else(default)
}

/// Every name, sorted.
fn in_order() -> Vec<SettingName> {
    let parsed = SettingName::VALUES
        .iter()
        .filter_map(|name| name.parse().ok());
    let mut names: Vec<SettingName> = parsed.collect();
    names.sort_by_key(|name| name.as_str());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(principal: &str, set: &[(&str, &str)]) -> Owned {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Owned {
            principal: principal.to_owned(),
            set: set.iter().map(pair).collect(),
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_setting() {
        for name in in_order() {
            assert!(
                values_of(name).contains(&default_of(name)),
                "{}",
                name.as_str()
            );
        }
    }

    #[test]
    fn a_principal_s_own_setting_goes_before_the_account_s_and_that_before_the_default() {
        let root = owned(
            "root",
            &[
                ("containerInsights", "enabled"),
                ("awsvpcTrunking", "enabled"),
            ],
        );
        let user = owned("user", &[("containerInsights", "enhanced")]);
        let told = |name| {
            let found = effective_one(name, &user, &root);
            (found.value.unwrap(), found.principal_arn.unwrap())
        };
        let pair = |value: &str, of: &str| (value.to_owned(), of.to_owned());
        assert_eq!(
            told(SettingName::ContainerInsights),
            pair("enhanced", "user")
        );
        assert_eq!(told(SettingName::AwsvpcTrunking), pair("enabled", "root"));
        assert_eq!(
            told(SettingName::DefaultLogDriverMode),
            pair("non-blocking", "root")
        );
        assert_eq!(user.settings().len(), 1);
        assert_eq!(effective(&user, &root).len(), SettingName::VALUES.len());
    }

    #[test]
    fn what_does_not_hold_here_is_refused_by_name() {
        let refusal = |name, value| check(name, value, true).unwrap_err().to_string();
        assert_eq!(
            refusal(SettingName::TaskLongArnFormat, "disabled"),
            "The account setting taskLongArnFormat cannot be 'disabled': ARNs always have the long format."
        );
        assert!(refusal(SettingName::FargateFipsMode, "enabled").contains("FIPS 140"));
        assert!(refusal(SettingName::TagResourceAuthorization, "off").contains("ecs:TagResource"));
        assert!(refusal(SettingName::GuardDutyActivate, "on").contains("managed by AWS"));
        for (name, value) in [
            (SettingName::DefaultLogDriverMode, "enabled"),
            (SettingName::FargateTaskRetirementWaitPeriod, "8"),
            (SettingName::AwsvpcTrunking, "enhanced"),
        ] {
            assert_eq!(refusal(name, value), "Invalid setting 'value'");
        }
        let period = SettingName::FargateTaskRetirementWaitPeriod;
        assert!(check(period, "14", true).is_ok());
        assert!(check(period, "14", false).is_err());
    }
}
