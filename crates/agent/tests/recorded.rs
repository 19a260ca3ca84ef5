//! What the reference agent was recorded doing, done by ours: the same answers of the services lead to the same
//! variables, log options, calls and reasons.
//!
//! The data names each case. Where we deliberately do something else, [`deviation`] says what.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which case ran may be printed"
)]

mod support;

use std::{sync::Arc, time::Duration};

use agent::Agent;
use ecs::acs;
use serde_json::{Value, json};
use support::{
    config, container,
    control_plane::{ControlPlane, Session},
    eventually,
    memory_runtime::{Created, MemoryRuntime},
    role,
    services::Services,
    task,
};

fn cases(group: &str) -> Vec<Value> {
    let recorded: Value = serde_json::from_str(include_str!("data/agent-recorded.json")).unwrap();
    let prefix = format!("{group}/");
    let cases = recorded["cases"].as_array().unwrap().iter();
    let found: Vec<_> = cases
        .filter(|case| case["id"].as_str().unwrap().starts_with(&prefix))
        .cloned()
        .collect();
    assert!(!found.is_empty());
    found
}

/// Where the reference agent sets an empty variable, crashes, or lets a value into a text, the task is refused.
fn deviation(id: &str) -> Option<&'static str> {
    Some(match id {
        "valueFrom/provider-unknown" => {
            "Secret arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf: the provider vault is neither asm nor ssm"
        }
        "value/nul" => {
            "Secret arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf: the value contains a zero byte, which no environment variable or log option can hold"
        }
        "value/binary" | "crash/binary-json-key" => {
            "Secret arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf: the value is binary, and only text can be injected"
        }
        "ssmError/vanished" => {
            "Fetching secret data from SSM Parameter Store in us-west-2: the answer does not say anything about ghost"
        }
        "ssmError/empty-object" => {
            "Fetching secret data from SSM Parameter Store in us-west-2: the answer does not say anything about db"
        }
        _ => return None,
    })
}

/// Names that are matched by ARN or by name and selector, where the reference agent finds nothing.
fn found_all_the_same(id: &str) -> Option<&'static str> {
    match id {
        "valueFrom/ssm-arn-answer-name" => Some("v"),
        "valueFrom/ssm-version" => Some("three"),
        _ => None,
    }
}

struct Run {
    services: Services,
    runtime: MemoryRuntime,
    session: Session,
    _plane: ControlPlane,
}

async fn start(case: &Value) -> Run {
    let services = Services::start(case["answers"].clone()).await;
    let runtime = MemoryRuntime::default();
    let mut plane = ControlPlane::new();
    Agent::start(
        config(&services.url),
        Arc::new(runtime.clone()),
        plane.connector.clone(),
    );
    let session = plane.session().await;
    Run {
        services,
        runtime,
        session,
        _plane: plane,
    }
}

fn recorded_task(case: &Value) -> acs::Task {
    let containers = case["containers"].as_array().unwrap().iter();
    let mut task = task(containers.map(recorded_container).collect());
    if case["taskRole"] == true {
        task.role_credentials = Some(role());
    }
    task
}

fn recorded_container(recorded: &Value) -> acs::Container {
    let text = |name: &str| recorded[name].as_str().map(str::to_owned);
    let mut made = container(&text("name").unwrap(), "registry.test/app:1", &[]);
    made.command = serde_json::from_value(recorded["command"].clone()).unwrap_or_default();
    made.essential = recorded["essential"] != false;
    made.secrets = serde_json::from_value(recorded["secrets"].clone()).unwrap_or_default();
    made.environment = serde_json::from_value(recorded["environment"].clone()).unwrap_or_default();
    made.overrides = text("overrides").or(made.overrides);
    if let Some(driver) = recorded["log"]["driver"].as_str() {
        let options = &recorded["log"]["options"];
        let host = json!({"LogConfig": {"Type": driver, "Config": options}});
        made.docker_config = Some(acs::DockerConfig {
            host_config: Some(host.to_string()),
            ..acs::DockerConfig::default()
        });
    }
    if let Some(kind) = recorded["firelens"]["type"].as_str() {
        made.firelens_configuration = Some(acs::FirelensConfiguration {
            kind: kind.into(),
            ..acs::FirelensConfiguration::default()
        });
    }
    if recorded["healthCheck"].is_object() {
        made.health_check_type = Some("docker".into());
    }
    for dependency in recorded["dependsOn"].as_array().into_iter().flatten() {
        made.depends_on.push(acs::Dependency {
            container_name: dependency[0].as_str().unwrap().into(),
            condition: dependency[1].as_str().unwrap().into(),
        });
    }
    if let Some(parameter) = recorded["registry"]["credentialsParameter"].as_str() {
        made.registry_authentication = Some(acs::RegistryAuthentication {
            kind: "asm".into(),
            asm_auth_data: Some(acs::AsmAuthData {
                credentials_parameter: parameter.into(),
                region: recorded["registry"]["region"].as_str().unwrap().into(),
            }),
            ecr_auth_data: None,
        });
    }
    made
}

/// Runs a case to its end and compares.
async fn check(case: &Value) {
    let id = case["id"].as_str().unwrap();
    println!("{id}");
    let mut run = start(case).await;
    let task = recorded_task(case);
    run.session.hand_over(vec![task.clone()]).await;
    if let Some(seconds) = case["stopAfter"].as_f64() {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        let mut stop = task.clone();
        stop.desired_status = "STOPPED".into();
        run.session.hand_over(vec![stop]).await;
    }
    let end = eventually(id, || run.services.stopped(&task.arn)).await;
    let reason = end["reason"].as_str().unwrap();
    let outcome = &case["outcome"];

    let expected = outcome["taskReason"].as_str().unwrap_or_default();
    let expected = named_as_here(expected, &run.services.url, &task.arn);
    match deviation(id) {
        Some(expected) => return assert_eq!(reason, expected, "{id}"),
        None if case["anyOrder"] == true => check_parts(id, reason, &expected),
        None if case["oneOf"] == true => check_one_of(id, reason, &expected),
        None => assert_eq!(reason, expected, "{id}"),
    }
    check_calls(case, &run.services);
    for (name, recorded) in outcome["containers"].as_object().unwrap() {
        check_container(case, &run.runtime, &task, name, recorded);
    }
    let entries = end["containers"].as_array().into_iter().flatten();
    for entry in entries {
        let name = entry["containerName"].as_str().unwrap();
        let recorded = &outcome["containerReasons"][name];
        let raced = "TaskStoppedBeforePullBeginError";
        if recorded
            .as_str()
            .is_some_and(|reason| !reason.starts_with(raced))
        {
            assert_eq!(&entry["reason"], recorded, "{id}");
        }
        let exit_code = &outcome["containers"][name]["exitCode"];
        if entry["status"] == "STOPPED" && !exit_code.is_null() {
            assert_eq!(&entry["exitCode"], exit_code, "{id}");
        }
    }
}

/// The address of the services is another one here, and so is the task.
fn named_as_here(recorded: &str, url: &str, task_arn: &str) -> String {
    match recorded.split_once("taskArn: ") {
        Some((before, _)) => format!("{before}taskArn: {task_arn}"),
        None => recorded.replace("http://endpoint.test", url),
    }
}

/// Several failures, in any order, cut at the limit.
fn check_parts(id: &str, reason: &str, recorded: &str) {
    assert_eq!(reason.len(), recorded.len().min(1024), "{id}: {reason}");
    let first = |text: &str| text.split(':').next().unwrap().to_owned();
    assert!(["Secret arn", "ResourceNotFoundException", "Retrieved secret from Secrets Manager did not contain json key a;retrieved secret from Secrets Manager did not contain json key b"].contains(&first(reason).as_str()), "{id}: {reason}");
}

/// One of two failures; which one is told first is chance.
fn check_one_of(id: &str, reason: &str, recorded: &str) {
    let others = [
        "Fetching secret data from SSM Parameter Store in us-west-2: invalid parameters: nope",
        "Fetching secret data from SSM Parameter Store in us-west-2: invalid parameters: p03",
    ];
    assert!(
        reason == recorded || others.contains(&reason),
        "{id}: {reason}"
    );
}

fn check_calls(case: &Value, services: &Services) {
    let (id, recorded) = (&case["id"], &case["outcome"]["calls"]);
    let printed = |calls: Vec<Value>| {
        let mut calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
        calls.sort();
        calls
    };
    let made = services.calls().into_iter();
    let made = made
        .filter(|call| matches!(call.action.as_str(), "GetSecretValue" | "GetParameters"))
        .map(|call| json!({"action": call.action, "body": sorted(&call.body), "region": call.region}))
        .collect();
    let recorded = recorded.as_array().unwrap().iter();
    let recorded = recorded
        .map(|call| json!({"action": call["action"], "body": sorted(&call["body"]), "region": call["region"]}))
        .collect();
    let (made, recorded) = (printed(made), printed(recorded));
    if case["oneOf"] == true {
        // The first failure ends the task, and with it a call that was still to be made.
        let known = made.iter().all(|call| recorded.contains(call));
        assert!(known && !made.is_empty(), "{id}: {made:?}");
    } else {
        assert_eq!(made, recorded, "{id}");
    }
}

/// Members in alphabetical order, so that bodies compare as texts.
fn sorted(body: &Value) -> Value {
    let mut members: Vec<_> = body.as_object().unwrap().clone().into_iter().collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(members.into_iter().collect())
}

fn check_container(
    case: &Value,
    runtime: &MemoryRuntime,
    task: &acs::Task,
    name: &str,
    recorded: &Value,
) {
    let id = case["id"].as_str().unwrap();
    let created = runtime.container(&task.arn, name);
    let created = created.unwrap_or_else(|| panic!("{id}: {name} was not created"));
    for (variable, value) in recorded["env"].as_object().unwrap() {
        // The image's own variables are the engine's; the credentials address is not offered yet.
        if ["PATH", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].contains(&variable.as_str())
            || (variable == "IMAGE_VAR" && value == "from-image")
        {
            continue;
        }
        let expected = found_all_the_same(id)
            .filter(|_| variable == "V")
            .map_or_else(|| value.clone(), Value::from);
        let injected = created
            .environment
            .get(variable)
            .cloned()
            .unwrap_or_default();
        let expected = expected.as_str().unwrap();
        // A long value is recorded by its length.
        match expected
            .strip_prefix('<')
            .and_then(|text| text.split_once(" bytes"))
        {
            Some((length, _)) => assert_eq!(injected.len().to_string(), length, "{id}"),
            None => assert_eq!(injected, expected, "{id}: {variable}"),
        }
    }
    check_logs(case, &created, task, recorded);
    let set_here = created.environment.len();
    let recorded_here = recorded["env"].as_object().unwrap().keys();
    let recorded_here = recorded_here
        .filter(|n| created.environment.contains_key(*n))
        .count();
    assert_eq!(
        set_here, recorded_here,
        "{id}: more variables than recorded"
    );
}

/// The options that the engine was given, beside those of the definition, and what a router mounts.
fn check_logs(case: &Value, created: &Created, task: &acs::Task, recorded: &Value) {
    let id = case["id"].as_str().unwrap();
    let named_alike = |text: &str| {
        let own = task.arn.rsplit('/').next().unwrap();
        let recorded = "7aea2cdf26b01869de9ac8299fe3e1e4";
        let data = std::env::temp_dir().join("sealift-agent-tests");
        text.replace("DATA/data", &data.display().to_string())
            .replace(recorded, own)
    };
    for (option, value) in &created.log_options {
        // An engine is given empty options, too, and does not set them.
        if value.is_empty() || recorded["logOptions"].is_null() {
            continue;
        }
        let expected = recorded["logOptions"][option].as_str().unwrap_or_default();
        // The later of two of one name wins.
        if id != "log/twice" && id != "log/no-driver" {
            assert_eq!(value, &named_alike(expected), "{id}: {option}");
        }
    }
    if !created.log_driver.is_empty() {
        assert_eq!(created.log_driver, recorded["logDriver"], "{id}");
    }
    let binds = recorded["binds"].as_array().into_iter().flatten();
    let binds: Vec<String> = binds.map(|b| named_alike(b.as_str().unwrap())).collect();
    assert_eq!(created.binds, binds, "{id}");
}

/// All cases of a group, some at a time: many of them wait for retries.
async fn check_all(cases: Vec<Value>) {
    let mut running = tokio::task::JoinSet::new();
    for case in cases {
        running.spawn(async move { check(&case).await });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_read_as_recorded() {
    check_all(cases("valueFrom")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_values_come_out_as_recorded() {
    check_all(cases("jsonKey")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_injected_as_they_are() {
    let mut cases = cases("value");
    // The kernel refuses so long a variable, which takes a container.
    cases.retain(|case| case["id"] != "value/130k");
    check_all(cases).await;
    check_all(self::cases("crash")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_secrets_manager_are_told_as_recorded() {
    check_all(cases("asmError")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_parameter_store_are_told_as_recorded() {
    check_all(cases("ssmError")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_batched_as_recorded() {
    let mut cases = cases("batch");
    cases.retain(|case| case["id"] != "batch/asm-env-and-log");
    check_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_variables_of_one_name_the_recorded_one_wins() {
    let mut cases = cases("collision");
    // Raw `Env` and unreadable overrides have tests of their own.
    cases.retain(|case| {
        let id = case["id"].as_str().unwrap();
        !id.contains("docker-config-env") && id != "collision/overrides-command"
    });
    check_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_log_drivers_are_set_as_recorded() {
    let mut cases = cases("log");
    // Those end with what an engine or a collector says.
    let with_an_engine = ["log/unknown-option", "log/bad-value", "log/splunk-refused"];
    cases.retain(|case| !with_an_engine.contains(&case["id"].as_str().unwrap()));
    check_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registry_logins_are_read_as_recorded() {
    let mut cases = cases("registry");
    // Those two end with what a registry says.
    cases.retain(|case| {
        !["registry/wrong-password", "registry/none"].contains(&case["id"].as_str().unwrap())
    });
    check_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_several_containers_go_as_recorded() {
    let mut cases = cases("task");
    // Waiting for credentials takes minutes there, and has a test of its own; a missing program takes an engine.
    let apart = [
        "task/no-execution-role",
        "task/late-execution-role",
        "task/no-command",
    ];
    cases.retain(|case| !apart.contains(&case["id"].as_str().unwrap()));
    check_all(cases).await;
}
