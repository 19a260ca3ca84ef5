//! `iam:ListPolicies`

use api::{
    Modeled as _,
    iam::{
        Error, Policy, PolicyScopeType, PolicyUsageType,
        list_policies::{Input, ListPolicies, Output},
    },
};
use store::iam::NamePage;

use super::{answer, answer::Usage, locate, page::Page, usage};
use crate::{Access, Cx, Operation, identity::aws_managed};

impl Operation for ListPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let resource = locate::iam_arn(cx, format!("policy{prefix}"));
        let access = Access::new(Self::ACTION, resource);
        cx.authorize(access.shown_as(format!("policy path {prefix}")))?;

        let scope = input.scope.unwrap_or(PolicyScopeType::All);
        let mut policies = Vec::new();
        if scope != PolicyScopeType::Aws {
            policies.extend(of_customer(cx, prefix).await?);
        }
        if scope != PolicyScopeType::Local {
            policies.extend(of_aws(cx, prefix).await?);
        }
        let only_attached = input.only_attached == Some(true);
        policies.retain(|policy| is_wanted(policy, only_attached, input.policy_usage_filter));
        policies.sort_by(|a, b| a.arn.cmp(&b.arn));

        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = page.cut_all(policies, |policy| policy.arn.as_deref().unwrap_or_default());
        Ok(Output {
            policies: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}

async fn of_customer(cx: &mut Cx, prefix: &str) -> Result<Vec<Policy>, Error> {
    let account = cx.account().clone();
    let rows = cx.db.list_managed_policies(NamePage {
        account: &account,
        path_prefix: prefix,
        after: "",
        limit: i64::MAX,
    });
    let mut policies = Vec::new();
    for row in rows.await? {
        let usage = usage::count(cx, &row.arn).await?;
        policies.push(answer::policy(&row, usage));
    }
    Ok(policies)
}

async fn of_aws(cx: &mut Cx, prefix: &str) -> Result<Vec<Policy>, Error> {
    let mut policies = Vec::new();
    for policy in aws_managed::all() {
        if policy.path.starts_with(prefix) {
            let usage: Usage = usage::count(cx, &policy.arn(cx.partition())).await?;
            policies.push(answer::aws_policy(policy, cx.partition(), usage));
        }
    }
    Ok(policies)
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
