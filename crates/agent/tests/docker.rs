//! Tasks on a real Docker Engine, from payload to end. Set `SEALIFT_TEST_WITHOUT_DOCKER=1` where there is none.

mod support;

use std::{process::Command, sync::Arc, sync::OnceLock, time::Duration};

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
    eventually, secret,
    services::Services,
    task,
};

const IMAGE: &str = "sealift-agent-test:1";
const SECRET: &str = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";

/// Says why a test does nothing, where that is wanted; else an engine must be there.
fn without_docker() -> bool {
    let without = std::env::var_os("SEALIFT_TEST_WITHOUT_DOCKER").is_some_and(|v| v == "1");
    if without {
        println!("not tested: SEALIFT_TEST_WITHOUT_DOCKER=1");
    } else {
        import_image();
    }
    without
}

/// An image of busybox alone, made here so that no registry is needed.
fn import_image() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let script = r#"
            set -e
            dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
            mkdir -p "$dir/bin" "$dir/tmp"
            cp "$(command -v busybox)" "$dir/bin/busybox"
            for applet in sh env sleep cat echo true false test wget nc httpd mkdir; do
                ln -s busybox "$dir/bin/$applet"
            done
            tar -C "$dir" -c . | docker import -c 'ENV PATH=/bin' -c 'ENV IMAGE_VAR=from-image' - "$1"
        "#;
        let imported = Command::new("sh").args(["-c", script, "sh", IMAGE]).output();
        let imported = imported.expect("a shell");
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    });
}

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
        let stdout = chunks.iter().filter(|chunk| chunk.stream == LogStream::Stdout);
        stdout.map(|chunk| String::from_utf8_lossy(&chunk.bytes)).collect()
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
    containers.last().unwrap()["runtimeId"].as_str().unwrap().into()
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
        assert!(log.lines().any(|l| l == line), "{line} is missing in\n{log}");
    }
    let statuses: Vec<_> = host.services.reports(&task.arn);
    let statuses: Vec<_> = statuses.iter().map(|r| r["status"].clone()).collect();
    assert_eq!(statuses, ["PENDING", "RUNNING", "STOPPED"]);
    for call in host.services.calls() {
        let as_role = matches!(call.action.as_str(), "GetSecretValue" | "GetParameters");
        let key = if as_role { "ASIAEXECUTIONROLE000" } else { "AKIAINSTANCEORACLE00" };
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
        "error": [400, "AccessDeniedException", "not allowed"], "delay": 1.5,
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
    assert_eq!((&again["status"], runtime_id(&again)), (&json!("RUNNING"), id));
    assert_eq!(host.stopped(&short).await["containers"].as_array().unwrap().last().unwrap()["exitCode"], 5);
    assert_eq!(host.stopped(&long).await["containers"][0]["exitCode"], 7);
    assert_eq!(host.services.bodies("GetSecretValue").len(), 1);
    host.clean(&[&long, &short]).await;
}
