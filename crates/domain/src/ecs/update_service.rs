//! `ecs:UpdateService`

use api::{
    Modeled,
    ecs::{
        Error, create_service,
        update_service::{Input, Output, UpdateService},
    },
};
use ecs::service::{Deployment, Service};

use super::{cluster, here, services};
use crate::{Access, Cx, Operation, World};

impl Operation for UpdateService {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = services::find(cx, input.cluster.as_deref(), &input.service).await?;
        let access = Access::new(Self::ACTION, &found.arn)
            .with("ecs:cluster", &found.cluster.arn)
            .with_some("ecs:task-definition", input.task_definition.clone());
        cx.authorize(access)?;
        let mut row = found.existing(cx).await?;
        if row.status != cluster::ACTIVE {
            return Err(Error::ServiceNotActive(
                "Service was not ACTIVE.".to_owned(),
            ));
        }
        let (mut details, mut service) = services::read(&row)?;
        let before = details.input()?;
        let mut wanted = merge(&before, &input);
        services::check_supported(&wanted)?;
        let (_, count) = services::checked_counts(&wanted)?;
        if let Some((family, revision)) = definition(cx, &input, &wanted).await? {
            let named = here(cx).1.task_definition(&family, revision);
            wanted.task_definition = Some(named.to_string());
        }
        details.set_input(&wanted);
        service.rules = services::rules(&wanted, cx.world.settings.healthy_after_secs);
        service.scale(count);
        row.launch_type = services::launch_type(&wanted).to_string();
        if input.force_new_deployment == Some(true) || needs_new_tasks(&before, &wanted) {
            deploy(cx, &mut service, &wanted, details.settings())?;
        }
        services::save(cx, &mut row, &details, &mut service).await?;
        cx.after_commit(World::tasks_have_changed);
        Ok(Output {
            service: Some(services::describe(&mut cx.db, &row, true).await?),
        })
    }
}

/// What the service is asked for from here on: what the update does not mention stays.
fn merge(before: &create_service::Input, update: &Input) -> create_service::Input {
    let mut wanted = before.clone();
    macro_rules! take {
        ($($field:ident),*) => {$(
            if update.$field.is_some() {
                wanted.$field.clone_from(&update.$field);
            }
        )*};
    }
    take!(
        desired_count,
        task_definition,
        capacity_provider_strategy,
        availability_zone_rebalancing,
        network_configuration,
        placement_constraints,
        placement_strategy,
        platform_version,
        health_check_grace_period_seconds,
        deployment_controller,
        enable_execute_command,
        enable_ecs_managed_tags,
        load_balancers,
        propagate_tags,
        service_registries,
        service_connect_configuration,
        volume_configurations,
        vpc_lattice_configurations
    );
    // AWS: a strategy takes the place of the launch type, and an empty one gives it back.
    match update.capacity_provider_strategy.as_deref() {
        Some([]) => wanted.launch_type = Some(services::launch_type(before)),
        Some(_) => wanted.launch_type = None,
        None => {}
    }
    // AWS: what the configuration leaves out stays too.
    if let Some(given) = &update.deployment_configuration {
        let mut merged = before.deployment_configuration.clone().unwrap_or_default();
        macro_rules! take_part {
            ($($field:ident),*) => {$(
                if given.$field.is_some() {
                    merged.$field.clone_from(&given.$field);
                }
            )*};
        }
        take_part!(
            deployment_circuit_breaker,
            maximum_percent,
            minimum_healthy_percent,
            alarms,
            strategy,
            bake_time_in_minutes,
            lifecycle_hooks,
            linear_configuration,
            canary_configuration
        );
        wanted.deployment_configuration = Some(merged);
    }
    wanted
}

/// The task definition that the call names, checked for the caller; with it, everything else that tasks are started with.
async fn definition(
    cx: &mut Cx,
    input: &Input,
    wanted: &create_service::Input,
) -> Result<Option<(String, i64)>, Error> {
    if input.task_definition.is_none() {
        return Ok(None);
    }
    let revision = services::revision(cx, wanted).await?;
    Ok(Some((revision.family, revision.revision)))
}

/// Whether only new tasks can be as the service now wants them.
fn needs_new_tasks(before: &create_service::Input, wanted: &create_service::Input) -> bool {
    // AWS: what concerns tags and ExecuteCommand waits for the next deployment.
    before.task_definition != wanted.task_definition
        || before.network_configuration != wanted.network_configuration
        || before.platform_version != wanted.platform_version
        || before.placement_constraints != wanted.placement_constraints
        || before.placement_strategy != wanted.placement_strategy
}

fn deploy(
    cx: &mut Cx,
    service: &mut Service,
    wanted: &create_service::Input,
    settings: String,
) -> Result<(), Error> {
    let named = wanted.task_definition.as_deref().unwrap_or_default();
    let (family, revision) = here(cx)
        .1
        .family_and_revision(named)
        .map_err(|_| Error::Client("TaskDefinition not found.".to_owned()))?;
    let revision = revision.unwrap_or_default();
    let id = services::new_deployment_id(cx.entropy());
    service.deploy(Deployment::new(id, &family, revision, settings, cx.now()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use api::ecs::LaunchType;

    use super::*;

    #[test]
    fn every_member_of_an_update_is_one_that_a_service_is_created_with() {
        let known: BTreeSet<&str> = create_service::Input::MEMBERS.iter().copied().collect();
        let own = ["service", "forceNewDeployment"];
        let new: Vec<_> = Input::MEMBERS
            .iter()
            .filter(|member| !known.contains(*member) && !own.contains(member))
            .collect();
        assert_eq!(new, [&""; 0], "what becomes of it?");
    }

    #[test]
    fn a_strategy_takes_the_launch_type_s_place_and_gives_it_back() {
        let before = create_service::Input {
            launch_type: Some(LaunchType::Fargate),
            ..create_service::Input::default()
        };
        let item = api::ecs::CapacityProviderStrategyItem {
            capacity_provider: "FARGATE_SPOT".to_owned(),
            ..api::ecs::CapacityProviderStrategyItem::default()
        };
        let update = |strategy| Input {
            capacity_provider_strategy: Some(strategy),
            ..Input::default()
        };
        let by_strategy = merge(&before, &update(vec![item]));
        assert_eq!(by_strategy.launch_type, None);
        assert_eq!(services::launch_type(&by_strategy), LaunchType::Fargate);
        let back = merge(&by_strategy, &update(Vec::new()));
        assert_eq!(back.launch_type, Some(LaunchType::Fargate));
    }
}
