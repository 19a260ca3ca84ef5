//! Users, groups, roles and policies with everything that bears on permissions.

use api::iam::{
    Error, GroupDetail, ManagedPolicyDetail, Policy, PolicyDetail, PolicyVersion, RoleDetail,
    UserDetail,
};
use store::iam::{EntityRow, ManagedPolicyRow, RoleRow, Usage};

use super::{answer, attachments, document, profiles};
use crate::{
    Cx,
    identity::{self, aws_managed::AwsManaged, principals},
};

/// A user.
pub(super) async fn user(cx: &mut Cx, user: &EntityRow) -> Result<UserDetail, Error> {
    let groups = cx.db.groups_of(&user.id).await?;
    Ok(UserDetail {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.id.clone()),
        arn: Some(answer::arn(user, cx.partition())),
        create_date: Some(user.created),
        user_policy_list: Some(inline(cx, user).await?),
        group_list: Some(groups.into_iter().map(|group| group.name).collect()),
        attached_managed_policies: Some(attachments::all(cx, user).await?),
        permissions_boundary: answer::boundary(user.boundary.as_ref()),
        tags: Some(answer::all_tags(&user.tags)),
    })
}

/// A group.
pub(super) async fn group(cx: &mut Cx, group: &EntityRow) -> Result<GroupDetail, Error> {
    Ok(GroupDetail {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.id.clone()),
        arn: Some(answer::arn(group, cx.partition())),
        create_date: Some(group.created),
        group_policy_list: Some(inline(cx, group).await?),
        attached_managed_policies: Some(attachments::all(cx, group).await?),
    })
}

/// A role.
pub(super) async fn role(cx: &mut Cx, role: &RoleRow) -> Result<RoleDetail, Error> {
    let last_used = identity::last_use(cx, &role.id).await?;
    let holding = cx.db.instance_profiles_of(role).await?;
    let trust_policy = principals::unbind(cx, &role.trust_policy).await?;
    Ok(RoleDetail {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
        arn: Some(answer::arn(role, cx.partition())),
        create_date: Some(role.created),
        assume_role_policy_document: Some(document::encode(&trust_policy)),
        instance_profile_list: Some(profiles::show_all(cx, &holding).await?),
        role_policy_list: Some(inline(cx, role).await?),
        attached_managed_policies: Some(attachments::all(cx, role).await?),
        permissions_boundary: answer::boundary(role.boundary.as_ref()),
        tags: Some(answer::all_tags(&role.tags)),
        role_last_used: Some(answer::role_last_used(last_used)),
    })
}

/// A customer's managed policy, with every version.
pub(super) async fn policy(
    cx: &mut Cx,
    policy: &ManagedPolicyRow,
    usage: Usage,
) -> Result<ManagedPolicyDetail, Error> {
    let versions = cx.db.policy_versions(&policy.id).await?;
    let versions = versions.iter().map(|version| PolicyVersion {
        document: Some(document::encode(&version.document)),
        ..answer::version(policy, version)
    });
    let shown = Policy {
        description: policy.description.clone(),
        ..answer::policy(policy, usage)
    };
    Ok(with_versions(shown, versions.collect()))
}

/// A policy of AWS's.
pub(super) fn aws_policy(
    policy: &AwsManaged,
    partition: &str,
    usage: Usage,
) -> ManagedPolicyDetail {
    let version = PolicyVersion {
        document: Some(document::encode(&policy.document)),
        ..answer::aws_version(policy)
    };
    let shown = answer::aws_policy(policy, partition, usage);
    with_versions(shown, vec![version])
}

fn with_versions(policy: Policy, versions: Vec<PolicyVersion>) -> ManagedPolicyDetail {
    ManagedPolicyDetail {
        policy_name: policy.policy_name,
        policy_id: policy.policy_id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: policy.default_version_id,
        attachment_count: policy.attachment_count,
        permissions_boundary_usage_count: policy.permissions_boundary_usage_count,
        is_attachable: policy.is_attachable,
        description: policy.description,
        create_date: policy.create_date,
        update_date: policy.update_date,
        policy_version_list: Some(versions),
    }
}

async fn inline(cx: &mut Cx, owner: &EntityRow) -> Result<Vec<PolicyDetail>, Error> {
    let policies = cx.db.inline_policies(&owner.id).await?;
    let shown = policies.into_iter().map(|policy| PolicyDetail {
        policy_document: Some(document::encode(&policy.document)),
        policy_name: Some(policy.name),
    });
    Ok(shown.collect())
}
