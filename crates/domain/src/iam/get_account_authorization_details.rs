//! `iam:GetAccountAuthorizationDetails`

use api::{
    Modeled as _,
    iam::{
        EntityType, Error,
        get_account_authorization_details::{GetAccountAuthorizationDetails, Input, Output},
    },
};
use store::iam::{EntityKind, EntityRow, ManagedPolicyRow, NamePage, RoleRow, Usage};
use types::AccountId;

use super::{details, page::Page};
use crate::{
    Access, Cx, Operation,
    identity::aws_managed::{self, AwsManaged},
};

impl Operation for GetAccountAuthorizationDetails {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let filter = input.filter.unwrap_or_default();
        let wanted = |kind| filter.is_empty() || filter.contains(&kind);
        let paged = page.cut_all(gather(cx, wanted).await?, Found::key);

        let mut output = Output {
            user_detail_list: Some(Vec::new()),
            group_detail_list: Some(Vec::new()),
            role_detail_list: Some(Vec::new()),
            policies: Some(Vec::new()),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        };
        for found in paged.items {
            add(cx, &mut output, found).await?;
        }
        Ok(output)
    }
}

/// Something that has details, before they are read.
enum Found {
    User(EntityRow),
    Group(EntityRow),
    Role(RoleRow),
    Local(ManagedPolicyRow, Usage),
    Aws(&'static AwsManaged, Usage),
}

impl Found {
    /// Its place among all of them.
    fn key(&self) -> String {
        match self {
            Self::User(user) => format!("1/{}", user.name.to_lowercase()),
            Self::Group(group) => format!("2/{}", group.name.to_lowercase()),
            Self::Role(role) => format!("3/{}", role.name.to_lowercase()),
            Self::Local(policy, _) => format!("4/{}", policy.name.to_lowercase()),
            Self::Aws(policy, _) => format!("5/{}", policy.name),
        }
    }
}

async fn gather(cx: &mut Cx, wanted: impl Fn(EntityType) -> bool) -> Result<Vec<Found>, Error> {
    let account = cx.account().clone();
    let all = everything(&account);
    let mut found = Vec::new();
    if wanted(EntityType::User) {
        let users = cx.db.list_entities(EntityKind::User, all).await?;
        found.extend(users.into_iter().map(Found::User));
    }
    if wanted(EntityType::Group) {
        let groups = cx.db.list_entities(EntityKind::Group, all).await?;
        found.extend(groups.into_iter().map(Found::Group));
    }
    if wanted(EntityType::Role) {
        let roles = cx.db.list_roles(all).await?;
        found.extend(roles.into_iter().map(Found::Role));
    }
    let usage = cx.db.policy_usage(&account).await?;
    if wanted(EntityType::LocalManagedPolicy) {
        for policy in cx.db.list_managed_policies(all).await? {
            let usage = usage.get(&policy.arn).copied().unwrap_or_default();
            found.push(Found::Local(policy, usage));
        }
    }
    if wanted(EntityType::AwsManagedPolicy) {
        // Those of AWS's that are used here: the others bear on nobody's permissions.
        let partition = cx.partition();
        found.extend(aws_managed::all().iter().filter_map(|policy| {
            let usage = usage.get(&policy.arn(partition))?;
            Some(Found::Aws(policy, *usage))
        }));
    }
    Ok(found)
}

fn everything(account: &AccountId) -> NamePage<'_> {
    NamePage {
        account,
        path_prefix: "/",
        after: "",
        limit: i64::MAX,
    }
}

async fn add(cx: &mut Cx, output: &mut Output, found: Found) -> Result<(), Error> {
    match found {
        Found::User(user) => {
            let detail = details::user(cx, &user).await?;
            output.user_detail_list.get_or_insert_default().push(detail);
        }
        Found::Group(group) => {
            let detail = details::group(cx, &group).await?;
            output
                .group_detail_list
                .get_or_insert_default()
                .push(detail);
        }
        Found::Role(role) => {
            let detail = details::role(cx, &role).await?;
            output.role_detail_list.get_or_insert_default().push(detail);
        }
        Found::Local(policy, usage) => {
            let detail = details::policy(cx, &policy, usage).await?;
            output.policies.get_or_insert_default().push(detail);
        }
        Found::Aws(policy, usage) => {
            let detail = details::aws_policy(policy, cx.partition(), usage);
            output.policies.get_or_insert_default().push(detail);
        }
    }
    Ok(())
}
