//! Services as their describing operations answer them.

use api::ecs::{
    Deployment, DeploymentController, DeploymentControllerType, DeploymentRolloutState, LaunchType,
    PropagateTags, SchedulingStrategy, Service, ServiceEvent, create_service::Input,
};
use ecs::{
    launch::{PLATFORM_FAMILY, PLATFORM_VERSION},
    service::{Strategy, Task},
    states::Status,
};
use store::{Session, ecs::ServiceRow};
use types::Fault;

use super::{kept, seen, shown};
use crate::ecs::{place_of, tags};

/// One service.
pub(in crate::ecs) async fn describe(
    db: &mut Session,
    row: &ServiceRow,
    with_tags: bool,
) -> Result<Service, Fault> {
    let (details, service) = kept::read(row)?;
    let input = details.input()?;
    let place = place_of(&row.key.home);
    let rows = db.tasks_of_service(&row.key).await?;
    let tasks: Result<Vec<Task>, Fault> = rows.iter().map(seen::task).collect();
    let tasks: Vec<Task> = tasks?.into_iter().filter(Task::is_living).collect();
    let instances = seen::instances(db, &row.key).await?;
    let population = service.population(&instances);
    let (running, pending) = counts(&tasks);
    let deployments: Result<Vec<Deployment>, Fault> = (0..)
        .zip(&service.deployments)
        .map(|(n, one)| describe_deployment(row, one, n == 0, population, &tasks))
        .collect();
    let task_definition = service
        .primary()
        .map(|d| place.task_definition(&d.family, d.revision).to_string())
        .or_else(|| input.task_definition.clone());
    let fargate = row.launch_type == LaunchType::Fargate.as_str();
    Ok(Service {
        service_arn: Some(place.service(&row.key.cluster, &row.key.name).to_string()),
        service_name: Some(row.key.name.clone()),
        cluster_arn: Some(place.cluster(&row.key.cluster).to_string()),
        load_balancers: Some(Vec::new()),
        service_registries: Some(Vec::new()),
        status: Some(row.status.clone()),
        desired_count: Some(number(population)),
        running_count: Some(running),
        pending_count: Some(pending),
        launch_type: row.launch_type.parse().ok(),
        platform_version: on_fargate(
            fargate,
            input.platform_version.as_deref().unwrap_or("LATEST"),
        ),
        platform_family: on_fargate(fargate, PLATFORM_FAMILY),
        task_definition,
        deployment_configuration: Some(shown(&input)),
        deployments: Some(deployments?),
        task_sets: Some(Vec::new()),
        events: Some(service.events.into_iter().map(describe_event).collect()),
        created_at: Some(row.created_at),
        created_by: Some(row.created_by.clone()),
        placement_constraints: Some(input.placement_constraints.clone().unwrap_or_default()),
        placement_strategy: Some(input.placement_strategy.clone().unwrap_or_default()),
        network_configuration: input.network_configuration.clone(),
        health_check_grace_period_seconds: input.health_check_grace_period_seconds,
        scheduling_strategy: Some(match service.strategy {
            Strategy::Replica => SchedulingStrategy::Replica,
            Strategy::Daemon => SchedulingStrategy::Daemon,
        }),
        deployment_controller: Some(DeploymentController {
            type_: DeploymentControllerType::Ecs,
        }),
        enable_ecs_managed_tags: Some(input.enable_ecs_managed_tags.unwrap_or(false)),
        propagate_tags: Some(input.propagate_tags.unwrap_or(PropagateTags::None)),
        enable_execute_command: Some(input.enable_execute_command.unwrap_or(false)),
        availability_zone_rebalancing: input.availability_zone_rebalancing,
        tags: if with_tags {
            Some(tags::from_json(&details.tags)?)
        } else {
            None
        },
        ..Service::default()
    })
}

/// Several services.
pub(in crate::ecs) async fn describe_many(
    db: &mut Session,
    rows: &[ServiceRow],
    with_tags: bool,
) -> Result<Vec<Service>, Fault> {
    let mut described = Vec::new();
    for row in rows {
        described.push(describe(db, row, with_tags).await?);
    }
    Ok(described)
}

fn describe_deployment(
    row: &ServiceRow,
    one: &ecs::service::Deployment,
    primary: bool,
    population: usize,
    tasks: &[Task],
) -> Result<Deployment, Fault> {
    let of_it: Vec<Task> = tasks
        .iter()
        .filter(|task| task.deployment == one.id)
        .cloned()
        .collect();
    let (running, pending) = counts(&of_it);
    // An earlier deployment wants no more than it still has.
    let desired = if primary {
        population
    } else {
        of_it.iter().filter(|task| task.wanted).count()
    };
    let input: Input = kept::input(&one.settings)?;
    let place = place_of(&row.key.home);
    let launch_type = input.launch_type.unwrap_or(LaunchType::Ec2);
    let fargate = launch_type == LaunchType::Fargate;
    Ok(Deployment {
        id: Some(one.id.clone()),
        status: Some(if primary { "PRIMARY" } else { "ACTIVE" }.to_owned()),
        task_definition: Some(place.task_definition(&one.family, one.revision).to_string()),
        desired_count: Some(number(desired)),
        running_count: Some(running),
        pending_count: Some(pending),
        failed_tasks: Some(number(one.failed_tasks)),
        created_at: Some(one.created_at),
        updated_at: Some(one.updated_at),
        launch_type: Some(launch_type),
        // AWS: a deployment tells the version that `LATEST` stood for.
        platform_version: on_fargate(fargate, PLATFORM_VERSION),
        platform_family: on_fargate(fargate, PLATFORM_FAMILY),
        network_configuration: input.network_configuration,
        rollout_state: one.rollout.as_str().parse::<DeploymentRolloutState>().ok(),
        rollout_state_reason: Some(one.reason.clone()),
        ..Deployment::default()
    })
}

/// A member that only Fargate's services have.
fn on_fargate(fargate: bool, value: &str) -> Option<String> {
    fargate.then(|| value.to_owned())
}

/// How many tasks run, and how many are about to. What is ending is neither.
fn counts(tasks: &[Task]) -> (i32, i32) {
    let wanted = || tasks.iter().filter(|task| task.wanted);
    let running = wanted()
        .filter(|task| task.status == Status::Running)
        .count();
    (number(running), number(wanted().count() - running))
}

fn describe_event(event: ecs::service::Event) -> ServiceEvent {
    ServiceEvent {
        id: Some(event.id),
        created_at: Some(event.at),
        message: Some(event.message),
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
