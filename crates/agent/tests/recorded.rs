//! What the reference agent was recorded doing, done by ours: the same answers of the services lead to the same
//! variables, log options, calls, reports and reasons. These rows need no engine; `recorded_engine.rs` has the others.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which row ran may be printed"
)]

mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use agent::Agent;
use ecs::acs;
use serde_json::Value;
use support::{
    config,
    control_plane::{ControlPlane, Session},
    eventually,
    memory_runtime::{Created, MemoryRuntime},
    recorded::{
        self, Deviation, Places, Runs, check_calls, check_reason, check_reports, deviation, id,
        is_as_recorded, recorded_task, recorded_variables,
    },
    role,
    services::Services,
};

struct Run {
    services: Services,
    runtime: MemoryRuntime,
    session: Session,
    _plane: ControlPlane,
}

async fn start(row: &Value) -> Run {
    let services = Services::start(row["answers"].clone()).await;
    let runtime = MemoryRuntime::default();
    let mut plane = ControlPlane::new();
    let mut config = config(&services.url);
    // There it was a minute.
    config.role_patience = Duration::from_secs(2);
    Agent::start(config, Arc::new(runtime.clone()), plane.connector.clone());
    let session = plane.session().await;
    Run {
        services,
        runtime,
        session,
        _plane: plane,
    }
}

/// Runs a row to its end and compares.
async fn check(row: &Value) {
    let id = id(row);
    println!("{id}");
    let mut run = start(row).await;
    let places = Places {
        services: run.services.url.clone(),
        ..Places::default()
    };
    let image = "registry.test/app:1";
    let task = recorded_task(row, image, image, &places);
    run.session.hand_over(vec![task.clone()]).await;
    meanwhile(row, &mut run.session, &task).await;
    let end = eventually(id, || run.services.stopped(&task.arn)).await;

    check_reason(row, end["reason"].as_str().unwrap(), &places, &task.arn);
    check_reports(row, &run.services.reports(&task.arn), &places, true);
    let refused = matches!(deviation(id), Some(Deviation::Refused(_)));
    if !refused && id != "task/late-execution-role" {
        check_calls(row, &run.services);
    }
    for (name, recorded) in row["outcome"]["containers"].as_object().unwrap() {
        if !refused {
            check_container(row, &run.runtime, &task, name, recorded);
        }
    }
    if id == "task/late-execution-role" {
        let app = run.runtime.container(&task.arn, "app").unwrap();
        assert_eq!(app.environment["V"], "v");
    }
}

/// What the control plane does while the task is under way.
async fn meanwhile(row: &Value, session: &mut Session, task: &acs::Task) {
    if let Some(seconds) = row["stopAfter"].as_f64() {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        let mut stop = task.clone();
        stop.desired_status = "STOPPED".into();
        session.hand_over(vec![stop]).await;
    }
    if row["executionRole"] == "late" {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let message = acs::IAMRoleCredentialsMessage {
            message_id: "late".into(),
            task_arn: task.arn.clone(),
            task_cluster_arn: None,
            role_type: acs::RoleType::TaskExecution,
            role_credentials: role(),
        };
        session.say(message).await;
    }
}

fn check_container(
    row: &Value,
    runtime: &MemoryRuntime,
    task: &acs::Task,
    name: &str,
    recorded: &Value,
) {
    let id = id(row);
    let created = runtime.container(&task.arn, name);
    let created = created.unwrap_or_else(|| panic!("{id}: {name} was not created"));
    let mut expected = recorded_variables(row, recorded);
    // No credentials are served in this test, so none are offered; tests/e2e/test_link_local.py has them.
    expected.remove("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let names: Vec<_> = created.environment.keys().collect();
    assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{id}");
    for (variable, value) in &created.environment {
        assert!(
            is_as_recorded(value, &expected[variable]),
            "{id}: {variable}={value}"
        );
    }
    check_logs(row, &created, task, recorded);
}

/// The options that the engine was given, beside those of the definition, and what a router mounts.
fn check_logs(row: &Value, created: &Created, task: &acs::Task, recorded: &Value) {
    let id = id(row);
    let named_alike = |text: &str| {
        let own = task.arn.rsplit('/').next().unwrap();
        let recorded = "7aea2cdf26b01869de9ac8299fe3e1e4";
        let data = std::env::temp_dir().join("sealift-agent-tests");
        text.replace("DATA/data", &data.display().to_string())
            .replace(recorded, own)
    };
    for (option, value) in &created.log_options {
        let expected = recorded["logOptions"][option].as_str().unwrap_or_default();
        assert_eq!(value, &named_alike(expected), "{id}: {option}");
    }
    if !created.log_driver.is_empty() {
        assert_eq!(created.log_driver, recorded["logDriver"], "{id}");
    }
    let binds = recorded["binds"].as_array().into_iter().flatten();
    let binds: Vec<String> = binds.map(|b| named_alike(b.as_str().unwrap())).collect();
    assert_eq!(created.binds, binds, "{id}");
}

/// All rows of a group, side by side: many of them wait for retries.
async fn check_all(group: &str) {
    let mut running = tokio::task::JoinSet::new();
    for row in recorded::group(group, Runs::InMemory) {
        running.spawn(async move { check(&row).await });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_read_as_recorded() {
    check_all("valueFrom").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_values_come_out_as_recorded() {
    check_all("jsonKey").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_injected_as_they_are() {
    check_all("value").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_the_reference_agent_ends_a_task() {
    check_all("crash").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_secrets_manager_are_told_as_recorded() {
    check_all("asmError").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_parameter_store_are_told_as_recorded() {
    check_all("ssmError").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_batched_as_recorded() {
    check_all("batch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_variables_of_one_name_the_recorded_one_wins() {
    check_all("collision").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routers_and_denied_options_go_as_recorded() {
    check_all("log").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registry_logins_are_read_as_recorded() {
    check_all("registry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_several_containers_go_as_recorded() {
    check_all("task").await;
}

/// The groups that the tests of this file and of `recorded_engine.rs` run.
const IN_MEMORY: [&str; 10] = [
    "valueFrom",
    "jsonKey",
    "value",
    "crash",
    "asmError",
    "ssmError",
    "batch",
    "collision",
    "log",
    "registry",
];

#[test]
fn every_row_is_run_somewhere() {
    let rows = recorded::all();
    assert_eq!(rows.len(), 161);
    let ids: BTreeSet<&str> = rows.iter().map(id).collect();
    assert_eq!(ids.len(), rows.len(), "every row has an id of its own");
    let engine = include_str!("recorded_engine.rs");
    for row in &rows {
        let group = id(row).split('/').next().unwrap();
        match recorded::runs(id(row)) {
            Runs::InMemory => assert!(group == "task" || IN_MEMORY.contains(&group), "{}", id(row)),
            Runs::OnEngine => assert!(
                engine.contains(&format!("check_all(\"{group}\")")),
                "{}",
                id(row)
            ),
        }
    }
}

#[test]
fn each_deviation_is_in_the_documentation_and_no_other() {
    let rows = recorded::all();
    let deviating = rows.iter().map(id).filter(|id| deviation(id).is_some());
    let page = include_str!("../../../docs/compatibility.md");
    let (_, section) = page
        .split_once("### Recorded rows")
        .expect("the section of the rows");
    let section = section.split("\n## ").next().unwrap();
    let documented = section.lines().filter_map(|line| {
        let (id, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some(id)
    });
    assert_eq!(
        documented.collect::<BTreeSet<_>>(),
        deviating.collect::<BTreeSet<_>>()
    );
}
