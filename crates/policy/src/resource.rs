//! Resources as policies name them: `*`, or an ARN whose parts are matched one by one.

use crate::{
    context::Context,
    error::Problem,
    pattern::{Case, Pattern, Syntax},
};

/// One entry of `Resource` or `NotResource`, or one value of an ARN condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    Any,
    /// `arn`, partition, service, region and account each stay within their part; the last part spans `/` and `:`.
    Arn {
        partition: Pattern,
        service: String,
        region: Pattern,
        account: Pattern,
        resource: Pattern,
    },
}

impl ResourcePattern {
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, Problem> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return Err(Problem::InvalidResource(text.to_owned()));
        }
        let fixed = Syntax {
            wildcards: true,
            variables: false,
        };
        // AWS: variables have a meaning only after the fifth colon.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        let last = Syntax {
            wildcards: true,
            variables,
        };
        // AWS: completes a shortened ARN with `*`, so that `arn:aws:sqs` is all of SQS.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        let compile = |part: Option<&str>, syntax| {
            Pattern::parse(part.unwrap_or("*"), syntax, Case::Sensitive)
        };
        let partition = compile(parts.next(), fixed);
        // The service is a name and takes no wildcard.
        let service = match parts.next() {
            Some("") => return Err(Problem::Legacy),
            Some(service) => service.to_owned(),
            None => return Err(Problem::NoResourceVendor),
        };
        Ok(Self::Arn {
            partition,
            service,
            region: compile(parts.next(), fixed),
            account: compile(parts.next(), fixed),
            resource: compile(parts.next(), last),
        })
    }

    /// The condition keys that stand in it as variables, as they are written.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let last = match self {
            Self::Any => None,
            Self::Arn { resource, .. } => Some(resource),
        };
        last.into_iter().flat_map(Pattern::variables)
    }

    pub(crate) fn matches(&self, target: &str, context: &Context) -> bool {
        let Self::Arn {
            partition,
            service,
            region,
            account,
            resource,
        } = self
        else {
            return true;
        };
        let Ok(arn) = target.parse::<types::Arn>() else {
            return false;
        };
        arn.service == *service
            && partition.matches(&arn.partition, context)
            && region.matches(&arn.region, context)
            && account.matches(&arn.account, context)
            && resource.matches(&arn.resource, context)
    }
}

/// AWS's partitions.
const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// What AWS refuses in a new policy, though one could give it a meaning.
pub(crate) fn check_new(text: &str) -> Result<(), Problem> {
    let Some(rest) = text.strip_prefix("arn:") else {
        return Ok(());
    };
    let (partition, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let is_pattern = partition.contains(['*', '?']);
    if !is_pattern && !PARTITIONS.contains(&partition) {
        return Err(Problem::InvalidPartition {
            partition: partition.to_owned(),
            resource: completed(partition, rest),
        });
    }
    if text.matches(':').count() < 5 && text.contains("::") {
        return Err(Problem::Legacy);
    }
    Ok(())
}

/// The ARN as AWS shows it, with `*` for what is missing.
fn completed(partition: &str, rest: &str) -> String {
    let parts: Vec<&str> = rest.splitn(4, ':').collect();
    let part = |index: usize| match parts.get(index) {
        Some(&"") if index == 0 && parts.len() == 1 => "*",
        Some(part) => part,
        None => "*",
    };
    format!(
        "arn:{partition}:{}:{}:{}:{}",
        part(0),
        part(1),
        part(2),
        part(3)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, target: &str) -> bool {
        ResourcePattern::parse(pattern, true)
            .unwrap()
            .matches(target, &Context::new().with("aws:username", "ann"))
    }

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf";

    #[test]
    fn a_wildcard_stays_in_its_part_of_the_arn_until_the_last() {
        assert!(fits("*", SECRET));
        assert!(fits("*", "no ARN at all"));
        assert!(fits(
            "arn:aws:secretsmanager:*:111122223333:secret:app/*",
            SECRET
        ));
        assert!(fits(
            "arn:aws:secretsmanager:eu-*:*:secret:app/db-??????",
            SECRET
        ));
        assert!(fits("arn:*:secretsmanager:*:*:*", SECRET));
        assert!(!fits("arn:aws:secretsmanager:*:secret:app/*", SECRET));
        assert!(!fits("arn:aws:*:*:*:*", SECRET));
    }

    #[test]
    fn the_suffix_of_a_secret_is_part_of_its_name() {
        assert!(!fits(
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db",
            SECRET
        ));
        assert!(fits(
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-*",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-extra-AbCdEf"
        ));
    }

    #[test]
    fn a_shortened_arn_is_completed_with_wildcards() {
        assert!(fits("arn:aws:secretsmanager", SECRET));
        assert!(fits("arn:aws:secretsmanager:eu-west-1", SECRET));
        assert!(!fits("arn:aws:ssm", SECRET));
    }

    #[test]
    fn variables_count_in_the_last_part_only() {
        let role = |part: &str| format!("arn:aws:iam::111122223333:user/{part}");
        assert!(fits(&role("${aws:username}"), &role("ann")));
        assert!(!fits(
            "arn:aws:iam::${aws:username}:user/ann",
            "arn:aws:iam::ann:user/ann"
        ));
    }

    #[test]
    fn a_text_that_is_no_arn_is_refused() {
        assert!(ResourcePattern::parse("my-secret", true).is_err());
        assert!(ResourcePattern::parse("arn:aws", true).is_err());
    }
}
