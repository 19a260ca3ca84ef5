//! Sessions of execution roles, made for tasks and renewed while they live.

use ecs::{
    acs::{Credentials, IAMRoleCredentialsMessage, RoleType},
    overrides,
};
use store::{Session, ecs::TaskRow};
use types::{Fault, Timestamp};

use super::Instance;
use crate::{
    World,
    ecs::{definition, place_of, roles, task},
};

/// Credentials of a task as they were sent, with the moment they end.
pub struct CurrentCredentials {
    pub message: IAMRoleCredentialsMessage,
    pub expires: Timestamp,
}

/// A session of the task's execution role, or why ECS cannot assume it. The id is new each time, as the credentials are.
pub(super) async fn mint(
    world: &World,
    db: &mut Session,
    row: &TaskRow,
    role_arn: &str,
) -> Result<Result<Credentials, String>, Fault> {
    let place = place_of(&row.task.home);
    let task_arn = place.task(&row.task.cluster, &row.task.id).to_string();
    let session =
        roles::assume(world, db, role_arn, &row.task.home, &task_arn, &row.task.id).await?;
    Ok(session.map(|session| Credentials {
        credentials_id: world.entropy.uuid(),
        role_arn: role_arn.to_owned(),
        access_key_id: session.access_key_id,
        secret_access_key: session.secret_access_key,
        session_token: session.session_token,
        expiration: session.expiration.to_iso8601(),
        credential_scope: None,
    }))
}

/// New credentials for every task that runs on the instance.
pub async fn current_credentials(
    world: &World,
    instance: &Instance,
) -> Result<Vec<CurrentCredentials>, Fault> {
    let mut db = world.store.read().await?;
    let rows = db
        .living_tasks_on(&instance.home, &instance.cluster, &instance.id)
        .await?;
    let place = place_of(&instance.home);
    let mut current = Vec::new();
    for row in rows
        .iter()
        .filter(|row| row.state.wanted && row.state.launched)
    {
        let Some(role) = execution_role(&mut db, row).await? else {
            continue;
        };
        // A role that is gone by now leaves the task with what it has.
        if let Ok(credentials) = mint(world, &mut db, row, &role).await? {
            let expires = Timestamp::parse_iso8601(&credentials.expiration).unwrap_or_default();
            current.push(CurrentCredentials {
                message: IAMRoleCredentialsMessage {
                    message_id: world.entropy.uuid(),
                    task_arn: place.task(&row.task.cluster, &row.task.id).to_string(),
                    task_cluster_arn: Some(instance.cluster_arn()),
                    role_type: RoleType::TaskExecution,
                    role_credentials: credentials,
                },
                expires,
            });
        }
    }
    Ok(current)
}

async fn execution_role(db: &mut Session, row: &TaskRow) -> Result<Option<String>, Fault> {
    let changes = task::overrides(&task::details(row)?)?;
    let stored = db
        .task_definition(&row.task.home, &row.task.family, row.task.revision)
        .await?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let merged = overrides::apply(definition::read(&stored)?, &changes);
    Ok(merged
        .ok()
        .and_then(|definition| definition.execution_role_arn))
}
