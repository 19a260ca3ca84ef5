//! `logs:DescribeLogGroups`

use api::{
    Modeled as _,
    logs::{
        Error, LogGroupClass,
        describe_log_groups::{DescribeLogGroups, Input, Output},
    },
};
use store::logs::LogGroup;

use super::{errors, locate::group_arn};
use crate::{Access, Cx, Operation, page_token};

const DEFAULT_PAGE: usize = 50;
/// Groups looked at by one request, whether they match or not.
const MOST_SCANNED: usize = 5000;

impl Operation for DescribeLogGroups {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let everything = cx.arn("logs", "log-group::log-stream:").to_string();
        cx.authorize(Access::new(Self::ACTION, everything))?;
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            return Err(errors::invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let size = input.limit.and_then(|n| usize::try_from(n).ok());
        let size = size.unwrap_or(DEFAULT_PAGE);
        let wanted = Wanted {
            prefix: input.log_group_name_prefix.unwrap_or_default(),
            part: input
                .log_group_name_pattern
                .unwrap_or_default()
                .to_lowercase(),
        };
        let after = match input.next_token.as_deref() {
            Some(token) => page_token::read(token).ok_or_else(errors::invalid_token)?,
            None => String::new(),
        };
        let (groups, last) = wanted.page(cx, after, size).await?;
        let mut described = Vec::with_capacity(groups.len());
        for group in groups {
            described.push(describe(cx, group).await?);
        }
        Ok(Output {
            log_groups: Some(described),
            next_token: last.map(|name| page_token::write(&name)),
        })
    }
}

struct Wanted {
    prefix: String,
    /// In lower case: AWS compares patterns without regard to case.
    part: String,
}

impl Wanted {
    /// The groups that match, and the name that the next page follows where there may be more.
    async fn page(
        &self,
        cx: &mut Cx,
        mut after: String,
        size: usize,
    ) -> Result<(Vec<LogGroup>, Option<String>), Error> {
        let (account, region) = (cx.account().clone(), cx.region.clone());
        let (mut found, mut scanned) = (Vec::new(), 0);
        // The names with a prefix follow each other, and all of them follow the prefix without its last byte.
        if after < self.prefix {
            after = self
                .prefix
                .chars()
                .take(self.prefix.chars().count() - 1)
                .collect();
        }
        loop {
            let groups = cx.db.log_groups(&account, &region, &after, 100).await?;
            let whole = groups.len() == 100;
            for group in groups {
                let past = group.name > self.prefix && !group.name.starts_with(&self.prefix);
                if past {
                    return Ok((found, None));
                }
                if self.matches(&group.name) {
                    if found.len() == size {
                        return Ok((found, Some(after)));
                    }
                    found.push(group.clone());
                }
                after = group.name;
                scanned += 1;
            }
            if !whole {
                return Ok((found, None));
            }
            if scanned >= MOST_SCANNED {
                return Ok((found, Some(after)));
            }
        }
    }

    fn matches(&self, name: &str) -> bool {
        name.starts_with(&self.prefix) && name.to_lowercase().contains(&self.part)
    }
}

async fn describe(cx: &mut Cx, group: LogGroup) -> Result<api::logs::LogGroup, Error> {
    let arn = group_arn(cx, &group.name);
    Ok(api::logs::LogGroup {
        creation_time: Some(group.created.as_millis()),
        retention_in_days: group
            .retention_days
            .and_then(|days| i32::try_from(days).ok()),
        metric_filter_count: Some(0),
        // AWS: the one ARN ends in `:*`, the other does not.
        arn: Some(format!("{arn}:*")),
        log_group_arn: Some(arn),
        stored_bytes: Some(cx.db.log_group_bytes(&group.id).await?),
        log_group_class: Some(LogGroupClass::Standard),
        log_group_name: Some(group.name),
        ..api::logs::LogGroup::default()
    })
}
