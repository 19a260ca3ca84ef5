//! The recorded rows in which an engine, a registry or a collector has a say, on a real engine. Set
//! `SEALIFT_TEST_WITHOUT_DOCKER=1` where there is none.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which row ran may be printed"
)]

mod support;

use std::{collections::BTreeMap, process::Command, sync::Arc, time::Duration};

use agent::{Agent, DockerRuntime, runtime::ContainerRuntime as _};
use serde_json::Value;
use support::{
    collector::Collector,
    config,
    control_plane::ControlPlane,
    engine::{IMAGE, without_docker},
    eventually_within,
    recorded::{
        self, Places, Runs, check_calls, check_reason, check_reports, id, is_as_recorded,
        recorded_task, recorded_variables,
    },
    registry::Registry,
    services::Services,
};

/// The registry asks nine times for a manifest and five times for an image before a row with it ends.
const LONGEST: Duration = Duration::from_mins(3);

/// Runs a row to its end and compares.
async fn check(row: &Value, registry: Option<&Registry>) {
    let id = id(row);
    println!("{id}");
    let services = Services::start(row["answers"].clone()).await;
    let collector = Collector::start().await;
    let places = Places {
        services: services.url.clone(),
        registry: registry
            .map(|registry| registry.address.clone())
            .unwrap_or_default(),
        collector: collector.url.clone(),
    };
    let private = registry.map(Registry::image).unwrap_or_default();
    let mut task = recorded_task(row, &private, IMAGE, &places);
    for container in &mut task.containers {
        // The recorded image had a command of its own.
        container.command.get_or_insert_with(|| vec!["true".into()]);
    }
    let docker = DockerRuntime::connect().await.expect("a container engine");
    let mut plane = ControlPlane::new();
    let config = config(&services.url);
    let agent = Agent::start(config, Arc::new(docker.clone()), plane.connector.clone());
    let mut session = plane.session().await;
    session.hand_over(vec![task.clone()]).await;
    let end = eventually_within(LONGEST, id, || services.stopped(&task.arn)).await;

    check_reason(row, end["reason"].as_str().unwrap(), &places, &task.arn);
    check_reports(row, &services.reports(&task.arn), &places, false);
    check_calls(row, &services);
    let label = [("com.amazonaws.ecs.task-arn", task.arn.as_str())];
    let found = docker.find(&label).await.unwrap();
    let created: BTreeMap<_, _> = found
        .iter()
        .map(|one| {
            (
                one.labels["com.amazonaws.ecs.container-name"].clone(),
                inspect(&one.id),
            )
        })
        .collect();
    let recorded = row["outcome"]["containers"].as_object().unwrap();
    assert!(
        recorded.keys().eq(created.keys()),
        "{id}: {:?}",
        created.keys()
    );
    for (name, recorded) in recorded {
        check_container(row, &created[name], recorded, &places);
    }
    if let Some(call) = row["outcome"]["collector"].get(0) {
        let authorization = call["authorization"].as_str().unwrap();
        assert_eq!(collector.authorizations(), [authorization], "{id}");
    }
    agent.shutdown().await.unwrap();
    for one in found {
        docker.remove(&one.id).await.unwrap();
    }
}

fn inspect(id: &str) -> Value {
    let output = Command::new("docker")
        .args(["inspect", id])
        .output()
        .unwrap();
    serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
}

fn check_container(row: &Value, created: &Value, recorded: &Value, places: &Places) {
    let id = id(row);
    let variables = created["Config"]["Env"].as_array().unwrap().iter();
    let variables = variables.filter_map(|variable| variable.as_str()?.split_once('='));
    let mut variables: BTreeMap<_, _> = variables.collect();
    // The image's own.
    variables.remove("PATH");
    variables.remove("IMAGE_VAR");
    let expected = recorded_variables(row, recorded);
    assert!(
        variables.keys().eq(expected.keys()),
        "{id}: {:?}",
        variables.keys()
    );
    for (name, value) in variables {
        assert!(is_as_recorded(value, &expected[name]), "{id}: {name}");
    }
    let log = &created["HostConfig"]["LogConfig"];
    assert_eq!(log["Type"], recorded["logDriver"], "{id}");
    let options = log["Config"].as_object().into_iter().flatten();
    let options: BTreeMap<_, _> = options.collect();
    let recorded_options: Value =
        serde_json::from_str(&places.here(&recorded["logOptions"].to_string())).unwrap();
    let recorded_options = recorded_options.as_object().unwrap();
    assert_eq!(options, recorded_options.iter().collect(), "{id}");
    let labels = created["Config"]["Labels"].as_object().unwrap();
    for label in recorded["labels"].as_array().unwrap() {
        assert!(
            labels.contains_key(label.as_str().unwrap()),
            "{id}: {label}"
        );
    }
    let started = !created["State"]["StartedAt"]
        .as_str()
        .unwrap()
        .starts_with("0001-");
    assert_eq!(started, recorded["started"], "{id}");
}

/// All rows of a group, side by side.
async fn check_all(group: &str) {
    if without_docker() {
        return;
    }
    let rows = recorded::group(group, Runs::OnEngine);
    let asks = |row: &Value| row["containers"][0]["image"].is_string();
    let registry = rows.iter().any(asks).then(Registry::start).map(Arc::new);
    let mut running = tokio::task::JoinSet::new();
    for row in rows {
        let registry = registry.clone().filter(|_| asks(&row));
        running.spawn(async move { check(&row, registry.as_deref()).await });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_paths_go_as_recorded() {
    check_all("seed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_program_can_be_given_is_injected_as_recorded() {
    check_all("value").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_a_variable_and_a_log_option_is_read_once() {
    check_all("batch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_in_dockers_own_notation_replace_all_others_as_recorded() {
    check_all("collision").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_log_drivers_are_set_as_recorded() {
    check_all("log").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_that_refuse_are_told_as_recorded() {
    check_all("registry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_told_as_recorded() {
    check_all("task").await;
}
