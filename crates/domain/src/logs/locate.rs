//! From the name of a log group to the group, by way of the decision whether the caller may.

use api::logs::Error;
use store::logs::LogGroup;
use types::{AccountId, Arn, Tag};

use super::errors;
use crate::{Access, Cx};

/// A log group that was looked for. Nothing of it can be read until it is authorised.
pub(super) struct Located {
    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
    arn: String,
    /// Set where the group is another account's.
    account: Option<AccountId>,
    group: Option<LogGroup>,
}

/// Looks for a group of the caller's account by its name.
pub(super) async fn by_name(cx: &mut Cx, name: &str) -> Result<Located, Error> {
    let account = cx.account().clone();
    let region = cx.region.clone();
    let group = cx.db.log_group(&account, &region, name).await?;
    Ok(Located {
        arn: group_arn(cx, name),
        account: None,
        group,
    })
}

/// Looks for a group by name or ARN: a request gives either the one member or the other.
pub(super) async fn by_name_or_identifier(
    cx: &mut Cx,
    name: Option<&str>,
    identifier: Option<&str>,
) -> Result<Located, Error> {
    match (name, identifier) {
        (None, Some(arn)) if arn.starts_with("arn:") => by_arn(cx, arn).await,
        (Some(name), None) | (None, Some(name)) => by_name(cx, name).await,
        (None, None) => Err(errors::invalid(
            "Either logGroupName or logGroupIdentifier must be specified.",
        )),
        (Some(_), Some(_)) => Err(errors::invalid(
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        )),
    }
}

/// Looks for a group by its ARN, with or without the `:*` that DescribeLogGroups ends it with.
pub(super) async fn by_arn(cx: &mut Cx, text: &str) -> Result<Located, Error> {
    let arn: Arn = text
        .parse()
        .map_err(|_| errors::invalid(format!("{text} is not a valid ARN.")))?;
    let resource = arn.resource.as_str();
    let resource = resource.strip_suffix(":*").unwrap_or(resource);
    let name = resource
        .strip_prefix("log-group:")
        .filter(|name| arn.service == "logs" && !name.contains(':'))
        .ok_or_else(|| errors::invalid(format!("{text} is not the ARN of a log group.")))?;
    let here = cx.arn("logs", resource);
    let asked = text.strip_suffix(":*").unwrap_or(text);
    if here.to_string() == asked {
        return by_name(cx, name).await;
    }
    // Groups are not shared between accounts here, and one of another region is not in this one.
    Ok(Located {
        arn: asked.to_owned(),
        account: arn.account.parse().ok(),
        group: None,
    })
}

/// The ARN of a group of the caller's account.
pub(super) fn group_arn(cx: &Cx, name: &str) -> String {
    cx.arn("logs", format!("log-group:{name}")).to_string()
}

impl Located {
    /// Gives out the group to a caller who may do this to a whole group.
    pub(super) fn authorize(self, cx: &mut Cx, action: &str) -> Result<LogGroup, Error> {
        // AWS: what concerns a whole group is authorised on the ARN of a stream without a name.
        let resource = format!("{}:log-stream:", self.arn);
        self.decide(cx, Access::new(action, resource))
    }

    /// Gives out the group to a caller who may do this to a stream of it.
    pub(super) fn authorize_stream(
        self,
        cx: &mut Cx,
        action: &str,
        stream: &str,
    ) -> Result<LogGroup, Error> {
        let resource = format!("{}:log-stream:{stream}", self.arn);
        self.decide(cx, Access::new(action, resource))
    }

    /// Gives out the group to a caller who may tag it or see its tags.
    pub(super) fn authorize_tags(
        self,
        cx: &mut Cx,
        action: &str,
        tags: &[Tag],
    ) -> Result<LogGroup, Error> {
        let pairs = tags
            .iter()
            .map(|tag| (tag.key.as_str(), tag.value.as_str()));
        let access = Access::new(action, self.arn.clone()).with_request_tags(pairs);
        self.decide(cx, access)
    }

    fn decide(self, cx: &mut Cx, mut access: Access) -> Result<LogGroup, Error> {
        if let Some(account) = &self.account {
            access = access.resource_account(account);
        }
        if let Some(group) = &self.group {
            let tags = group.tags.iter();
            access =
                access.with_resource_tags(tags.map(|tag| (tag.key.as_str(), tag.value.as_str())));
        }
        cx.authorize(access)?;
        self.group.ok_or_else(errors::no_group)
    }
}
