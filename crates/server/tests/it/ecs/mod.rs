//! ECS over the wire, with an agent that the tests script.

mod account_settings;
mod agent;
mod clusters;
mod lifecycle;
mod sessions;
mod task_definitions;
mod tasks;
mod websockets;

use serde_json::{Value, json};
use testkit::{ACCOUNT, Caller, TestAws};

/// One call of the ECS API: its status and its answer.
async fn call(caller: &Caller, action: &str, input: &Value) -> (u16, Value) {
    let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
    let answer = caller.raw().json("ecs", &target, &input.to_string()).await;
    let body = serde_json::from_str(&answer.body).expect("an answer in JSON");
    (answer.status, body)
}

/// A call that is answered with its output.
async fn ok(caller: &Caller, action: &str, input: &Value) -> Value {
    let (status, body) = call(caller, action, input).await;
    assert_eq!(status, 200, "{action}: {body}");
    body
}

/// The error code and message of a call that is refused.
async fn refused(caller: &Caller, action: &str, input: &Value) -> (String, String) {
    let (status, body) = call(caller, action, input).await;
    assert_eq!(status, 400, "{action}: {body}");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let code = text("__type");
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    (code, text("message") + &text("Message"))
}

/// A role with this trust policy's principal, and no permissions.
async fn role(aws: &TestAws, name: &str, principal: &str) -> String {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
    );
    let parameters = [
        ("RoleName", name),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    let root = aws.root();
    let answer = root
        .raw()
        .query("iam", "2010-05-08", "CreateRole", &parameters);
    answer.await.success();
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A role that tasks may have.
async fn execution_role(aws: &TestAws) -> String {
    role(aws, "execution", r#"{"Service":"ecs-tasks.amazonaws.com"}"#).await
}

/// Registers a definition of one container `app`, changed by these members.
async fn register(aws: &TestAws, family: &str, of_container: &Value, of_task: &Value) -> Value {
    let definition = definition(family, of_container, of_task);
    ok(&aws.root(), "RegisterTaskDefinition", &definition).await["taskDefinition"].clone()
}

fn definition(family: &str, of_container: &Value, of_task: &Value) -> Value {
    let mut container = json!({"name": "app", "image": "busybox", "memory": 64});
    let mut task = json!({"family": family});
    merge(&mut container, of_container);
    merge(&mut task, of_task);
    task["containerDefinitions"] = json!([container]);
    task
}

fn merge(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}
