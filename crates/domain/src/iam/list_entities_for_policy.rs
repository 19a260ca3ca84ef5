//! `iam:ListEntitiesForPolicy`

use api::{
    Modeled as _,
    iam::{
        EntityType, Error, PolicyGroup, PolicyRole, PolicyUsageType, PolicyUser,
        list_entities_for_policy::{Input, ListEntitiesForPolicy, Output},
    },
};
use store::iam::{EntityKind, EntityRow};

use super::{locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListEntitiesForPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let arn = &input.policy_arn;
        let missing = || format!("Policy {arn} does not exist or is not attachable.");
        let found = locate::policy(cx, Self::ACTION, arn).await;
        found.map_err(|error| locate::missing_as(error, missing))?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let mut found = users_of_policy(cx, &input.policy_arn, input.policy_usage_filter).await?;
        found.retain(|entity| is_wanted(entity, &input));
        let paged = page.cut_all(found, |entity| {
            format!("{:?}/{}", entity.kind, entity.name.to_lowercase())
        });

        let mut output = Output {
            policy_groups: Some(Vec::new()),
            policy_users: Some(Vec::new()),
            policy_roles: Some(Vec::new()),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        };
        for entity in paged.items {
            add(&mut output, entity);
        }
        Ok(output)
    }
}

/// Everything that a managed policy is attached to, or the boundary of; what is both comes once.
async fn users_of_policy(
    cx: &mut Cx,
    arn: &str,
    usage: Option<PolicyUsageType>,
) -> Result<Vec<EntityRow>, Error> {
    let account = cx.account().clone();
    let mut found: Vec<EntityRow> = Vec::new();
    if usage != Some(PolicyUsageType::PermissionsBoundary) {
        for kind in [EntityKind::Group, EntityKind::User, EntityKind::Role] {
            found.extend(cx.db.entities_with_policy(kind, &account, arn).await?);
        }
    }
    if usage != Some(PolicyUsageType::PermissionsPolicy) {
        for kind in [EntityKind::User, EntityKind::Role] {
            for entity in cx.db.entities_with_boundary(kind, &account, arn).await? {
                if found.iter().all(|other| other.id != entity.id) {
                    found.push(entity);
                }
            }
        }
    }
    Ok(found)
}

fn is_wanted(entity: &EntityRow, input: &Input) -> bool {
    let of_kind = match input.entity_filter {
        None => true,
        Some(EntityType::User) => entity.kind == EntityKind::User,
        Some(EntityType::Group) => entity.kind == EntityKind::Group,
        Some(EntityType::Role) => entity.kind == EntityKind::Role,
        Some(EntityType::LocalManagedPolicy | EntityType::AwsManagedPolicy) => false,
    };
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    of_kind && entity.path.starts_with(prefix)
}

fn add(output: &mut Output, entity: EntityRow) {
    let EntityRow { kind, id, name, .. } = entity;
    let (id, name) = (Some(id), Some(name));
    match kind {
        EntityKind::Group => output
            .policy_groups
            .get_or_insert_default()
            .push(PolicyGroup {
                group_name: name,
                group_id: id,
            }),
        EntityKind::User => output
            .policy_users
            .get_or_insert_default()
            .push(PolicyUser {
                user_name: name,
                user_id: id,
            }),
        EntityKind::Role => output
            .policy_roles
            .get_or_insert_default()
            .push(PolicyRole {
                role_name: name,
                role_id: id,
            }),
        EntityKind::InstanceProfile => {}
    }
}
