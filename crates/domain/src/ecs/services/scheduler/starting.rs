//! Tasks that the scheduler starts.

use std::collections::BTreeSet;

use api::ecs::{
    Failure, PlacementConstraintType, PropagateTags, Tag, create_service::Input, run_task,
};
use ecs::{
    service::{Service, Steps},
    task_definition::Definition,
};
use store::{
    Session,
    ecs::{ServiceRow, TaskDefinitionRow, TaskRow},
};
use types::Fault;

use crate::{
    World,
    ecs::{
        definition,
        making::{Blueprint, Made},
        run_task as running,
        scheduling::{Among, Instances},
        services::{Details, as_call, kept},
        tags, task,
    },
};

/// Starts what the steps say, and tells the service what came of it.
pub(super) async fn start(
    world: &World,
    db: &mut Session,
    (row, details): (&ServiceRow, &Details),
    service: &mut Service,
    steps: &Steps,
    living: &[TaskRow],
) -> Result<(), Fault> {
    let now = world.clock.now();
    let Some(primary) = service
        .primary()
        .filter(|_| !steps.start.is_empty())
        .cloned()
    else {
        return Ok(());
    };
    let (home, cluster) = (&row.key.home, &row.key.cluster);
    let stored = db
        .task_definition(home, &primary.family, primary.revision)
        .await?;
    let Some(stored) = stored else {
        service.could_not_launch("TaskDefinition not found.", now);
        return Ok(());
    };
    let input = kept::input(&primary.settings)?;
    let call = run_task::Input {
        started_by: Some(primary.id.clone()),
        ..as_call(&input)
    };
    let definition: Definition = definition::read(&stored)?;
    let launch = match running::decide(&definition, &call) {
        Ok(launch) => launch,
        Err(error) => {
            service.could_not_launch(&error.to_string(), now);
            return Ok(());
        }
    };
    let blueprint = Blueprint {
        home,
        cluster,
        row: &stored,
        definition: &definition,
        call: &call,
        launch: &launch,
        group: &row.key.group(),
        tags: &task_tags(row, details, &input, &stored)?,
        request: "",
        started_for: None,
    };
    let local = world.settings.agent_serves(cluster);
    let mut instances = Instances::load(db, home, cluster, local).await?;
    let mut taken = taken_instances(&input, living);
    let mut ids = Vec::new();
    let mut providers = providers_of(&primary.id, living)?;
    for start in &steps.start {
        let among = match (&start.on, &taken) {
            (Some(instance), _) => Among::One(instance),
            (None, Some(taken)) => Among::AllBut(taken),
            (None, None) => Among::All,
        };
        match blueprint
            .make(world, db, &mut instances, among, &mut providers)
            .await?
        {
            Made::Task(made) => {
                if let (Some(taken), Some(on)) = (&mut taken, made.state.container_instance) {
                    taken.insert(on);
                }
                ids.push(made.task.id);
            }
            Made::NoInstances => {
                service.found_no_place(&no_place(&[]), now);
                break;
            }
            Made::NoPlace(reasons) => {
                service.found_no_place(&no_place(&reasons), now);
                break;
            }
            Made::NoRole(refused) => {
                service.could_not_launch(&refused, now);
                break;
            }
        }
    }
    service.started(&ids, steps.replacing.min(ids.len()), now);
    Ok(())
}

/// The capacity providers of a deployment's tasks.
fn providers_of(deployment: &str, living: &[TaskRow]) -> Result<Vec<String>, Fault> {
    let mut providers = Vec::new();
    for row in living {
        if row.state.wanted && row.task.started_by.as_deref() == Some(deployment) {
            let details = task::details(row)?;
            providers.extend(details.elsewhere.capacity_provider().map(str::to_owned));
        }
    }
    Ok(providers)
}

/// Where each task is to be on an instance of its own: those that have one.
fn taken_instances(input: &Input, living: &[TaskRow]) -> Option<BTreeSet<String>> {
    let mut constraints = input.placement_constraints.iter().flatten();
    constraints
        .any(|c| c.type_ == Some(PlacementConstraintType::DistinctInstance))
        .then(|| {
            let on = living
                .iter()
                .map(|row| row.state.container_instance.clone());
            on.flatten().collect()
        })
}

/// Why a task found no place, in the words of ECS's service events.
fn no_place(reasons: &[Failure]) -> String {
    const WHY: &str = "no container instance met all of its requirements.";
    const MORE: &str =
        "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    let Some(closest) = reasons.first() else {
        return format!("{WHY} Reason: No Container Instances were found in your cluster. {MORE}");
    };
    let arn = closest.arn.as_deref().unwrap_or_default();
    let id = arn.rsplit('/').next().unwrap_or_default();
    let lack = match closest.reason.as_deref().unwrap_or_default() {
        "RESOURCE:CPU" => "has insufficient CPU units available".to_owned(),
        "RESOURCE:MEMORY" => "has insufficient memory available".to_owned(),
        "RESOURCE:PORTS" => "is already using a port required by your task".to_owned(),
        "ATTRIBUTE" => "is missing an attribute required by your task".to_owned(),
        other => format!("encountered error \"{other}\""),
    };
    format!("{WHY} The closest matching (container-instance {id}) {lack}. {MORE}")
}

/// The tags of the service's tasks, as JSON.
fn task_tags(
    row: &ServiceRow,
    details: &Details,
    input: &Input,
    stored: &TaskDefinitionRow,
) -> Result<String, Fault> {
    let mut all = match input.propagate_tags {
        Some(PropagateTags::TaskDefinition) => tags::from_json(&stored.tags)?,
        Some(PropagateTags::Service) => tags::from_json(&details.tags)?,
        Some(PropagateTags::None) | None => Vec::new(),
    };
    if input.enable_ecs_managed_tags == Some(true) {
        for (key, value) in [
            ("aws:ecs:clusterName", &row.key.cluster),
            ("aws:ecs:serviceName", &row.key.name),
        ] {
            all.push(Tag {
                key: Some(key.to_owned()),
                value: Some(value.clone()),
            });
        }
    }
    tags::to_json(&all)
}
