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
    /// Whether it is one of AWS's own.
    pub fn is_of_aws(&self) -> bool {
        OF_AWS.binary_search(&self.as_str()).is_ok()
    }

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

/// The regions of AWS, sorted. Those that AWS adds are added here.
const OF_AWS: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

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
    fn aws_s_own_regions_are_told_from_invented_ones() {
        assert!(OF_AWS.is_sorted());
        let is_of_aws = |name: &str| name.parse::<Region>().unwrap().is_of_aws();
        assert!(OF_AWS.iter().all(|name| is_of_aws(name)));
        assert!(!is_of_aws("us-east-9") && !is_of_aws("mars-north-1"));
    }

    #[test]
    fn the_partition_follows_from_the_region() {
        let partition = |name: &str| name.parse::<Region>().unwrap().partition();
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
