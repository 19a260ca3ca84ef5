//! Tasks that this server runs for itself, such as the steps of a rotation: ordinary tasks of the account they are for,
//! without a caller whose permissions would be asked. Who may have them was decided before.
//!
//! INVARIANT: a task gets a role only where its definition names that role, so whoever registered it was allowed to pass
//! it. Otherwise everyone who may register a revision of the family would have the role.

use std::sync::Arc;

use api::{
    CommonError, ServiceError as _,
    ecs::{ContainerOverride, Error, KeyValuePair, TaskOverride, run_task::Input},
};
use ecs::{
    reasons::{Stop, StopCode},
    states::{Progress, Status},
    task_definition::Definition,
};
use store::ecs::Home;
use types::{Fault, Timestamp};

use super::{cluster, definition, run_task, stop_task, task};
use crate::{Cx, RequestFacts, World, identity::Caller};

/// A task that is wanted.
#[derive(Debug)]
pub struct OwnTask<'a> {
    /// The service that wants it, such as `secretsmanager.amazonaws.com`.
    pub service: &'a str,
    pub home: Home,
    pub cluster: &'a str,
    pub task_definition: &'a str,
    /// The container that is told what to do and whose end decides, where more than one is essential.
    pub container: Option<&'a str>,
    /// The role that it must have.
    pub role_arn: &'a str,
    pub environment: Vec<(&'static str, String)>,
    /// One task at most is ever started for a token.
    pub token: String,
}

/// A task that was started, now or by an earlier call.
#[derive(Debug)]
pub struct Started {
    home: Home,
    cluster: String,
    id: String,
    container: String,
    pub arn: String,
    pub created_at: Timestamp,
}

/// Why there is no task.
#[derive(Debug, thiserror::Error)]
pub enum StartRefused {
    #[error("{0}")]
    Because(String),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Error> for StartRefused {
    fn from(error: Error) -> Self {
        match error {
            Error::Common(CommonError::Fault(fault)) => Self::Fault(fault),
            error => Self::Because(error.report().message.unwrap_or_default()),
        }
    }
}

/// Starts the task, unless there is one for its token.
pub async fn start(world: &Arc<World>, wanted: &OwnTask<'_>) -> Result<Started, StartRefused> {
    let mut cx = context(world, wanted.service, &wanted.home).await?;
    let found = cluster::find(&mut cx, Some(wanted.cluster)).await?;
    let cluster = found.kept(&mut cx).await?;
    let row = definition::find(&mut cx, wanted.task_definition).await?;
    let row = run_task::usable(row)?;
    let container = check(&definition::read(&row)?, wanted)?;
    let input = Input {
        overrides: Some(overrides(wanted, &container)),
        cluster: Some(wanted.cluster.to_owned()),
        task_definition: wanted.task_definition.to_owned(),
        client_token: Some(wanted.token.clone()),
        started_by: Some(wanted.service.to_owned()),
        ..Input::default()
    };
    let merged = run_task::merge(&row, &input)?;
    let answer = run_task::accept(&mut cx, &cluster, &row, &merged, &input).await?;
    let Some(task) = answer.tasks.into_iter().flatten().next() else {
        let failure = answer.failures.into_iter().flatten().next();
        let reason = failure.and_then(|failure| failure.reason);
        return Err(StartRefused::Because(reason.unwrap_or_default()));
    };
    finish(world, cx).await?;
    let arn = task.task_arn.unwrap_or_default();
    Ok(Started {
        home: wanted.home.clone(),
        cluster: cluster.name,
        id: arn.rsplit('/').next().unwrap_or_default().to_owned(),
        container,
        created_at: task.created_at.unwrap_or_default(),
        arn,
    })
}

/// How a task has ended: well or, with what became of it, not. `None` while it lives.
pub async fn outcome(
    world: &World,
    started: &Started,
) -> Result<Option<Result<(), String>>, Fault> {
    let Started {
        home, cluster, id, ..
    } = started;
    let row = world.store.read().await?.task(home, cluster, id).await?;
    match row {
        Some(row) => Ok(judge(&task::progress(&row)?, &started.container)),
        None => Ok(Some(Err("is not known any more".to_owned()))),
    }
}

/// Has a task stopped that still lives.
pub async fn stop(
    world: &Arc<World>,
    service: &str,
    started: &Started,
    reason: &str,
) -> Result<(), Fault> {
    let mut cx = context(world, service, &started.home).await?;
    let row = cx
        .db
        .task(&started.home, &started.cluster, &started.id)
        .await?;
    if let Some(row) = row {
        stop_task::stop(&mut cx, row, Stop::by_user(Some(reason))).await?;
    }
    finish(world, cx).await
}

async fn context(world: &Arc<World>, service: &str, home: &Home) -> Result<Cx, Fault> {
    let facts = RequestFacts {
        id: world.entropy.uuid(),
        source_ip: None,
        referer: None,
        user_agent: None,
        secure: true,
        answer_form: api::AnswerForm::default(),
    };
    let caller = Caller::service(service, &home.account);
    let db = world.store.write().await?;
    Ok(Cx::new(
        Arc::clone(world),
        db,
        caller,
        home.region.clone(),
        facts,
    ))
}

async fn finish(world: &World, cx: Cx) -> Result<(), Fault> {
    let ended = cx.end();
    ended.session.commit().await?;
    for action in ended.after_commit {
        action(world);
    }
    Ok(())
}

/// The container that decides, if the definition is fit to run with the role.
fn check(definition: &Definition, wanted: &OwnTask<'_>) -> Result<String, StartRefused> {
    if definition.task_role_arn.as_deref() != Some(wanted.role_arn) {
        return Err(StartRefused::Because(format!(
            "its task definition must have the role {} as its taskRoleArn",
            wanted.role_arn
        )));
    }
    deciding(definition, wanted.container).map_err(StartRefused::Because)
}

fn deciding(definition: &Definition, named: Option<&str>) -> Result<String, String> {
    let essential: Vec<&str> = definition
        .container_definitions
        .iter()
        .filter(|container| container.essential.unwrap_or(true))
        .filter_map(|container| container.name.as_deref())
        .collect();
    match (named, essential.as_slice()) {
        (Some(named), _) if essential.contains(&named) => Ok(named.to_owned()),
        (Some(named), _) => Err(format!(
            "its task definition has no essential container `{named}`"
        )),
        (None, [only]) => Ok((*only).to_owned()),
        (None, many) => Err(format!(
            "its task definition has {} essential containers: say with `container` whose end decides",
            many.len()
        )),
    }
}

fn overrides(wanted: &OwnTask<'_>, container: &str) -> TaskOverride {
    let variables = wanted.environment.iter().map(|(name, value)| KeyValuePair {
        name: Some((*name).to_owned()),
        value: Some(value.clone()),
    });
    TaskOverride {
        container_overrides: Some(vec![ContainerOverride {
            name: Some(container.to_owned()),
            environment: Some(variables.collect()),
            ..ContainerOverride::default()
        }]),
        ..TaskOverride::default()
    }
}

/// A task has done what it was for where the container ended by itself, and with 0.
fn judge(progress: &Progress, container: &str) -> Option<Result<(), String>> {
    if progress.last_status != Status::Stopped {
        return None;
    }
    let code = progress.stop.as_ref().map(|stop| stop.code);
    let container = progress.containers.iter().find(|it| it.name == container);
    let exit_code = container.and_then(|it| it.exit_code);
    if code == Some(StopCode::EssentialContainerExited) && exit_code == Some(0) {
        return Some(Ok(()));
    }
    let mut why = match &progress.stop {
        Some(stop) => format!("stopped with {}: {}", stop.code, stop.reason),
        None => "stopped".to_owned(),
    };
    if let Some(container) = container {
        let ended = match exit_code {
            Some(code) => format!("ended with exit code {code}"),
            None => "has no exit code".to_owned(),
        };
        why = format!("{why}; its container `{}` {ended}", container.name);
        if let Some(reason) = &container.reason {
            why = format!("{why}: {reason}");
        }
    }
    Some(Err(why))
}

#[cfg(test)]
mod tests {
    use ecs::states::ContainerState;
    use serde_json::json;

    use super::*;

    fn definition(containers: &[(&str, bool)]) -> Definition {
        let containers = containers.iter().map(|(name, essential)| {
            json!({"name": name, "image": "i", "memory": 8, "essential": essential})
        });
        let text = json!({"family": "f", "containerDefinitions": containers.collect::<Vec<_>>()});
        api::codec::from_json_str(&text.to_string()).unwrap()
    }

    #[test]
    fn the_only_essential_container_decides_or_the_one_that_is_named() {
        let one = definition(&[("app", true), ("helper", false)]);
        assert_eq!(deciding(&one, None), Ok("app".to_owned()));
        assert!(deciding(&one, Some("helper")).is_err());
        let two = definition(&[("app", true), ("proxy", true)]);
        assert!(deciding(&two, None).unwrap_err().contains("2 essential"));
        assert_eq!(deciding(&two, Some("proxy")), Ok("proxy".to_owned()));
    }

    fn ended(code: StopCode, reason: &str, exit_code: Option<i32>) -> Progress {
        let container: ContainerState = serde_json::from_value(json!({
            "id": "1", "name": "app", "image": "i", "essential": true, "cpu": "0", "lastStatus": "STOPPED",
            "exitCode": exit_code,
        }))
        .unwrap();
        let mut progress = Progress::new(vec![container]);
        progress.last_status = Status::Stopped;
        progress.stop = Some(Stop {
            code,
            reason: reason.to_owned(),
        });
        progress
    }

    #[test]
    fn only_a_container_that_ended_by_itself_with_0_has_done_its_step() {
        let exited = |exit_code| {
            let code = StopCode::EssentialContainerExited;
            ended(code, "Essential container in task exited", exit_code)
        };
        assert_eq!(judge(&exited(Some(0)), "app"), Some(Ok(())));
        assert_eq!(
            judge(&exited(Some(3)), "app"),
            Some(Err("stopped with EssentialContainerExited: Essential container in task exited; its container `app` ended with exit code 3".to_owned()))
        );
        let stopped = ended(StopCode::UserInitiated, "enough", Some(0));
        assert!(judge(&stopped, "app").unwrap().is_err());
        let not_started = ended(StopCode::TaskFailedToStart, "no image", None);
        let why = judge(&not_started, "app").unwrap().unwrap_err();
        assert!(
            why.starts_with("stopped with TaskFailedToStart: no image"),
            "{why}"
        );
        let mut running = exited(None);
        running.last_status = Status::Running;
        assert_eq!(judge(&running, "app"), None);
    }
}
