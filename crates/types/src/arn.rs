//! Amazon Resource Names.

use std::{fmt, str::FromStr};

/// `arn:partition:service:region:account:resource`. Region and account may be empty; the resource may hold colons.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

/// Why a text is no ARN. The messages are those of the parser in ECS's agent, which its users see.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum ParseArnError {
    #[error("arn: invalid prefix")]
    InvalidPrefix,
    #[error("arn: not enough sections")]
    NotEnoughSections,
}

impl Arn {
    /// An ARN from its five parts after `arn:`.
    pub fn new(
        partition: impl Into<String>,
        service: impl Into<String>,
        region: impl Into<String>,
        account: impl Into<String>,
        resource: impl Into<String>,
    ) -> Self {
        Self {
            partition: partition.into(),
            service: service.into(),
            region: region.into(),
            account: account.into(),
            resource: resource.into(),
        }
    }
}

impl FromStr for Arn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text
            .strip_prefix("arn:")
            .ok_or(ParseArnError::InvalidPrefix)?;
        let mut parts = rest.splitn(5, ':').map(str::to_owned);
        let mut next = || parts.next().ok_or(ParseArnError::NotEnoughSections);
        Ok(Self {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            service,
            region,
            account,
            resource,
        } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn: Arn = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf:user::"
            .parse()
            .unwrap();
        assert_eq!(arn.resource, "secret:db-AbCdEf:user::");
    }

    #[test]
    fn what_is_no_arn_is_refused_in_the_agents_words() {
        assert_eq!(
            "db".parse::<Arn>().unwrap_err().to_string(),
            "arn: invalid prefix"
        );
        assert_eq!(
            "arn:aws:ssm:r:1".parse::<Arn>().unwrap_err().to_string(),
            "arn: not enough sections"
        );
    }

    proptest! {
        #[test]
        fn parsing_what_was_printed_gives_the_same_arn(
            head in proptest::collection::vec("[a-z0-9-]{0,12}", 4), resource in "\\PC{0,40}",
        ) {
            let [partition, service, region, account] = head.try_into().unwrap();
            let arn = Arn { partition, service, region, account, resource };
            prop_assert_eq!(arn.to_string().parse::<Arn>().unwrap(), arn);
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<Arn>();
        }
    }
}
