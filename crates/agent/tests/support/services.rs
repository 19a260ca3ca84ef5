//! The AWS services that an agent calls, answering from a script on a port of the loopback interface.
//!
//! The script has the form of the recorded cases: `{"asm": {"<SecretId>": <answer>}, "ssm": {"parameters": {"<name>":
//! <parameter>}, "call": [<answer of the whole call>]}}`. An answer is a value, `{"error": [status, code, message]}`,
//! `{"raw": [status, body]}`, either with a `delay` in seconds, `{"hang": seconds}`, or a list to be given one by one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

use super::INSTANCE_ARN;

pub const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// One call that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub action: String,
    pub region: String,
    /// The service in the signature's scope.
    pub signed_as: String,
    pub access_key_id: String,
    pub body: Value,
}

struct Script {
    answers: Value,
    given: Mutex<HashMap<String, usize>>,
    calls: Mutex<Vec<Call>>,
    /// Answers for `SubmitTaskStateChange` that come before success: `(status, code)`.
    submit_errors: Mutex<Vec<(u16, &'static str)>>,
    acs_endpoint: &'static str,
    /// Reads of secrets that are being answered, and the most that ever were at once.
    under_way: Mutex<(usize, usize)>,
}

/// The running services. They end with the test's runtime.
#[derive(Clone)]
pub struct Services {
    pub url: String,
    script: Arc<Script>,
}

impl Services {
    pub async fn start(answers: Value) -> Self {
        let script = Arc::new(Script {
            answers,
            given: Mutex::default(),
            calls: Mutex::default(),
            submit_errors: Mutex::default(),
            acs_endpoint: "http://acs.test/acs",
            under_way: Mutex::default(),
        });
        let app = Router::new()
            .route("/", post(respond))
            .with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script }
    }

    /// The next reports get these errors first.
    pub fn fail_reports(&self, errors: &[(u16, &'static str)]) {
        *self.script.submit_errors.lock().unwrap() = errors.to_vec();
    }

    pub fn calls(&self) -> Vec<Call> {
        self.script.calls.lock().unwrap().clone()
    }

    /// How many reads of secrets were under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.script.under_way.lock().unwrap().1
    }

    /// The bodies of all calls of one action.
    pub fn bodies(&self, action: &str) -> Vec<Value> {
        let calls = self.calls().into_iter();
        calls
            .filter(|call| call.action == action)
            .map(|call| call.body)
            .collect()
    }

    /// What was reported of a task, in order.
    pub fn reports(&self, task_arn: &str) -> Vec<Value> {
        let mut reports = self.bodies("SubmitTaskStateChange");
        reports.retain(|body| body["task"] == task_arn);
        reports
    }

    /// The report with which a task ended, if it has.
    pub fn stopped(&self, task_arn: &str) -> Option<Value> {
        let mut reports = self.reports(task_arn).into_iter();
        reports.find(|report| report["status"] == "STOPPED")
    }
}

async fn respond(State(script): State<Arc<Script>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let action = target.rsplit('.').next().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let authorization = headers["authorization"].to_str().unwrap();
    let (_, rest) = authorization.split_once("Credential=").unwrap();
    let scope: Vec<&str> = rest.split(',').next().unwrap().split('/').collect();
    let call = Call {
        action: action.clone(),
        access_key_id: scope[0].into(),
        region: scope[2].into(),
        signed_as: scope[3].into(),
        body: body.clone(),
    };
    let region = call.region.clone();
    script.calls.lock().unwrap().push(call);
    match action.as_str() {
        "RegisterContainerInstance" => success(json!({"containerInstance": {
            "containerInstanceArn": INSTANCE_ARN, "attributes": body["attributes"],
        }})),
        "DiscoverPollEndpoint" => success(json!({"endpoint": script.acs_endpoint})),
        "SubmitTaskStateChange" => {
            let mut errors = script.submit_errors.lock().unwrap();
            if errors.is_empty() {
                success(json!({"acknowledgment": "ok"}))
            } else {
                let (status, code) = errors.remove(0);
                error(status, code, "scripted")
            }
        }
        "GetSecretValue" | "GetParameters" => {
            {
                let mut under_way = script.under_way.lock().unwrap();
                under_way.0 += 1;
                under_way.1 = under_way.1.max(under_way.0);
            }
            let answer = read(&script, &action, &region, &body).await;
            script.under_way.lock().unwrap().0 -= 1;
            answer
        }
        other => error(400, "UnknownOperationException", other),
    }
}

async fn read(script: &Script, action: &str, region: &str, body: &Value) -> Response {
    if action == "GetParameters" {
        return get_parameters(script, region, body).await;
    }
    let id = body["SecretId"].as_str().unwrap();
    let answer = secret_answer(script, region, body, id);
    give(script, &format!("asm {id}"), answer).await
}

fn success(body: Value) -> Response {
    let Value::Object(members) = body else {
        panic!("an answer is an object");
    };
    answer(StatusCode::OK, serde_json::to_string(&members).unwrap())
}

fn error(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"__type": code, "message": message});
    answer(StatusCode::from_u16(status).unwrap(), body.to_string())
}

fn answer(status: StatusCode, body: String) -> Response {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amzn-requestid", REQUEST_ID),
    ];
    (status, headers, body).into_response()
}

/// The scripted answer for a secret: by version, by region, or plain.
fn secret_answer(script: &Script, region: &str, body: &Value, id: &str) -> Value {
    let asm = &script.answers["asm"];
    let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (stage, version) = (part("VersionStage"), part("VersionId"));
    for key in [
        format!("{region}|{id}"),
        format!("{id}|{stage}|{version}"),
        id.to_owned(),
    ] {
        if !asm[&key].is_null() {
            return asm[&key].clone();
        }
    }
    json!({"error": [400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."]})
}

/// Gives one scripted answer; of a list, the next, and its last for ever.
async fn give(script: &Script, key: &str, scripted: Value) -> Response {
    let scripted = match scripted {
        Value::Array(list) => {
            let mut given = script.given.lock().unwrap();
            let count = given.entry(key.to_owned()).or_default();
            let next = list[(*count).min(list.len() - 1)].clone();
            *count += 1;
            next
        }
        one => one,
    };
    for pause in ["delay", "hang"] {
        if let Some(seconds) = scripted[pause].as_f64() {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        }
    }
    if let Some(scripted) = scripted["error"].as_array() {
        let status = u16::try_from(scripted[0].as_u64().unwrap()).unwrap();
        return error(
            status,
            scripted[1].as_str().unwrap(),
            scripted[2].as_str().unwrap(),
        );
    }
    if let Some(raw) = scripted["raw"].as_array() {
        let status = u16::try_from(raw[0].as_u64().unwrap()).unwrap();
        return answer(
            StatusCode::from_u16(status).unwrap(),
            raw[1].as_str().unwrap().into(),
        );
    }
    success(expanded(scripted))
}

/// Long values are scripted as `{"repeat": "x", "times": 65536}`.
fn expanded(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        for value in members.values_mut() {
            if let (Some(text), Some(times)) = (value["repeat"].as_str(), value["times"].as_u64()) {
                *value = text.repeat(usize::try_from(times).unwrap()).into();
            }
        }
    }
    answer
}

async fn get_parameters(script: &Script, region: &str, body: &Value) -> Response {
    let ssm = &script.answers["ssm"];
    if let Some(call) = ssm.get("call") {
        return give(script, "ssm", call.clone()).await;
    }
    if let Some(seconds) = ssm["delay"].as_f64() {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }
    let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
    for name in body["Names"].as_array().unwrap() {
        let text = name.as_str().unwrap();
        let known = &ssm["parameters"];
        let by_region = &known[format!("{region}|{text}")];
        let found = if by_region.is_null() {
            &known[text]
        } else {
            by_region
        };
        match found {
            Value::Null => invalid.push(name.clone()),
            found => {
                let mut parameter = json!({"Name": text, "Type": "SecureString"});
                for (key, value) in found.as_object().unwrap() {
                    parameter[key] = value.clone();
                }
                if parameter["vanish"].is_null() {
                    parameters.push(expanded(parameter));
                }
            }
        }
    }
    success(json!({"Parameters": parameters, "InvalidParameters": invalid}))
}
