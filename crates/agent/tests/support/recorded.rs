//! The recorded rows: what was handed to the reference agent, what it did, and where ours does it.
//!
//! Every row is run by the agent's own code, from the payload to its reports: [`runs`] says on which container engine.
//! Where we choose to do something else, [`deviation`] says what, and `docs/compatibility.md` why.

use std::collections::BTreeMap;

use ecs::acs;
use serde_json::{Value, json};

use super::{container, registry_login, role, services::Services, task};

/// All rows.
pub fn all() -> Vec<Value> {
    let recorded = include_str!("../data/agent-recorded.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    recorded["cases"].as_array().unwrap().clone()
}

pub fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

/// The rows of a group that run there.
pub fn group(name: &str, place: Runs) -> Vec<Value> {
    let prefix = format!("{name}/");
    let mut rows = all();
    rows.retain(|row| id(row).starts_with(&prefix) && runs(id(row)) == place);
    assert!(!rows.is_empty());
    rows
}

/// Where a row is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// With containers that are only kept in memory: what is decided before an engine is asked.
    InMemory,
    /// On a real engine: what an engine, a registry or a collector has a say in.
    OnEngine,
}

pub fn runs(id: &str) -> Runs {
    match id {
        "log/firelens" | "log/denied" => Runs::InMemory,
        "value/130k"
        | "batch/asm-env-and-log"
        | "collision/docker-config-env"
        | "task/no-command"
        | "registry/wrong-password"
        | "registry/none" => Runs::OnEngine,
        _ if id.starts_with("log/") || id.starts_with("seed/") => Runs::OnEngine,
        _ => Runs::InMemory,
    }
}

/// What we do otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviation {
    /// The task is refused for this reason, where the reference agent sets an empty variable, crashes, or lets a value
    /// into a text.
    Refused(&'static str),
    /// The variable has this value, where the reference agent finds nothing or gives up.
    Found(&'static str),
    /// The container's reason is this one, without the value.
    Blanked(&'static str),
    /// The task ends for this reason, where the reference agent waits for ever.
    Ends(&'static str),
}

pub fn deviation(id: &str) -> Option<Deviation> {
    use Deviation::{Blanked, Ends, Found, Refused};
    Some(match id {
        "valueFrom/provider-unknown" => Refused(
            "Secret arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf: the provider vault is neither asm nor ssm",
        ),
        "value/nul" => Refused(
            "Secret arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf: the value contains a zero byte, which no environment variable or log option can hold",
        ),
        "value/binary" | "crash/binary-json-key" => Refused(
            "Secret arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf: the value is binary, and only text can be injected",
        ),
        "ssmError/vanished" => Refused(
            "Fetching secret data from SSM Parameter Store in us-west-2: the answer does not say anything about ghost",
        ),
        "ssmError/empty-object" => Refused(
            "Fetching secret data from SSM Parameter Store in us-west-2: the answer does not say anything about db",
        ),
        "valueFrom/ssm-arn-answer-name" | "task/late-execution-role" => Found("v"),
        "valueFrom/ssm-version" => Found("three"),
        "log/bad-value" => Blanked(
            "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: invalid size: '<value of max-size>'",
        ),
        "task/no-execution-role" => {
            Ends("ASM secret resource: unable to find execution role credentials")
        }
        _ => return None,
    })
}

/// What stands in the rows for addresses that differ from run to run.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Of the AWS services.
    pub services: String,
    /// Host and port of the registry that asks for a password.
    pub registry: String,
    pub collector: String,
}

impl Places {
    /// A recorded text as it is here.
    pub fn here(&self, recorded: &str) -> String {
        recorded
            .replace("http://endpoint.test", &self.services)
            .replace("http://collector.test", &self.collector)
            .replace("private-registry.test", &self.registry)
    }
}

/// The task of a row. Its containers have these images: those that ask for a password, and all others.
pub fn recorded_task(row: &Value, private: &str, other: &str, places: &Places) -> acs::Task {
    let containers = row["containers"].as_array().unwrap().iter();
    let containers = containers.map(|recorded| {
        let is_private = recorded["image"]
            .as_str()
            .unwrap_or_default()
            .starts_with("{private");
        recorded_container(recorded, if is_private { private } else { other }, places)
    });
    let mut task = task(containers.collect());
    if row["taskRole"] == true {
        task.role_credentials = Some(role());
    }
    if !row["executionRole"].is_null() {
        task.execution_role_credentials = None;
    }
    task
}

fn recorded_container(recorded: &Value, image: &str, places: &Places) -> acs::Container {
    let text = |name: &str| recorded[name].as_str().map(str::to_owned);
    let mut made = container(&text("name").unwrap(), image, &[]);
    made.command = serde_json::from_value(recorded["command"].clone()).unwrap_or_default();
    made.essential = recorded["essential"] != false;
    made.secrets = serde_json::from_value(recorded["secrets"].clone()).unwrap_or_default();
    made.environment = serde_json::from_value(recorded["environment"].clone()).unwrap_or_default();
    made.overrides = text("overrides").or(made.overrides);
    made.docker_config = docker_config(recorded, places);
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
        let region = recorded["registry"]["region"].as_str().unwrap();
        made.registry_authentication = Some(registry_login(parameter, region));
    }
    made
}

/// What the control plane says in Docker's own notation: the log driver, and in one row variables.
fn docker_config(recorded: &Value, places: &Places) -> Option<acs::DockerConfig> {
    let variables = recorded["dockerEnv"].as_array();
    let config = variables.map(|variables| json!({ "Env": variables }).to_string());
    let host = recorded["log"]["driver"].as_str().map(|driver| {
        let mut options = recorded["log"]["options"].clone();
        for option in options.as_object_mut().unwrap().values_mut() {
            if option == "{hec}" {
                *option = places.collector.as_str().into();
            }
        }
        json!({"LogConfig": {"Type": driver, "Config": options}}).to_string()
    });
    (config.is_some() || host.is_some()).then(|| acs::DockerConfig {
        config,
        host_config: host,
        ..acs::DockerConfig::default()
    })
}

/// The variables that a recorded container had, but for those that are the image's, and those of the metadata endpoint,
/// which these tests do not serve.
pub fn recorded_variables(row: &Value, recorded: &Value) -> BTreeMap<String, String> {
    let variables = recorded["env"].as_object().unwrap().iter();
    let mut variables: BTreeMap<String, String> = variables
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .filter(|(name, value)| {
            let of_metadata = value.contains("169.254.170.2") && value.ends_with("<id>");
            name != "PATH" && !of_metadata && (name != "IMAGE_VAR" || value != "from-image")
        })
        .collect();
    if let Some(Deviation::Found(value)) = deviation(id(row)) {
        variables.insert("V".into(), value.into());
    }
    variables
}

/// Whether a value is the recorded one; a long one is recorded by its length.
pub fn is_as_recorded(value: &str, recorded: &str) -> bool {
    let length = recorded
        .strip_prefix('<')
        .and_then(|text| text.split_once(" bytes"));
    match length {
        Some((length, _)) => value.len().to_string() == length,
        None => value == recorded,
    }
}

/// Compares the calls that were made for values: each once, in any order, in its region and signed for its service.
pub fn check_calls(row: &Value, services: &Services) {
    let recorded = row["outcome"]["calls"].as_array().unwrap().iter();
    let recorded = recorded.map(|call| {
        json!([
            call["action"],
            call["region"],
            call["signed_as"],
            sorted(&call["body"])
        ])
        .to_string()
    });
    let made = services.calls().into_iter();
    let made = made
        .filter(|call| matches!(call.action.as_str(), "GetSecretValue" | "GetParameters"))
        .map(|call| {
            json!([call.action, call.region, call.signed_as, sorted(&call.body)]).to_string()
        });
    let (mut made, mut recorded): (Vec<_>, Vec<_>) = (made.collect(), recorded.collect());
    made.sort();
    recorded.sort();
    if row["oneOf"] == true {
        // The first failure ends the task, and with it a call that was still to be made.
        let known = made.iter().all(|call| recorded.contains(call));
        assert!(known && !made.is_empty(), "{}: {made:?}", id(row));
    } else {
        assert_eq!(made, recorded, "{}", id(row));
    }
}

/// Members in alphabetical order, so that bodies compare as texts.
fn sorted(body: &Value) -> Value {
    let mut members: Vec<_> = body.as_object().unwrap().clone().into_iter().collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(members.into_iter().collect())
}

/// Compares the reason that the task ended with.
pub fn check_reason(row: &Value, reason: &str, places: &Places, task_arn: &str) {
    let id = id(row);
    let recorded = row["outcome"]["taskReason"].as_str().unwrap_or_default();
    let recorded = match recorded.split_once("taskArn: ") {
        Some((before, _)) => format!("{before}taskArn: {task_arn}"),
        None => places.here(recorded),
    };
    match deviation(id) {
        Some(Deviation::Refused(expected) | Deviation::Ends(expected)) => {
            assert_eq!(reason, expected, "{id}");
        }
        Some(Deviation::Found(_)) => assert_eq!(reason, "", "{id}"),
        _ if row["anyOrder"] == true => check_parts(id, reason, &recorded),
        _ if row["oneOf"] == true => check_one_of(id, reason, &recorded),
        _ => assert_eq!(reason, recorded, "{id}"),
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

/// Compares what was reported of the task and of each container, from the first report to the last. How changes gather in
/// reports is a matter of moments, and so is how far a task had come that a secret stopped: of such a one the last word
/// counts.
pub fn check_reports(row: &Value, reports: &[Value], places: &Places, digests: bool) {
    let recorded = row["outcome"]["stateChanges"].as_array().unwrap();
    let recorded: Vec<Value> = recorded
        .iter()
        .map(|change| change["body"].clone())
        .collect();
    let ran = |reports: &[Value]| reports.iter().any(|report| report["status"] == "RUNNING");
    match deviation(id(row)) {
        Some(Deviation::Refused(_) | Deviation::Ends(_)) => return check_unstarted(row, reports),
        // That one runs here, and there did not.
        Some(Deviation::Found(_)) if !ran(&recorded) => {
            return assert!(ran(reports), "{}", id(row));
        }
        _ => {}
    }
    let whole = ran(&recorded);
    assert_eq!(whole, ran(reports), "{}: {reports:?}", id(row));
    let recorded = match deviation(id(row)) {
        Some(Deviation::Blanked(reason)) => blanked(&recorded, reason),
        _ => recorded,
    };
    let mut expected = courses(&recorded, whole && digests, whole);
    let mut told = courses(reports, whole && digests, whole);
    expected.insert(String::new(), statuses(&recorded, whole));
    told.insert(String::new(), statuses(reports, whole));
    if whole && reports.iter().all(|report| report["status"] != "PENDING") {
        // It ran before the report of its digests had left, which then told of both.
        for course in expected.values_mut() {
            course.retain(|entry| entry["status"] != "PENDING");
        }
    }
    for name in neighbours(row) {
        // It may have been started before the failure came, or not.
        let unstarted = expected.get(name).and_then(|course| course.last());
        if !whole && unstarted.is_some_and(|last| last["runtimeId"] == false) {
            expected.remove(name);
            let last = told.remove(name).and_then(|course| course.last().cloned());
            assert_eq!(last.unwrap()["status"], "STOPPED", "{}: {name}", id(row));
        }
    }
    let print = |told| serde_json::to_string_pretty(&told).unwrap();
    assert_eq!(print(told), places.here(&print(expected)), "{}", id(row));
}

/// The containers of a row that need nothing that could fail to be read.
fn neighbours(row: &Value) -> impl Iterator<Item = &str> {
    let containers = row["containers"].as_array().unwrap().iter();
    containers
        .filter(|one| {
            one["secrets"].as_array().is_none_or(Vec::is_empty) && one["registry"].is_null()
        })
        .map(|one| one["name"].as_str().unwrap())
}

/// No container was made, and each is reported as stopped.
fn check_unstarted(row: &Value, reports: &[Value]) {
    for (name, course) in courses(reports, false, false) {
        let last = course.last().unwrap();
        let expected = json!({"status": "STOPPED", "exitCode": null, "reason": null, "runtimeId": false, "imageDigest": null});
        assert_eq!(last, &expected, "{}: {name}", id(row));
    }
    assert_eq!(reports.last().unwrap()["status"], "STOPPED", "{}", id(row));
}

fn blanked(recorded: &[Value], with: &str) -> Vec<Value> {
    let mut recorded = recorded.to_vec();
    for report in &mut recorded {
        for container in report["containers"].as_array_mut().into_iter().flatten() {
            if container["reason"].is_string() {
                container["reason"] = with.into();
            }
        }
    }
    recorded
}

/// The statuses of the task, each with the moments that came along.
fn statuses(reports: &[Value], whole: bool) -> Vec<Value> {
    let statuses = reports.iter().map(|report| {
        let has = |name: &str| !report[name].is_null();
        let pulled = whole && report["status"] != "PENDING";
        json!({
            "status": report["status"],
            "executionStoppedAt": has("executionStoppedAt"),
            "pulled": pulled.then(|| has("pullStartedAt") && has("pullStoppedAt")),
        })
    });
    course(statuses.collect(), whole)
}

/// What was said of each container.
fn courses(reports: &[Value], digests: bool, whole: bool) -> BTreeMap<String, Vec<Value>> {
    let mut said: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let all = reports
        .iter()
        .flat_map(|report| report["containers"].as_array().into_iter().flatten());
    for entry in all {
        let has = |name: &str| !entry[name].is_null();
        let raced = "TaskStoppedBeforePullBeginError";
        let reason = entry["reason"]
            .as_str()
            .filter(|reason| !reason.starts_with(raced));
        let stopped = entry["status"] == "STOPPED";
        said.entry(entry["containerName"].as_str().unwrap().to_owned())
            .or_default()
            .push(json!({
                "status": entry["status"],
                "exitCode": stopped.then(|| entry["exitCode"].clone()),
                "reason": reason,
                "runtimeId": has("runtimeId"),
                "imageDigest": digests.then(|| has("imageDigest")),
            }));
    }
    said.into_iter()
        .map(|(name, all)| (name, course(all, whole)))
        .collect()
}

/// Without repetitions; of what did not come to run, the last alone.
fn course(mut all: Vec<Value>, whole: bool) -> Vec<Value> {
    all.dedup();
    let skip = if whole {
        0
    } else {
        all.len().saturating_sub(1)
    };
    all.split_off(skip)
}
