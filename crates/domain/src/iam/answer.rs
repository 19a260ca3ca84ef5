//! From rows to the shapes of answers.
//!
//! AWS: which members an answer has differs between operations; what is shown everywhere is made here, and each
//! operation adds its own.

use api::iam::{
    AttachedPermissionsBoundary, Group, InstanceProfile, PermissionsBoundaryAttachmentType, Policy,
    PolicyVersion, Role, RoleLastUsed, StatusType, User,
};
use store::iam::{EntityRow, LastUse, ManagedPolicyRow, PolicyVersionRow, RoleRow, Usage};
use types::Tag;

use super::{document, kinds};
use crate::identity::aws_managed::{self, AwsManaged};

/// The ARN of a user, group, role or instance profile. The partition is the one of the request's region.
pub(super) fn arn(entity: &EntityRow, partition: &str) -> String {
    let EntityRow {
        account,
        path,
        name,
        ..
    } = entity;
    let kind = kinds::in_arn(entity.kind);
    format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
}

/// A role as every answer shows it.
pub(super) fn role(row: &RoleRow, partition: &str) -> Role {
    Role {
        path: Some(row.path.clone()),
        role_name: Some(row.name.clone()),
        role_id: Some(row.id.clone()),
        arn: Some(arn(row, partition)),
        create_date: Some(row.created),
        assume_role_policy_document: Some(document::encode(&row.trust_policy)),
        description: row.description.clone(),
        ..Role::default()
    }
}

/// When and where sessions of a role last called.
pub(super) fn role_last_used(used: Option<LastUse>) -> RoleLastUsed {
    used.map_or_else(RoleLastUsed::default, |used| RoleLastUsed {
        last_used_date: Some(used.at),
        region: Some(used.region),
    })
}

/// A user as every answer shows it.
pub(super) fn user(row: &EntityRow, partition: &str) -> User {
    User {
        path: Some(row.path.clone()),
        user_name: Some(row.name.clone()),
        user_id: Some(row.id.clone()),
        arn: Some(arn(row, partition)),
        create_date: Some(row.created),
        ..User::default()
    }
}

/// A group.
pub(super) fn group(row: &EntityRow, partition: &str) -> Group {
    Group {
        path: Some(row.path.clone()),
        group_name: Some(row.name.clone()),
        group_id: Some(row.id.clone()),
        arn: Some(arn(row, partition)),
        create_date: Some(row.created),
    }
}

/// An instance profile and the role it holds, as every answer shows it.
pub(super) fn instance_profile(
    row: &EntityRow,
    role: Option<&RoleRow>,
    partition: &str,
) -> InstanceProfile {
    let roles = role.into_iter().map(|role| self::role(role, partition));
    InstanceProfile {
        path: Some(row.path.clone()),
        instance_profile_name: Some(row.name.clone()),
        instance_profile_id: Some(row.id.clone()),
        arn: Some(arn(row, partition)),
        create_date: Some(row.created),
        roles: Some(roles.collect()),
        tags: None,
    }
}

/// A customer's managed policy as every answer shows it.
pub(super) fn policy(row: &ManagedPolicyRow, usage: Usage) -> Policy {
    Policy {
        policy_name: Some(row.name.clone()),
        policy_id: Some(row.id.clone()),
        arn: Some(row.arn.clone()),
        path: Some(row.path.clone()),
        default_version_id: Some(version_id(row.default_version)),
        create_date: Some(row.created),
        update_date: Some(row.updated),
        ..usage_counts(usage)
    }
}

/// A policy of AWS's as every answer shows it.
pub(super) fn aws_policy(policy: &AwsManaged, partition: &str, usage: Usage) -> Policy {
    Policy {
        policy_name: Some(policy.name.to_owned()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn(partition)),
        path: Some(policy.path.to_owned()),
        default_version_id: Some(version_id(policy.version)),
        create_date: Some(aws_managed::CREATED),
        update_date: Some(aws_managed::CREATED),
        ..usage_counts(usage)
    }
}

fn usage_counts(usage: Usage) -> Policy {
    let count = |n| Some(i32::try_from(n).unwrap_or(i32::MAX));
    Policy {
        attachment_count: count(usage.attachments),
        permissions_boundary_usage_count: count(usage.boundaries),
        is_attachable: Some(true),
        ..Policy::default()
    }
}

/// A version of a customer's managed policy, without its document.
pub(super) fn version(policy: &ManagedPolicyRow, version: &PolicyVersionRow) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(version_id(version.version)),
        is_default_version: Some(version.version == policy.default_version),
        create_date: Some(version.created),
    }
}

/// The one version that is here of a policy of AWS's, without its document.
pub(super) fn aws_version(policy: &AwsManaged) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(version_id(policy.version)),
        is_default_version: Some(true),
        create_date: Some(aws_managed::CREATED),
    }
}

/// `v1`
pub(super) fn version_id(version: i64) -> String {
    format!("v{version}")
}

/// The boundary, where there is one.
pub(super) fn boundary(arn: Option<&String>) -> Option<AttachedPermissionsBoundary> {
    arn.map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::Policy),
        permissions_boundary_arn: Some(arn.clone()),
    })
}

/// The tags, where there are any.
pub(super) fn tags(tags: &[Tag]) -> Option<Vec<api::iam::Tag>> {
    (!tags.is_empty()).then(|| all_tags(tags))
}

/// The tags, also where there are none.
pub(super) fn all_tags(tags: &[Tag]) -> Vec<api::iam::Tag> {
    let shown = tags.iter().map(|tag| api::iam::Tag {
        key: tag.key.clone(),
        value: tag.value.clone(),
    });
    shown.collect()
}

/// The status of an access key.
pub(super) fn status(active: bool) -> StatusType {
    if active {
        StatusType::Active
    } else {
        StatusType::Inactive
    }
}
