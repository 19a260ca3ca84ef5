//! `SEALIFT_AGENT_WORDING=1.83`: the reasons in the words of older agents, for what the current ones were recorded with.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic"
)]

mod support;

use std::{sync::Arc, time::Duration};

use agent::{Agent, Wording};
use ecs::acs;
use serde_json::{Value, json};
use support::{
    config, container,
    control_plane::ControlPlane,
    eventually,
    memory_runtime::MemoryRuntime,
    registry_login, secret,
    services::{REQUEST_ID, Services},
    task,
};

const SECRET: &str = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";

/// The last report of a task of one container.
async fn end(answers: Value, app: acs::Container) -> Value {
    let services = Services::start(answers).await;
    let mut plane = ControlPlane::new();
    let mut config = config(&services.url);
    config.wording = Wording::V1_83;
    // The lookup fails here without that anything is said of it; it need not be repeated for half a minute.
    config.ecs.manifest_pull_timeout = Duration::from_millis(200);
    let runtime = Arc::new(MemoryRuntime::default());
    Agent::start(config, runtime, plane.connector.clone());
    let mut session = plane.session().await;
    let task = task(vec![app]);
    session.hand_over(vec![task.clone()]).await;
    eventually("STOPPED", || services.stopped(&task.arn)).await
}

async fn reason(answers: Value, provider: &str, value_from: &str) -> String {
    let mut app = container("app", "registry.test/app:1", &["true"]);
    app.secrets = vec![secret("V", provider, value_from)];
    let end = end(answers, app).await;
    end["reason"].as_str().unwrap().to_owned()
}

fn asm(answer: &Value) -> Value {
    json!({"asm": {SECRET: answer}})
}

fn error(status: u16, code: &str, message: &str) -> Value {
    json!({"error": [status, code, message]})
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_secrets_manager_name_region_and_secret_and_say_it_once() {
    let prefix = format!(
        "Fetching secret data from AWS Secrets Manager in region us-west-2: secret {SECRET}: "
    );
    let denied = "User: arn:aws:sts::111122223333:assumed-role/exec/0 is not authorized to perform: secretsmanager:GetSecretValue";
    for (answer, told) in [
        (
            error(400, "AccessDeniedException", denied),
            format!("AccessDeniedException: {denied} status code: 400, request id: {REQUEST_ID}"),
        ),
        (
            error(
                400,
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            ),
            format!(
                "ResourceNotFoundException: Secrets Manager can't find the specified secret. status code: 400, request id: {REQUEST_ID}"
            ),
        ),
        (
            error(400, "ThrottlingException", "Rate exceeded"),
            format!(
                "ThrottlingException: Rate exceeded status code: 400, request id: {REQUEST_ID}"
            ),
        ),
        (
            json!({"raw": [502, "<html>bad gateway</html>"]}),
            format!(
                "SerializationError: failed to unmarshal error message status code: 502, request id: {REQUEST_ID} caused by: UnmarshalError: failed decoding error message caused by: invalid character '<' looking for beginning of value"
            ),
        ),
    ] {
        assert_eq!(
            reason(asm(&answer), "asm", SECRET).await,
            prefix.clone() + &told
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_inside_a_value_name_the_region() {
    let key = format!("{SECRET}:k::");
    for (value, told) in [
        (
            "{}",
            "retrieved secret from Secrets Manager did not contain json key k",
        ),
        (
            "hello",
            "invalid character 'h' looking for beginning of value",
        ),
    ] {
        let answers = asm(&json!({"SecretString": value}));
        assert_eq!(
            reason(answers, "asm", &key).await,
            format!("Fetching secret data from AWS Secrets Manager in region us-west-2: {told}")
        );
    }
    let malformed = format!("{SECRET}:k");
    assert!(reason(json!({}), "asm", &malformed).await.starts_with(&format!(
        "Trying to retrieve secret with value {malformed} resulted in error: an invalid ARN format"
    )));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_parameter_store_and_of_logins_change_in_their_ends_alone() {
    let denied = json!({"ssm": {"call": error(400, "AccessDeniedException", "no")}});
    assert_eq!(
        reason(denied, "ssm", "db").await,
        format!(
            "Fetching secret data from SSM Parameter Store in us-west-2: AccessDeniedException: no status code: 400, request id: {REQUEST_ID}"
        )
    );
    assert_eq!(
        reason(json!({}), "ssm", "nope").await,
        "Fetching secret data from SSM Parameter Store in us-west-2: invalid parameters: nope"
    );
    let mut app = container("app", "registry.test/app:1", &["true"]);
    app.registry_authentication = Some(registry_login(SECRET, "us-west-2"));
    assert_eq!(
        end(asm(&error(400, "AccessDeniedException", "no")), app).await["reason"],
        format!(
            "Asm fetching secret from the service for {SECRET}: AccessDeniedException: no status code: 400, request id: {REQUEST_ID}"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_nowhere_fails_its_pull_and_no_lookup() {
    let app = container("app", "registry.test/missing:1", &["true"]);
    let end = end(json!({}), app).await;
    assert_eq!(
        end["containers"][0]["reason"],
        "CannotPullContainerError: manifest unknown"
    );
}
