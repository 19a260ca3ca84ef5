//! `ecs:RunTask`

use std::path::{Path, PathBuf};

use api::{
    Modeled,
    codec::to_json_string,
    ecs::{
        Error, Failure, LaunchType, PropagateTags, Tag, Task,
        run_task::{Input, Output, RunTask},
    },
};
use ecs::{
    overrides::{self, LONGEST_OVERRIDES, OverrideError},
    placement::Needs,
    refusals,
    states::Progress,
    task_definition::{Definition, placement_attributes},
    trust,
};
use store::ecs::{ClusterRow, NewTask, TaskDefinitionRow, TaskRow};
use types::Fault;

use super::{
    cluster, definition, here, roles,
    scheduling::{Instances, Spot},
    tags, task,
};
use crate::{Access, Cx, HostAccess, Operation};

/// What an instance must be able to do for tasks with `enableExecuteCommand`.
const EXECUTE_COMMAND: &str = "ecs.capability.execute-command";

impl Operation for RunTask {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        let row = definition::find(cx, &input.task_definition).await?;
        let given = input.tags.clone().unwrap_or_default();
        let resource = match &row {
            Some(row) => here(cx)
                .1
                .task_definition(&row.family, row.revision)
                .to_string(),
            None => input.task_definition.clone(),
        };
        cx.authorize(
            Access::new(Self::ACTION, &resource)
                .with("ecs:cluster", &found.arn)
                .with_request_tags(tags::pairs(&given)),
        )?;
        let any_task = here(cx).1.task(&found.name, "*").to_string();
        tags::authorize(cx, &given, Self::NAME, &any_task)?;
        let cluster = found.kept(cx).await?;
        let row = usable(row)?;
        let wanted = merge(&row, &input)?;
        roles::authorize_passing_execution_role(cx, wanted.execution_role_arn.as_deref()).await?;
        roles::authorize_passing(cx, wanted.task_role_arn.as_deref()).await?;
        accept(cx, &cluster, &row, &wanted, &input).await
    }
}

/// What is left once the caller may: checks the call, and starts what it asks for unless it did so before.
pub(super) async fn accept(
    cx: &mut Cx,
    cluster: &ClusterRow,
    row: &TaskDefinitionRow,
    wanted: &Definition,
    input: &Input,
) -> Result<Output, Error> {
    check(wanted, input, &cx.world.settings.host)?;
    let request = fingerprint(input);
    if let Some(earlier) = earlier_call(cx, cluster, input, &request).await? {
        return Ok(earlier);
    }
    start(cx, cluster, row, wanted, input, request).await
}

pub(super) fn usable(row: Option<TaskDefinitionRow>) -> Result<TaskDefinitionRow, Error> {
    match row {
        None => Err(Error::Client("TaskDefinition not found.".to_owned())),
        Some(row) if row.status != cluster::ACTIVE => {
            Err(Error::Client("TaskDefinition is inactive".to_owned()))
        }
        Some(row) => Ok(row),
    }
}

/// The definition with the call's overrides.
pub(super) fn merge(row: &TaskDefinitionRow, input: &Input) -> Result<Definition, Error> {
    let definition = definition::read(row)?;
    let Some(changes) = &input.overrides else {
        return Ok(definition);
    };
    if to_json_string(changes).chars().count() > LONGEST_OVERRIDES {
        return Err(Error::InvalidParameter(OverrideError::TooLong.to_string()));
    }
    overrides::apply(definition, changes).map_err(|error| match error {
        OverrideError::NamesSecret(_) => Error::Client(error.to_string()),
        OverrideError::UnknownContainer(_) | OverrideError::TooLong => {
            Error::InvalidParameter(error.to_string())
        }
    })
}

fn check(wanted: &Definition, input: &Input, host: &HostAccess) -> Result<(), Error> {
    if !(1..=10).contains(&input.count.unwrap_or(1)) {
        return Err(Error::InvalidParameter(
            "Task count should be between 1 and 10.".to_owned(),
        ));
    }
    let group = input.group.as_deref().unwrap_or_default();
    if group.starts_with("family:") || group.starts_with("service:") {
        return Err(Error::InvalidParameter(
            "The prefixes family: and service: of a group are reserved.".to_owned(),
        ));
    }
    refusals::check_call(input).map_err(|e| Error::Client(e.to_string()))?;
    refusals::check_definition(wanted).map_err(|e| Error::Client(e.to_string()))?;
    check_host_access(wanted, host).map_err(|e| Error::Client(e.to_string()))
}

/// Refuses what the operator does not allow tasks to take of the host.
pub(super) fn check_host_access(
    wanted: &Definition,
    host: &HostAccess,
) -> Result<(), trust::NotAllowed> {
    let allowed = trust::Allowed {
        privileged: host.privileged,
        pid_host: host.pid_host,
        ipc_host: host.ipc_host,
        devices: host.devices,
        paths: &host.paths,
        own: &host.own,
    };
    trust::check(wanted, allowed, real_path)
}

/// The path with its links followed, as far as it exists.
fn real_path(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (existing.canonicalize(), path.strip_prefix(existing)) {
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path.to_owned()
}

/// What the call asks for, without the token that marks its repetitions.
fn fingerprint(input: &Input) -> String {
    let mut input = input.clone();
    input.client_token = None;
    crypto::sha256_hex(to_json_string(&input).as_bytes())
}

/// What an earlier call with the same token started.
async fn earlier_call(
    cx: &mut Cx,
    cluster: &ClusterRow,
    input: &Input,
    request: &str,
) -> Result<Option<Output>, Error> {
    let Some(token) = &input.client_token else {
        return Ok(None);
    };
    let rows = cx
        .db
        .tasks_of_client_token(&cluster.home, &cluster.name, token)
        .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    if task::details(first)?.request != request {
        return Err(Error::Conflict(
            "The clientToken was used before with other parameters.".to_owned(),
        ));
    }
    let tasks: Result<Vec<Task>, Fault> =
        rows.iter().map(|row| task::describe(row, true)).collect();
    Ok(Some(Output {
        tasks: Some(tasks?),
        failures: Some(Vec::new()),
    }))
}

async fn start(
    cx: &mut Cx,
    cluster: &ClusterRow,
    row: &TaskDefinitionRow,
    wanted: &Definition,
    input: &Input,
    request: String,
) -> Result<Output, Error> {
    let (home, place) = here(cx);
    let needs = Needs::of(wanted);
    let launch_type = input.launch_type.unwrap_or(LaunchType::Ec2);
    let executes = input.enable_execute_command == Some(true);
    let mut attributes = placement_attributes(wanted, launch_type, &place.account, &place.region);
    if executes {
        attributes.insert(EXECUTE_COMMAND.to_owned());
    }
    let overrides = input.overrides.clone().unwrap_or_default();
    let tags = task_tags(row, input)?;
    let world = cx.world.clone();
    let settings = &world.settings;
    let local = settings.agent_serves(&cluster.name);
    let mut instances = Instances::load(&mut cx.db, &home, &cluster.name, local).await?;

    let (mut tasks, mut failures) = (Vec::new(), Vec::<Failure>::new());
    for _ in 0..input.count.unwrap_or(1) {
        let (instance, architecture) = match instances.place(&needs, &attributes) {
            Spot::On { id, architecture } => (Some(id), architecture),
            Spot::Later => (None, None),
            Spot::NoInstances => {
                return Err(Error::InvalidParameter(
                    "No Container Instances were found in your cluster.".to_owned(),
                ));
            }
            Spot::Nowhere(reasons) => {
                failures.extend(reasons);
                continue;
            }
        };
        let id = cx.entropy().hex::<16>();
        // Whether a role in AWS can be assumed shows when its task starts.
        let execution_role = wanted.execution_role_arn.as_ref();
        let execution_role = execution_role.filter(|_| !settings.reads_from_aws(&home.account));
        let task_roles = [execution_role, wanted.task_role_arn.as_ref()];
        for role in task_roles.into_iter().flatten() {
            roles::check_trust(cx, role, &cluster.name, &id).await?;
        }
        let mut details = task::Details::new(&overrides, tags.clone(), &needs, request.clone());
        details.cpu_architecture = architecture;
        details.credentials = Some(cx.entropy().hex::<16>());
        details.execute_command = executes;
        if settings.reads_from_aws(&home.account) {
            details.secrets_from = settings.secrets_from.note().map(str::to_owned);
        }
        let new = NewTask {
            home: home.clone(),
            cluster: cluster.name.clone(),
            id,
            family: row.family.clone(),
            revision: row.revision,
            launch_type: launch_type.to_string(),
            group: group(row, input),
            started_by: input.started_by.clone(),
            client_token: input.client_token.clone(),
            details: details.to_json()?,
            created_at: cx.now(),
        };
        let mut progress = Progress::new(task::containers(wanted, cx.entropy()));
        if instance.is_some() {
            progress.place();
        }
        let state = task::state(progress, instance, task::Told::default())?;
        cx.db.insert_task(&new, &state).await?;
        let row = TaskRow {
            task: new,
            state,
            version: 1,
        };
        tasks.push(task::describe(&row, true)?);
    }
    cx.after_commit(|world| world.tasks_changed.notify_one());
    Ok(Output {
        tasks: Some(tasks),
        failures: Some(failures),
    })
}

fn group(row: &TaskDefinitionRow, input: &Input) -> String {
    let given = input.group.clone().filter(|g| !g.is_empty());
    given.unwrap_or_else(|| format!("family:{}", row.family))
}

/// The call's tags, and the definition's where they are to be propagated; the call's own win.
fn task_tags(row: &TaskDefinitionRow, input: &Input) -> Result<String, Error> {
    let mut all: Vec<Tag> = input.tags.clone().unwrap_or_default();
    match input.propagate_tags {
        Some(PropagateTags::TaskDefinition) => {
            for tag in tags::from_json(&row.tags)? {
                if !all.iter().any(|own| own.key == tag.key) {
                    all.push(tag);
                }
            }
        }
        Some(PropagateTags::Service) => {
            return Err(Error::InvalidParameter(
                "propagateTags SERVICE is not possible for a task without a service.".to_owned(),
            ));
        }
        Some(PropagateTags::None) | None => {}
    }
    Ok(tags::to_json(&all)?)
}
