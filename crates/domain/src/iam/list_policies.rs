//! `iam:ListPolicies`

use std::collections::HashMap;

use api::{
    Modeled as _,
    iam::{
        Error, Policy, PolicyScopeType, PolicyUsageType,
        list_policies::{Input, ListPolicies, Output},
    },
};
use store::iam::{NamePage, Usage};

use super::{answer, locate, page::Page};
use crate::{Access, Cx, Operation, identity::aws_managed};

impl Operation for ListPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let resource = locate::iam_arn(cx, format!("policy{prefix}"));
        let access = Access::new(Self::ACTION, resource);
        cx.authorize(access.shown_as(format!("policy path {prefix}")))?;

        let scope = input.scope.unwrap_or(PolicyScopeType::All);
        let account = cx.account().clone();
        let usage = cx.db.policy_usage(&account).await?;
        let mut policies = Vec::new();
        if scope != PolicyScopeType::Aws {
            policies.extend(of_customer(cx, prefix, &usage).await?);
        }
        if scope != PolicyScopeType::Local {
            policies.extend(of_aws(cx, prefix, &usage));
        }
        let only_attached = input.only_attached == Some(true);
        policies.retain(|policy| is_wanted(policy, only_attached, input.policy_usage_filter));

        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = page.cut_all(policies, |policy| policy.arn.clone().unwrap_or_default());
        Ok(Output {
            policies: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}

/// How often policies are used, by ARN.
type UsageByArn = HashMap<String, Usage>;

async fn of_customer(cx: &mut Cx, prefix: &str, usage: &UsageByArn) -> Result<Vec<Policy>, Error> {
    let account = cx.account().clone();
    let rows = cx.db.list_managed_policies(NamePage {
        account: &account,
        path_prefix: prefix,
        after: "",
        limit: i64::MAX,
    });
    let rows = rows.await?;
    let shown = rows
        .iter()
        .map(|row| answer::policy(row, used(usage, &row.arn)));
    Ok(shown.collect())
}

fn of_aws(cx: &Cx, prefix: &str, usage: &UsageByArn) -> Vec<Policy> {
    let partition = cx.partition();
    let wanted = aws_managed::all()
        .iter()
        .filter(|policy| policy.path.starts_with(prefix));
    wanted
        .map(|policy| {
            let usage = used(usage, &policy.arn(partition));
            answer::aws_policy(policy, partition, usage)
        })
        .collect()
}

fn used(usage: &UsageByArn, arn: &str) -> Usage {
    usage.get(arn).copied().unwrap_or_default()
}

fn is_wanted(policy: &Policy, only_attached: bool, usage: Option<PolicyUsageType>) -> bool {
    let attachments = policy.attachment_count.unwrap_or_default();
    let boundaries = policy.permissions_boundary_usage_count.unwrap_or_default();
    let used_so = match usage {
        None => true,
        Some(PolicyUsageType::PermissionsPolicy) => attachments > 0,
        Some(PolicyUsageType::PermissionsBoundary) => boundaries > 0,
    };
    used_so && (!only_attached || attachments + boundaries > 0)
}
