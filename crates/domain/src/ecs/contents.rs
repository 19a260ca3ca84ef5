//! Whether two versions of what a container holds have the same content, found out as the task's execution role.

use std::sync::Arc;

use store::{
    ecs::{HeldSecretRow, Home},
    iam::EntityKind,
};
use types::{Arn, Fault};

use crate::{
    World,
    ecs::holders,
    identity::{Caller, imagined_caller},
    secretsmanager, ssm,
};

/// Whether the held version and another have the same content. Not where the role may not read them, or one is gone.
pub(super) async fn are_same(
    world: &Arc<World>,
    home: &Home,
    role_arn: Option<&str>,
    held: &HeldSecretRow,
    version: &str,
) -> Result<bool, Fault> {
    let Some(caller) = role(world, home, role_arn).await? else {
        return Ok(false);
    };
    let (one, other) = (held.version.as_str(), version);
    if holders::is_secret(held) {
        secretsmanager::readers::same_content(world, caller, &held.arn, one, other).await
    } else {
        ssm::same_content(world, caller, &held.arn, one, other).await
    }
}

async fn role(world: &World, home: &Home, role_arn: Option<&str>) -> Result<Option<Caller>, Fault> {
    let arn: Option<Arn> = role_arn.and_then(|arn| arn.parse().ok());
    let Some(name) = arn.as_ref().and_then(|arn| arn.resource.rsplit('/').next()) else {
        return Ok(None);
    };
    let mut db = world.store.read().await?;
    let Some(role) = db.role_by_name(&home.account, name).await? else {
        return Ok(None);
    };
    let partition = home.region.partition();
    imagined_caller(&mut db, world, EntityKind::Role, &role.id, partition).await
}
