//! From rows to the shapes of answers.
//!
//! AWS: which members an answer has differs between operations; what is shown everywhere is made here, and each
//! operation adds its own.

use api::iam::{
    AttachedPermissionsBoundary, PermissionsBoundaryAttachmentType, Policy, Role, StatusType, User,
};
use store::iam::{ManagedPolicyRow, RoleRow, UserRow};
use types::Tag;

use super::document;
use crate::identity::aws_managed::{self, AwsManaged};

/// The ARN of a role. The partition is the one of the request's region.
pub(super) fn role_arn(role: &RoleRow, partition: &str) -> String {
    let RoleRow {
        account,
        path,
        name,
        ..
    } = role;
    format!("arn:{partition}:iam::{account}:role{path}{name}")
}

/// The ARN of a user.
pub(super) fn user_arn(user: &UserRow, partition: &str) -> String {
    let UserRow {
        account,
        path,
        name,
        ..
    } = user;
    format!("arn:{partition}:iam::{account}:user{path}{name}")
}

/// A role as every answer shows it.
pub(super) fn role(row: &RoleRow, partition: &str) -> Role {
    Role {
        path: Some(row.path.clone()),
        role_name: Some(row.name.clone()),
        role_id: Some(row.id.clone()),
        arn: Some(role_arn(row, partition)),
        create_date: Some(row.created),
        assume_role_policy_document: Some(document::encode(&row.trust_policy)),
        description: row.description.clone(),
        ..Role::default()
    }
}

/// A user as every answer shows it.
pub(super) fn user(row: &UserRow, partition: &str) -> User {
    User {
        path: Some(row.path.clone()),
        user_name: Some(row.name.clone()),
        user_id: Some(row.id.clone()),
        arn: Some(user_arn(row, partition)),
        create_date: Some(row.created),
        ..User::default()
    }
}

/// How often a managed policy is used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub attachments: i64,
    pub boundaries: i64,
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
        default_version_id: Some(version_id(1)),
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

/// `v1`
pub(super) fn version_id(version: i64) -> String {
    format!("v{version}")
}

/// The boundary, where there is one.
pub(super) fn boundary(arn: Option<&String>) -> Option<AttachedPermissionsBoundary> {
    arn.map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some(
            PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy,
        ),
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
