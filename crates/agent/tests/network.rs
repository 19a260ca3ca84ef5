//! The network of an `awsvpc` task: the control plane hears when it is there, and when it is gone.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which case ran may be printed"
)]

mod support;

use std::{sync::Arc, time::Duration};

use agent::{Agent, AgentConfig, AgentHandle};
use ecs::acs::{ElasticNetworkInterface, Task};
use serde_json::{Value, json};
use support::{
    config, container,
    control_plane::{ControlPlane, Session},
    eventually,
    memory_runtime::MemoryRuntime,
    services::Services,
    task,
};

const ATTACHMENT: &str = "arn:aws:ecs:us-west-2:111122223333:attachment/0123";

/// An agent that has joined, and what it works with.
struct Joined {
    services: Services,
    config: AgentConfig,
    runtime: MemoryRuntime,
    agent: AgentHandle,
    session: Session,
}

impl Joined {
    async fn new() -> Self {
        let services = Services::start(json!({})).await;
        let config = config(&services.url);
        Self::with(services, config, MemoryRuntime::default()).await
    }

    async fn with(services: Services, config: AgentConfig, runtime: MemoryRuntime) -> Self {
        let mut plane = ControlPlane::new();
        let connector = plane.connector.clone();
        let agent = Agent::start(config.clone(), Arc::new(runtime.clone()), connector);
        let session = plane.session().await;
        Self {
            services,
            config,
            runtime,
            agent,
            session,
        }
    }

    /// Another process of the same agent.
    async fn restart(self) -> Self {
        self.agent.shutdown().await.unwrap();
        Self::with(self.services, self.config, self.runtime).await
    }

    /// Status and attachment of each report so far.
    fn told(&self, task: &Task) -> Vec<(String, Value)> {
        let reports = self.services.reports(&task.arn).into_iter();
        let told = reports.map(|report| {
            let status = report["status"].as_str().unwrap().to_owned();
            let attachments = report["attachments"].as_array();
            let status_of = |attachment: &Value| {
                assert_eq!(attachment["attachmentArn"], ATTACHMENT);
                attachment["status"].clone()
            };
            let attachment = attachments.and_then(|all| all.first()).map(status_of);
            (status, attachment.unwrap_or_default())
        });
        told.collect()
    }

    async fn wait_for(&self, task: &Task, status: &str, attachment: &str) {
        let wanted = (status.to_owned(), json!(attachment));
        eventually(&format!("{status} {attachment}"), || {
            self.told(task).contains(&wanted).then_some(())
        })
        .await;
    }
}

fn in_awsvpc(command: &[&str]) -> Task {
    Task {
        network_mode: Some("awsvpc".into()),
        elastic_network_interfaces: vec![ElasticNetworkInterface {
            attachment_arn: Some(ATTACHMENT.into()),
        }],
        ..task(vec![container("app", "registry.test/app:1", command)])
    }
}

fn stopped(task: &Task) -> Task {
    Task {
        desired_status: "STOPPED".into(),
        ..task.clone()
    }
}

#[tokio::test]
async fn the_network_is_told_of_when_it_is_there_and_after_the_containers_when_it_is_gone() {
    let mut joined = Joined::new().await;
    let task = in_awsvpc(&["sleep", "1"]);
    joined.session.hand_over(vec![task.clone()]).await;
    joined.wait_for(&task, "RUNNING", "ATTACHED").await;
    assert!(joined.runtime.holds_network(&task.arn));

    joined.runtime.refuse_removals(1);
    joined.wait_for(&task, "STOPPED", "ATTACHED").await;
    assert!(joined.runtime.holds_network(&task.arn));
    let before = joined.told(&task).len();
    joined.wait_for(&task, "STOPPED", "DETACHED").await;
    assert!(!joined.runtime.holds_network(&task.arn));
    assert_eq!(
        joined.told(&task).len(),
        before + 1,
        "{:?}",
        joined.told(&task)
    );
}

#[tokio::test]
async fn an_agent_that_ended_before_the_network_was_gone_takes_it_away_when_it_is_back() {
    let mut joined = Joined::new().await;
    let task = in_awsvpc(&["sleep", "1"]);
    joined.session.hand_over(vec![task.clone()]).await;
    joined.wait_for(&task, "RUNNING", "ATTACHED").await;
    // The engine does not get on until the agent has ended.
    joined.runtime.refuse_removals(1000);
    joined.wait_for(&task, "STOPPED", "ATTACHED").await;
    let mut joined = joined.restart().await;
    assert!(joined.runtime.holds_network(&task.arn));
    joined.runtime.refuse_removals(0);
    joined.session.hand_over(vec![stopped(&task)]).await;
    joined.wait_for(&task, "STOPPED", "DETACHED").await;
    assert!(!joined.runtime.holds_network(&task.arn));
}

#[tokio::test]
async fn an_agent_that_finds_nothing_of_a_task_says_that_its_network_is_gone() {
    let mut joined = Joined::new().await;
    let task = in_awsvpc(&["sleep", "60"]);
    joined.session.hand_over(vec![stopped(&task)]).await;
    joined.wait_for(&task, "STOPPED", "DETACHED").await;
    assert_eq!(
        joined.told(&task),
        [("STOPPED".to_owned(), json!("DETACHED"))]
    );
}

#[tokio::test]
async fn a_task_without_a_name_for_its_interface_is_told_of_once() {
    let mut joined = Joined::new().await;
    let mut task = in_awsvpc(&["sleep", "0.2"]);
    task.elastic_network_interfaces.clear();
    joined.session.hand_over(vec![task.clone()]).await;
    eventually("STOPPED", || joined.services.stopped(&task.arn)).await;
    assert!(
        !joined.runtime.holds_network(&task.arn),
        "it is gone by then"
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told = joined.told(&task);
    let ends = told.iter().filter(|(status, _)| status == "STOPPED");
    assert_eq!(ends.count(), 1, "{told:?}");
    assert!(
        told.iter().all(|(_, attachment)| attachment.is_null()),
        "{told:?}"
    );
}
