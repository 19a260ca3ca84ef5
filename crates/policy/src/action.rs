//! Actions as policies name them: `service:Name`, case-insensitive, with wildcards in the name.

use crate::{
    context::Context,
    error::Problem,
    pattern::{Case, Pattern, Syntax},
};

/// One entry of `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionPattern {
    Any,
    Named { vendor: String, name: Pattern },
}

impl ActionPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (vendor, name) = text.split_once(':').ok_or(Problem::NoVendor)?;
        if name.contains(':') {
            return Err(Problem::SecondColon);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if vendor.is_empty() || !vendor.chars().all(fits) {
            return Err(Problem::InvalidVendor(vendor.to_owned()));
        }
        let syntax = Syntax {
            wildcards: true,
            variables: false,
        };
        Ok(Self::Named {
            vendor: vendor.to_owned(),
            name: Pattern::parse(name, syntax, Case::Insensitive),
        })
    }

    pub(crate) fn matches(&self, action: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named { vendor, name } => {
                action.split_once(':').is_some_and(|(service, operation)| {
                    service.eq_ignore_ascii_case(vendor)
                        && name.matches(operation, &Context::default())
                })
            }
        }
    }

    pub(crate) fn vendor(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::Named { vendor, .. } => Some(vendor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, action: &str) -> bool {
        ActionPattern::parse(pattern).unwrap().matches(action)
    }

    #[test]
    fn actions_ignore_case_and_take_wildcards_in_the_name() {
        assert!(fits("*", "kms:Decrypt"));
        assert!(fits("KMS:decrypt", "kms:Decrypt"));
        assert!(fits("kms:*", "kms:Decrypt"));
        assert!(fits("ssm:GetParameter?", "ssm:GetParameters"));
        assert!(!fits("ssm:GetParameter?", "ssm:GetParameter"));
        assert!(!fits("kms:*", "ssm:GetParameters"));
    }

    #[test]
    fn an_action_needs_a_vendor_and_one_colon() {
        assert_eq!(ActionPattern::parse("Decrypt"), Err(Problem::NoVendor));
        assert_eq!(ActionPattern::parse("a:b:c"), Err(Problem::SecondColon));
        assert_eq!(
            ActionPattern::parse("s*:Get"),
            Err(Problem::InvalidVendor("s*".to_owned()))
        );
    }
}
