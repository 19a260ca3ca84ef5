//! Sessions of the roles of tasks, made when a task is handed over and renewed while it lives.

use ecs::{
    acs::{Credentials, IAMRoleCredentialsMessage, RoleType},
    overrides, payload,
    task_definition::Definition,
};
use store::{Session, ecs::TaskRow};
use types::{Fault, Timestamp};

use super::{Instance, local::instance_session};
use crate::{
    World,
    ecs::{definition, place_of, roles, task},
};

/// What a log driver may do with the execution role. Whoever may ask the engine about a container can read the id of
/// these credentials, so they are worth nothing else.
const LOGS_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}"#;

/// Credentials of a task as they were sent, with the moment they end.
pub struct CurrentCredentials {
    pub message: IAMRoleCredentialsMessage,
    pub expires: Timestamp,
}

/// A session that a task needs: of which role, and what for.
struct Wanted<'a> {
    role_type: RoleType,
    role_arn: &'a str,
    policy: Option<&'static str>,
}

/// The sessions that a task of this definition needs.
fn wanted(definition: &Definition) -> impl Iterator<Item = Wanted<'_>> {
    let execution = definition.execution_role_arn.as_deref();
    let logs = execution.filter(|_| payload::logs_as_execution_role(definition));
    let application = definition.task_role_arn.as_deref();
    [
        (RoleType::TaskExecution, execution, None),
        (RoleType::TaskExecutionLogs, logs, Some(LOGS_ONLY)),
        (RoleType::TaskApplication, application, None),
    ]
    .into_iter()
    .filter_map(|(role_type, role_arn, policy)| {
        Some(Wanted {
            role_type,
            role_arn: role_arn?,
            policy,
        })
    })
}

/// The credentials for a payload, or why ECS cannot assume a role.
pub(super) async fn of_payload(
    world: &World,
    db: &mut Session,
    row: &TaskRow,
    definition: &Definition,
) -> Result<Result<payload::Credentials, String>, Fault> {
    let mut all = payload::Credentials::default();
    for wanted in wanted(definition) {
        let minted = match mint(world, db, row, &wanted).await? {
            Ok(credentials) => credentials,
            // The role may have gone since; what was started under it goes on.
            Err(_) if row.state.launched => continue,
            Err(reason) => return Ok(Err(reason)),
        };
        match wanted.role_type {
            RoleType::TaskExecution => all.execution = Some(minted),
            RoleType::TaskExecutionLogs => all.logs = Some(minted),
            RoleType::TaskApplication => all.application = Some(minted),
            RoleType::Unknown => {}
        }
    }
    Ok(Ok(all))
}

async fn mint(
    world: &World,
    db: &mut Session,
    row: &TaskRow,
    wanted: &Wanted<'_>,
) -> Result<Result<Credentials, String>, Fault> {
    let (home, task) = (&row.task.home, &row.task.id);
    let task_arn = place_of(home).task(&row.task.cluster, task).to_string();
    let role_is_in_aws = world.settings.reads_from_aws(&home.account);
    let session = match wanted.role_type {
        // The agent assumes it there, and needs no more than its name.
        RoleType::TaskExecution if role_is_in_aws => {
            return Ok(Ok(Credentials {
                credentials_id: world.entropy.uuid(),
                role_arn: wanted.role_arn.to_owned(),
                ..Credentials::default()
            }));
        }
        // AWS: without an execution role for them, the instance's own role writes logs. Here it does where the
        // execution role is not here.
        RoleType::TaskExecutionLogs if role_is_in_aws => {
            instance_session(world, db, home, task, wanted.policy).await?
        }
        _ => {
            let (role, policy) = (wanted.role_arn, wanted.policy);
            roles::assume(world, db, role, home, &task_arn, task, policy).await?
        }
    };
    let credentials_id = id(world, row, wanted.role_type)?;
    Ok(session.map(|session| Credentials {
        credentials_id,
        role_arn: wanted.role_arn.to_owned(),
        access_key_id: session.access_key_id,
        secret_access_key: session.secret_access_key,
        session_token: session.session_token,
        expiration: session.expiration.to_iso8601(),
        credential_scope: None,
    }))
}

/// The id under which the agent hands the credentials out: always the same where containers were given it, and new each
/// time where only the agent itself uses them.
fn id(world: &World, row: &TaskRow, role_type: RoleType) -> Result<String, Fault> {
    let seed = task::details(row)?.credentials;
    let (Some(seed), RoleType::TaskApplication | RoleType::TaskExecutionLogs) = (seed, role_type)
    else {
        return Ok(world.entropy.uuid());
    };
    let digest = crypto::sha256_hex(format!("{role_type:?} {seed}").as_bytes());
    Ok(digest.chars().take(32).collect())
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
    let mut current = Vec::new();
    for row in rows
        .iter()
        .filter(|row| row.state.wanted && row.state.launched)
    {
        let Some(definition) = merged_definition(&mut db, row).await? else {
            continue;
        };
        let role_is_in_aws = world.settings.reads_from_aws(&row.task.home.account);
        for wanted in wanted(&definition) {
            if role_is_in_aws && wanted.role_type == RoleType::TaskExecution {
                continue;
            }
            // A role that is gone by now leaves the task with what it has.
            if let Ok(credentials) = mint(world, &mut db, row, &wanted).await? {
                current.push(renewal(world, instance, row, wanted.role_type, credentials));
            }
        }
    }
    Ok(current)
}

fn renewal(
    world: &World,
    instance: &Instance,
    row: &TaskRow,
    role_type: RoleType,
    role_credentials: Credentials,
) -> CurrentCredentials {
    let place = place_of(&row.task.home);
    CurrentCredentials {
        expires: Timestamp::parse_iso8601(&role_credentials.expiration).unwrap_or_default(),
        message: IAMRoleCredentialsMessage {
            message_id: world.entropy.uuid(),
            task_arn: place.task(&row.task.cluster, &row.task.id).to_string(),
            task_cluster_arn: Some(instance.cluster_arn()),
            role_type,
            role_credentials,
        },
    }
}

/// The definition of the task with its overrides; `None` where it cannot be read any more.
async fn merged_definition(db: &mut Session, row: &TaskRow) -> Result<Option<Definition>, Fault> {
    let changes = task::overrides(&task::details(row)?)?;
    let stored = db
        .task_definition(&row.task.home, &row.task.family, row.task.revision)
        .await?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    Ok(overrides::apply(definition::read(&stored)?, &changes).ok())
}
