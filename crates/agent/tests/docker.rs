//! Tasks on a real Docker Engine, from payload to end. Set `SEALIFT_TEST_WITHOUT_DOCKER=1` where there is none.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which case ran may be printed"
)]

mod support;

use std::{sync::Arc, time::Duration};

use agent::{
    Agent, AgentConfig, AgentHandle, DockerRuntime,
    runtime::{ContainerRuntime as _, LogStream},
};
use ecs::acs;
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use support::{
    config, container,
    control_plane::{ControlPlane, Session},
    engine::{IMAGE, without_docker},
    eventually, secret,
    services::Services,
    task,
};

const SECRET: &str = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";

struct Host {
    services: Services,
    _plane: ControlPlane,
    docker: DockerRuntime,
    config: AgentConfig,
    agent: AgentHandle,
}

async fn start(answers: Value) -> (Host, Session) {
    let services = Services::start(answers).await;
    let config = config(&services.url);
    start_with(services, config).await
}

async fn start_with(services: Services, config: AgentConfig) -> (Host, Session) {
    let docker = DockerRuntime::connect().await.expect("a container engine");
    let mut plane = ControlPlane::new();
    let agent = Agent::start(
        config.clone(),
        Arc::new(docker.clone()),
        plane.connector.clone(),
    );
    let session = plane.session().await;
    let host = Host {
        services,
        _plane: plane,
        docker,
        config,
        agent,
    };
    (host, session)
}

impl Host {
    async fn stopped(&self, task: &acs::Task) -> Value {
        eventually("STOPPED", || self.services.stopped(&task.arn)).await
    }

    async fn running(&self, task: &acs::Task) -> Value {
        eventually("RUNNING", || {
            let mut reports = self.services.reports(&task.arn).into_iter();
            reports.find(|report| report["status"] == "RUNNING")
        })
        .await
    }

    async fn log(&self, id: &str) -> String {
        let chunks: Vec<_> = self.docker.logs(id).try_collect().await.unwrap();
        let stdout = chunks
            .iter()
            .filter(|chunk| chunk.stream == LogStream::Stdout);
        stdout
            .map(|chunk| String::from_utf8_lossy(&chunk.bytes))
            .collect()
    }

    /// Removes what the tasks left.
    async fn clean(self, tasks: &[&acs::Task]) {
        self.agent.shutdown().await.unwrap();
        for task in tasks {
            let label = [("com.amazonaws.ecs.task-arn", task.arn.as_str())];
            for container in self.docker.find(&label).await.unwrap() {
                self.docker.remove(&container.id).await.unwrap();
            }
            self.docker.remove_task_volumes(&task.arn).await.unwrap();
        }
    }
}

fn runtime_id(report: &Value) -> String {
    let containers = report["containers"].as_array().unwrap();
    containers.last().unwrap()["runtimeId"]
        .as_str()
        .unwrap()
        .into()
}

#[tokio::test]
async fn a_container_prints_the_values_of_its_secrets() {
    if without_docker() {
        return;
    }
    let (host, mut session) = start(json!({
        "asm": {SECRET: {"SecretString": "{\"user\":\"admin\"}"}},
        "ssm": {"parameters": {"/prod/api-key": {"Value": "p4ram value"}}},
    }))
    .await;
    let mut app = container("app", IMAGE, &["env"]);
    app.environment = [("PLAIN".to_owned(), "1".to_owned())].into();
    app.secrets = vec![
        secret("DB_USER", "asm", &format!("{SECRET}:user::")),
        secret("API_KEY", "ssm", "/prod/api-key"),
    ];
    let task = task(vec![app]);
    session.hand_over(vec![task.clone()]).await;

    let end = host.stopped(&task).await;
    assert_eq!(end["reason"], "");
    assert_eq!(end["containers"][0]["exitCode"], 0);
    let log = host.log(&runtime_id(&end)).await;
    for line in [
        "DB_USER=admin",
        "API_KEY=p4ram value",
        "PLAIN=1",
        "IMAGE_VAR=from-image",
        "AWS_REGION=us-west-2",
        "AWS_DEFAULT_REGION=us-west-2",
    ] {
        assert!(
            log.lines().any(|l| l == line),
            "{line} is missing in\n{log}"
        );
    }
    let statuses: Vec<_> = host.services.reports(&task.arn);
    let statuses: Vec<_> = statuses.iter().map(|r| r["status"].clone()).collect();
    assert_eq!(statuses, ["PENDING", "RUNNING", "STOPPED"]);
    for call in host.services.calls() {
        let as_role = matches!(call.action.as_str(), "GetSecretValue" | "GetParameters");
        let key = if as_role {
            "ASIAEXECUTIONROLE000"
        } else {
            "AKIAINSTANCEORACLE00"
        };
        assert_eq!(call.access_key_id, key, "{}", call.action);
    }
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn a_denied_secret_of_any_container_stops_the_task_before_that_container_starts() {
    if without_docker() {
        return;
    }
    let (host, mut session) = start(json!({"asm": {SECRET: {
        "error": [400, "AccessDeniedException", "not allowed"], "delay": 4,
    }}}))
    .await;
    let main = container("main", IMAGE, &["sleep", "60"]);
    let mut side = container("side", IMAGE, &["env"]);
    side.essential = false;
    side.secrets = vec![secret("V", "asm", SECRET)];
    let task = task(vec![main, side]);
    session.hand_over(vec![task.clone()]).await;

    let end = host.stopped(&task).await;
    let reason = end["reason"].as_str().unwrap();
    assert!(reason.starts_with(&format!("Secret {SECRET}: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ")), "{end}");
    let entries = end["containers"].as_array().unwrap();
    let entry = |name: &str| {
        let mut found = entries.iter().filter(|e| e["containerName"] == name);
        found.next_back().unwrap().clone()
    };
    assert_eq!(entry("main")["exitCode"], 137);
    assert_eq!(entry("side")["exitCode"], Value::Null);
    assert_eq!(entry("side")["runtimeId"], Value::Null);
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn a_new_agent_finds_the_containers_of_the_old_one() {
    if without_docker() {
        return;
    }
    let (host, mut session) = start(json!({"asm": {SECRET: {"SecretString": "v"}}})).await;
    let mut long = container("app", IMAGE, &["sleep", "4"]);
    long.command = Some(vec!["sh".into(), "-c".into(), "sleep 4; exit 7".into()]);
    long.secrets = vec![secret("V", "asm", SECRET)];
    let short = container("app", IMAGE, &["sh", "-c", "sleep 1; exit 5"]);
    let (long, short) = (task(vec![long]), task(vec![short]));
    session.hand_over(vec![long.clone(), short.clone()]).await;
    let id = runtime_id(&host.running(&long).await);
    host.running(&short).await;
    let Host {
        services,
        config,
        agent,
        ..
    } = host;
    agent.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let before = services.reports(&long.arn).len();

    let (host, mut session) = start_with(services, config).await;
    session.hand_over(vec![long.clone(), short.clone()]).await;
    let again = eventually("RUNNING again", || {
        host.services.reports(&long.arn).get(before).cloned()
    })
    .await;
    assert_eq!(
        (&again["status"], runtime_id(&again)),
        (&json!("RUNNING"), id)
    );
    assert_eq!(
        host.stopped(&short).await["containers"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["exitCode"],
        5
    );
    assert_eq!(host.stopped(&long).await["containers"][0]["exitCode"], 7);
    assert_eq!(host.services.bodies("GetSecretValue").len(), 1);
    host.clean(&[&long, &short]).await;
}

/// Runs one task to its end.
async fn run(answers: Value, task: &acs::Task) -> (Host, Value) {
    let (host, mut session) = start(answers).await;
    session.hand_over(vec![task.clone()]).await;
    let end = host.stopped(task).await;
    (host, end)
}

#[tokio::test]
async fn the_engines_text_never_carries_a_value() {
    if without_docker() {
        return;
    }
    let mut app = container("app", IMAGE, &["true"]);
    app.docker_config = Some(acs::DockerConfig {
        version: None,
        config: None,
        host_config: Some(r#"{"LogConfig":{"Type":"json-file","Config":{}}}"#.into()),
    });
    let mut option = secret("max-size", "asm", SECRET);
    (option.kind, option.target) = ("BOOTSTRAP".into(), "LOG_DRIVER".into());
    app.secrets = vec![option];
    let task = task(vec![app]);
    let (host, end) = run(
        json!({"asm": {SECRET: {"SecretString": "not a size"}}}),
        &task,
    )
    .await;
    assert_eq!(
        end["containers"][0]["reason"],
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: invalid size: '<value of max-size>'"
    );
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn published_ports_are_reported_and_containers_of_a_task_find_each_other() {
    if without_docker() {
        return;
    }
    let mut web = container(
        "web",
        IMAGE,
        &["sh", "-c", "echo hello > /tmp/x; httpd -f -p 8000 -h /tmp"],
    );
    web.port_mappings = vec![acs::PortMapping {
        container_port: Some(8000),
        ..acs::PortMapping::default()
    }];
    web.essential = false;
    let fetch =
        "for i in 1 2 3 4 5; do wget -q -O - http://www:8000/x && exit 0; sleep 1; done; exit 1";
    let mut client = container("client", IMAGE, &["sh", "-c", fetch]);
    client.links = vec!["web:www".into()];
    let task = task(vec![web, client]);
    let (host, end) = run(json!({}), &task).await;
    let reports = host.services.reports(&task.arn);
    let web = reports
        .iter()
        .flat_map(|report| report["containers"].as_array().unwrap())
        .find(|entry| entry["containerName"] == "web" && entry["status"] == "RUNNING")
        .unwrap();
    let binding = &web["networkBindings"][0];
    assert_eq!(
        (&binding["containerPort"], &binding["protocol"]),
        (&json!(8000), &json!("tcp"))
    );
    assert!(binding["hostPort"].as_i64().unwrap() > 0);
    let entries = end["containers"].as_array().unwrap();
    let client = entries
        .iter()
        .find(|e| e["containerName"] == "client")
        .unwrap();
    assert_eq!(client["exitCode"], 0, "{end}");
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn a_volume_of_the_task_passes_from_container_to_container() {
    if without_docker() {
        return;
    }
    let mount = |read_only| acs::MountPoint {
        source_volume: "scratch".into(),
        container_path: "/data".into(),
        read_only,
    };
    let mut writer = container("writer", IMAGE, &["sh", "-c", "echo kept > /data/file"]);
    writer.essential = false;
    writer.mount_points = vec![mount(false)];
    let mut reader = container("reader", IMAGE, &["cat", "/data/file"]);
    reader.mount_points = vec![mount(true)];
    reader.depends_on = vec![acs::Dependency {
        container_name: "writer".into(),
        condition: "SUCCESS".into(),
    }];
    let mut task = task(vec![writer, reader]);
    task.volumes = vec![acs::Volume {
        name: "scratch".into(),
        ..acs::Volume::default()
    }];
    let (host, end) = run(json!({}), &task).await;
    assert_eq!(host.log(&runtime_id(&end)).await, "kept\n");
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn a_stopped_task_gets_its_signal_and_time_to_end() {
    if without_docker() {
        return;
    }
    let (host, mut session) = start(json!({})).await;
    let trap = "trap 'exit 9' TERM; while true; do sleep 0.1; done";
    let polite = container("app", IMAGE, &["sh", "-c", trap]);
    let task = task(vec![polite]);
    session.hand_over(vec![task.clone()]).await;
    host.running(&task).await;
    let mut stop = task.clone();
    stop.desired_status = "STOPPED".into();
    session.hand_over(vec![stop]).await;
    let end = host.stopped(&task).await;
    assert_eq!(
        (&end["containers"][0]["exitCode"], &end["reason"]),
        (&json!(9), &json!(""))
    );
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_the_start() {
    if without_docker() {
        return;
    }
    let task = task(vec![container("app", IMAGE, &["/no/such/program"])]);
    let (host, end) = run(json!({}), &task).await;
    let reason = end["containers"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("CannotStartContainerError: Error response from daemon: "),
        "{reason}"
    );
    assert!(reason.contains("no such file or directory"), "{reason}");
    assert_eq!(end["containers"][0]["exitCode"], Value::Null);
    assert_eq!(host.services.reports(&task.arn).len(), 2);
    host.clean(&[&task]).await;
}

#[tokio::test]
async fn containers_of_stopped_tasks_are_removed_after_the_wait() {
    if without_docker() {
        return;
    }
    let services = Services::start(json!({})).await;
    let mut config = config(&services.url);
    config.ecs.engine_task_cleanup_wait_duration = Duration::from_secs(1);
    let (host, mut session) = start_with(services, config).await;
    let task = task(vec![container("app", IMAGE, &["true"])]);
    session.hand_over(vec![task.clone()]).await;
    let id = runtime_id(&host.stopped(&task).await);
    for _ in 0..100 {
        if host.docker.inspect(&id).await.unwrap().is_none() {
            return host.clean(&[&task]).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the container is still there");
}

#[tokio::test]
async fn a_restart_policy_starts_the_same_container_again_and_again() {
    if without_docker() {
        return;
    }
    let (host, mut session) = start(json!({})).await;
    let mut app = container("app", IMAGE, &["sh", "-c", "echo run; sleep 2; exit 1"]);
    app.restart_policy = Some(acs::RestartPolicy {
        enabled: true,
        ignored_exit_codes: vec![0],
        restart_attempt_period: Some(1),
    });
    let task = task(vec![app]);
    session.hand_over(vec![task.clone()]).await;
    let id = runtime_id(&host.running(&task).await);
    let label = [("com.amazonaws.ecs.task-arn", task.arn.as_str())];
    // Three runs of two seconds each.
    tokio::time::sleep(Duration::from_secs(7)).await;
    let found = host.docker.find(&label).await.unwrap();
    let ids: Vec<_> = found.iter().map(|container| container.id.clone()).collect();
    assert_eq!(ids, std::slice::from_ref(&id));
    assert!(host.services.stopped(&task.arn).is_none());
    let mut stop = task.clone();
    stop.desired_status = "STOPPED".into();
    session.hand_over(vec![stop]).await;
    host.stopped(&task).await;
    let runs = host.log(&id).await.lines().count();
    assert!((3..=5).contains(&runs), "{runs} runs");
    host.clean(&[&task]).await;
}
