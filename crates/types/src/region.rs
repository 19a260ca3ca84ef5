//! AWS regions, and the partition each belongs to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of an AWS region, such as `us-east-1`. One server holds every region, so any well-formed name is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// The text does not have the form of a region name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("region `{0}` must look like `us-east-1`")]
pub struct ParseRegionError(String);

impl Region {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition whose ARNs this region's resources carry: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "aws-cn"
        } else if self.0.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

impl FromStr for Region {
    type Err = ParseRegionError;

    /// Two or more lower-case words and a number, joined by dashes, as botocore checks a region name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts: Vec<&str> = text.split('-').collect();
        let number = parts.pop().unwrap_or_default();
        let words_fit = parts.len() >= 2
            && parts
                .iter()
                .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()));
        let number_fits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if text.len() <= 64 && words_fit && number_fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseRegionError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = ParseRegionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_names_have_words_and_a_number() {
        for good in [
            "us-east-1",
            "eu-central-2",
            "ap-southeast-12",
            "us-gov-west-1",
            "cn-north-1",
            "us-isob-east-1",
        ] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "us",
            "us-east",
            "US-east-1",
            "us--1",
            "us-east-1a",
            "../etc-1",
            "us-east-",
        ] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_partition_follows_from_the_region() {
        let partition = |name: &str| name.parse::<Region>().unwrap().partition();
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
