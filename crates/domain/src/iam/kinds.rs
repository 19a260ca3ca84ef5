//! AWS's words and quotas for users, groups, roles and instance profiles.

use api::iam::Error;
use store::iam::EntityKind;

/// What texts call one: `instance profile`.
pub(super) fn word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "user",
        EntityKind::Group => "group",
        EntityKind::Role => "role",
        EntityKind::InstanceProfile => "instance profile",
    }
}

/// What its ARN calls it: `instance-profile`.
pub(super) fn in_arn(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::InstanceProfile => "instance-profile",
        other => word(other),
    }
}

/// Nothing has this name.
pub(super) fn missing(kind: EntityKind, name: &str) -> Error {
    Error::NoSuchEntity(match kind {
        EntityKind::InstanceProfile => format!("Instance Profile {name} cannot be found."),
        other => format!("The {} with name {name} cannot be found.", word(other)),
    })
}

/// Something has this name already.
pub(super) fn taken(kind: EntityKind, name: &str) -> Error {
    Error::EntityAlreadyExists(match kind {
        EntityKind::User => format!("User with name {name} already exists."),
        EntityKind::Group => format!("Group with name {name} already exists."),
        EntityKind::Role => format!("Role with name {name} already exists."),
        EntityKind::InstanceProfile => format!("Instance Profile {name} already exists."),
    })
}

/// How many an account can have, and the quota's name in AWS's message.
pub(super) fn quota(kind: EntityKind) -> (&'static str, i32) {
    match kind {
        EntityKind::User => ("UsersPerAccount", 5000),
        EntityKind::Group => ("GroupsPerAccount", 300),
        EntityKind::Role => ("RolesPerAccount", 1000),
        EntityKind::InstanceProfile => ("InstanceProfilesPerAccount", 1000),
    }
}

/// How many managed policies one can have, and the quota's name in AWS's message.
pub(super) fn attachment_quota(kind: EntityKind) -> (&'static str, i32) {
    match kind {
        EntityKind::User => ("PoliciesPerUser", 10),
        EntityKind::Group => ("PoliciesPerGroup", 10),
        EntityKind::Role | EntityKind::InstanceProfile => ("PoliciesPerRole", 10),
    }
}

/// The size of all inline policies together, without whitespace.
pub(super) fn inline_quota(kind: EntityKind) -> i32 {
    match kind {
        EntityKind::User => 2048,
        EntityKind::Group => 5120,
        EntityKind::Role | EntityKind::InstanceProfile => 10240,
    }
}

/// Refuses one more where `count` are there already.
pub(super) fn check_quota((name, most): (&str, i32), count: i64) -> Result<(), Error> {
    if count < i64::from(most) {
        return Ok(());
    }
    let text = format!("Cannot exceed quota for {name}: {most}");
    Err(Error::LimitExceeded(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_what_fits() {
        assert!(check_quota(("GroupsPerUser", 10), 9).is_ok());
        let refused = check_quota(("GroupsPerUser", 10), 10);
        assert!(
            matches!(refused, Err(Error::LimitExceeded(text)) if text == "Cannot exceed quota for GroupsPerUser: 10")
        );
    }
}
