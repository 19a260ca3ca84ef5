//! ECS: clusters, container instances, task definitions, tasks and services.
//!
//! An operation here only says what is wanted: rows. The [`agents`] half is what the server's sessions with agents work
//! with, and turns those rows into messages. What ECS accepts and how states follow each other is in the crate `ecs`.

mod account_settings;
pub mod agents;
mod capacity_providers;
mod cluster;
mod container_instance;
mod contents;
mod create_cluster;
mod create_service;
mod definition;
mod delete_account_setting;
mod delete_cluster;
mod delete_service;
mod deregister_task_definition;
mod describe_capacity_providers;
mod describe_clusters;
mod describe_container_instances;
mod describe_service_deployments;
mod describe_service_revisions;
mod describe_services;
mod describe_task_definition;
mod describe_tasks;
mod discover_poll_endpoint;
mod elsewhere;
pub mod execute_command;
pub mod holders;
mod list_account_settings;
mod list_clusters;
mod list_container_instances;
mod list_service_deployments;
mod list_services;
mod list_tags_for_resource;
mod list_task_definition_families;
mod list_task_definitions;
mod list_tasks;
mod making;
pub mod own_tasks;
mod page;
mod put_account_setting;
mod put_account_setting_default;
mod put_cluster_capacity_providers;
mod register_container_instance;
mod register_task_definition;
mod roles;
mod run_task;
mod scheduling;
pub mod services;
mod stop_service_deployment;
mod stop_task;
mod submit_container_state_change;
mod submit_task_state_change;
mod tag_resource;
mod tagged;
mod tags;
mod task;
mod untag_resource;
mod update_service;

use api::ecs::Failure;
use ecs::names::Place;
use store::ecs::Home;
use types::Fault;

use crate::{Cx, World};

/// How long a stopped task can still be described.
const STOPPED_TASKS_STAY_SECS: i64 = 2 * 60 * 60;

/// Forgets the tasks that stopped long enough ago.
pub async fn forget_stopped_tasks(world: &World) -> Result<(), Fault> {
    let before = world.clock.now().plus_secs(-STOPPED_TASKS_STAY_SECS);
    let mut db = world.store.write().await?;
    db.sweep_stopped_tasks(before).await?;
    db.commit().await
}

/// What a Describe call says of something that is not there.
fn missing(arn: String) -> Failure {
    Failure {
        arn: Some(arn),
        reason: Some("MISSING".to_owned()),
        ..Failure::default()
    }
}

/// Where the caller's resources are: for their rows, and for their ARNs.
fn here(cx: &Cx) -> (Home, Place) {
    let home = Home {
        account: cx.account().clone(),
        region: cx.region.clone(),
    };
    let place = place_of(&home);
    (home, place)
}

/// The same place, as names are made there.
fn place_of(home: &Home) -> Place {
    Place {
        account: home.account.clone(),
        region: home.region.clone(),
    }
}
