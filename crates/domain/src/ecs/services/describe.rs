//! Services as their describing operations answer them.

use api::ecs::{
    CapacityProviderStrategyItem, Deployment, DeploymentController, DeploymentControllerType,
    DeploymentRolloutState, LaunchType, PropagateTags, SchedulingStrategy, Service, ServiceEvent,
    create_service::Input,
};
use ecs::{
    launch::{PLATFORM_FAMILY, PLATFORM_VERSION},
    service::{Counts, Strategy, Task},
    states::Status,
};
use store::{Session, ecs::ServiceRow};
use types::Fault;

use super::{history, kept, seen, shown};
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
    let tasks = seen::living_tasks(db, &row.key).await?;
    let instances = seen::instances(db, &row.key).await?;
    let population = service.population(&instances);
    let running = wanted(&tasks).filter(|task| task.status == Status::Running);
    let (all, running) = (wanted(&tasks).count(), running.count());
    let deployments: Result<Vec<Deployment>, Fault> = (0..)
        .zip(&service.deployments)
        .map(|(n, one)| {
            let counts = service.counts(&one.id, &tasks, population);
            describe_deployment(row, one, n == 0, counts)
        })
        .collect();
    let task_definition = service
        .primary()
        .map(|d| place.task_definition(&d.family, d.revision).to_string())
        .or_else(|| input.task_definition.clone());
    let fargate = kept::is_fargate(&input);
    let (launch_type, strategy) = launched(&input);
    let attempt = service.attempt.as_ref();
    let attempt =
        attempt.map(|one| place.service_deployment(&row.key.cluster, &row.key.name, &one.id));
    let revisions = history::current_revisions(&row.key, &service, &tasks, population);
    Ok(Service {
        service_arn: Some(place.service(&row.key.cluster, &row.key.name).to_string()),
        service_name: Some(row.key.name.clone()),
        cluster_arn: Some(place.cluster(&row.key.cluster).to_string()),
        load_balancers: Some(Vec::new()),
        service_registries: Some(Vec::new()),
        status: Some(row.status.clone()),
        desired_count: Some(number(population)),
        running_count: Some(number(running)),
        pending_count: Some(number(all - running)),
        launch_type,
        capacity_provider_strategy: strategy,
        platform_version: on_fargate(
            fargate,
            input.platform_version.as_deref().unwrap_or("LATEST"),
        ),
        platform_family: on_fargate(fargate, PLATFORM_FAMILY),
        task_definition,
        deployment_configuration: Some(shown(&input)),
        deployments: Some(deployments?),
        current_service_deployment: attempt.map(|arn| arn.to_string()),
        current_service_revisions: Some(revisions),
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
    counts: Counts,
) -> Result<Deployment, Fault> {
    let input: Input = kept::input(&one.settings)?;
    let place = place_of(&row.key.home);
    let (launch_type, strategy) = launched(&input);
    let fargate = kept::is_fargate(&input);
    Ok(Deployment {
        id: Some(one.id.clone()),
        status: Some(if primary { "PRIMARY" } else { "ACTIVE" }.to_owned()),
        task_definition: Some(place.task_definition(&one.family, one.revision).to_string()),
        desired_count: Some(number(counts.requested)),
        running_count: Some(number(counts.running)),
        pending_count: Some(number(counts.pending)),
        failed_tasks: Some(number(one.failed_tasks)),
        created_at: Some(one.created_at),
        updated_at: Some(one.updated_at),
        launch_type,
        capacity_provider_strategy: strategy,
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

/// Either the launch type or the strategy that tasks are started by.
fn launched(
    input: &Input,
) -> (
    Option<LaunchType>,
    Option<Vec<CapacityProviderStrategyItem>>,
) {
    match &input.capacity_provider_strategy {
        Some(strategy) if !strategy.is_empty() => (None, Some(strategy.clone())),
        _ => (Some(input.launch_type.unwrap_or(LaunchType::Ec2)), None),
    }
}

/// The tasks that are to run on. What is ending neither runs nor is pending.
fn wanted(tasks: &[Task]) -> impl Iterator<Item = &Task> {
    tasks.iter().filter(|task| task.wanted)
}

fn describe_event(event: ecs::service::Event) -> ServiceEvent {
    ServiceEvent {
        id: Some(event.id),
        created_at: Some(event.at),
        message: Some(event.message),
    }
}

pub(super) fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
