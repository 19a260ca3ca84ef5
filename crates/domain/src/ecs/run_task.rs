//! `ecs:RunTask`

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use api::{
    Modeled,
    codec::to_json_string,
    ecs::{
        Error, Failure, PlacementConstraintType, PropagateTags, Tag, Task,
        run_task::{Input, Output, RunTask},
    },
};
use ecs::{
    launch::{self, Launch, LaunchError},
    overrides::{self, LONGEST_OVERRIDES, OverrideError},
    refusals,
    task_definition::{Definition, validate_sizes},
    trust,
};
use store::ecs::{ClusterRow, TaskDefinitionRow};
use types::Fault;

use super::{
    account_settings, capacity_providers, cluster, definition, elsewhere, here,
    making::{Blueprint, Made},
    roles,
    scheduling::{Among, Instances},
    tags, task,
};
use crate::{Access, Cx, HostAccess, Operation, World};

const LONGEST_STARTED_BY: usize = 128;
const LONGEST_CLIENT_TOKEN: usize = 64;

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
    let request = fingerprint(input);
    let mut input = input.clone();
    capacity_providers::use_default(
        cluster,
        input.launch_type,
        &mut input.capacity_provider_strategy,
    )?;
    let input = &input;
    let launch = check(wanted, input, &cx.world.settings.host)?;
    if let Some(earlier) = earlier_call(cx, cluster, input, &request).await? {
        return Ok(earlier);
    }
    start(cx, cluster, row, wanted, input, &launch, request).await
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
        OverrideError::NamesSecret(_) | OverrideError::EnvironmentFiles(_) => {
            Error::Client(error.to_string())
        }
        OverrideError::UnknownContainer(_) | OverrideError::TooLong => {
            Error::InvalidParameter(error.to_string())
        }
    })
}

fn check(wanted: &Definition, input: &Input, host: &HostAccess) -> Result<Launch, Error> {
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
    check_texts(input)?;
    let launch = check_supported(wanted, input, host)?;
    if input.overrides.is_some() {
        // AWS: what a definition must keep at registration, it must keep with its overrides too.
        let sizes = validate_sizes(wanted, launch.is_fargate());
        sizes.map_err(|invalid| Error::InvalidParameter(invalid.to_string()))?;
    }
    Ok(launch)
}

/// AWS: the documents name these limits; the texts are ours. That `startedBy` has other characters than letters, numbers,
/// hyphens, slashes and underscores is common, and accepted.
fn check_texts(input: &Input) -> Result<(), Error> {
    for (what, text, longest) in [
        ("startedBy", &input.started_by, LONGEST_STARTED_BY),
        ("clientToken", &input.client_token, LONGEST_CLIENT_TOKEN),
    ] {
        let length = text.iter().flat_map(|text| text.chars()).count();
        if length > longest {
            return Err(Error::InvalidParameter(format!(
                "{what} must be at most {longest} characters long."
            )));
        }
    }
    Ok(())
}

/// Refuses what sealift does not do, and what the operator does not allow; says how the rest is launched.
pub(super) fn check_supported(
    wanted: &Definition,
    input: &Input,
    host: &HostAccess,
) -> Result<Launch, Error> {
    refusals::check_call(input).map_err(|e| Error::Client(e.to_string()))?;
    refusals::check_definition(wanted).map_err(|e| Error::Client(e.to_string()))?;
    check_host_access(wanted, host).map_err(|e| Error::Client(e.to_string()))?;
    decide(wanted, input).map_err(|error| launch_error(&error))
}

/// Under which launch type the call's tasks run, and in which network.
pub(super) fn decide(wanted: &Definition, input: &Input) -> Result<Launch, LaunchError> {
    let any = |count: usize| count > 0;
    let wish = launch::Wanted {
        launch_type: input.launch_type,
        capacity_provider_strategy: input
            .capacity_provider_strategy
            .as_deref()
            .unwrap_or_default(),
        platform_version: input.platform_version.as_deref(),
        network_configuration: input.network_configuration.as_ref(),
        has_placement_constraints: any(input.placement_constraints.iter().flatten().count()),
        has_placement_strategy: any(input.placement_strategy.iter().flatten().count()),
    };
    Launch::decide(wanted, &wish)
}

/// The refusal in the API's terms.
pub(super) fn launch_error(error: &LaunchError) -> Error {
    let text = error.to_string();
    match error {
        LaunchError::Invalid(_) => Error::InvalidParameter(text),
        LaunchError::UnknownPlatform => Error::PlatformUnknown(text),
        LaunchError::NotSupported(_) => Error::Client(text),
    }
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
        network_host: host.network_host,
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
    launch: &Launch,
    request: String,
) -> Result<Output, Error> {
    let world = Arc::clone(&cx.world);
    let home = here(cx).0;
    let blueprint = Blueprint {
        home: &home,
        cluster: &cluster.name,
        row,
        definition: wanted,
        call: input,
        launch,
        group: &group(row, input),
        tags: &task_tags(row, input, &cluster.name)?,
        request: &request,
        started_for: Some(&account_settings::of_caller(cx)),
    };
    let local = world.settings.agent_serves(&cluster.name);
    let mut instances = Instances::load(&mut cx.db, &home, &cluster.name, local).await?;

    let (mut tasks, mut failures) = (Vec::new(), Vec::<Failure>::new());
    let mut taken = BTreeSet::new();
    let mut providers = Vec::new();
    for _ in 0..input.count.unwrap_or(1) {
        let among = if wants_distinct_instances(input) {
            Among::AllBut(&taken)
        } else {
            Among::All
        };
        let made = blueprint.make(&world, &mut cx.db, &mut instances, among, &mut providers);
        match made.await? {
            Made::Task(row) => {
                tasks.push(task::describe(&row, true)?);
                taken.extend(row.state.container_instance);
            }
            Made::NoPlace(_) if launch.is_fargate() => failures.push(elsewhere::no_capacity()),
            Made::NoPlace(reasons) => failures.extend(reasons),
            Made::NoInstances => {
                return Err(Error::InvalidParameter(
                    "No Container Instances were found in your cluster.".to_owned(),
                ));
            }
            Made::NoRole(refused) => return Err(Error::Client(refused)),
        }
    }
    cx.after_commit(World::tasks_have_changed);
    Ok(Output {
        tasks: Some(tasks),
        failures: Some(failures),
    })
}

fn wants_distinct_instances(input: &Input) -> bool {
    let mut constraints = input.placement_constraints.iter().flatten();
    constraints.any(|c| c.type_ == Some(PlacementConstraintType::DistinctInstance))
}

fn group(row: &TaskDefinitionRow, input: &Input) -> String {
    let given = input.group.clone().filter(|g| !g.is_empty());
    given.unwrap_or_else(|| format!("family:{}", row.family))
}

/// The call's tags, and the definition's where they are to be propagated; the call's own win.
fn task_tags(row: &TaskDefinitionRow, input: &Input, cluster: &str) -> Result<String, Error> {
    let mut all: Vec<Tag> = input.tags.clone().unwrap_or_default();
    if input.enable_ecs_managed_tags == Some(true) {
        all.push(Tag {
            key: Some("aws:ecs:clusterName".to_owned()),
            value: Some(cluster.to_owned()),
        });
    }
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
