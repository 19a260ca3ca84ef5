//! What every container runtime keeps to, whatever engine is behind it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which case ran may be printed"
)]

mod support;

use std::{collections::BTreeMap, time::Duration};

use agent::runtime::{ContainerRuntime, LogStream, NewContainer, Phase, TaskLimits};
use ecs::acs;
use futures::TryStreamExt as _;
use support::{container, engine::IMAGE, task};
use types::SecretValue;

/// The suite for one runtime: an expression that gives it, or nothing where it cannot be tested here.
macro_rules! runtime_contract {
    ($name:ident, $runtime:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn a_container_goes_from_created_to_running_to_exited() {
                if let Some(runtime) = $runtime {
                    goes_its_way(&runtime).await;
                }
            }

            #[tokio::test]
            async fn a_container_that_runs_can_be_stopped_and_one_that_does_not_is_stopped_already()
            {
                if let Some(runtime) = $runtime {
                    can_be_stopped(&runtime).await;
                }
            }

            #[tokio::test]
            async fn containers_are_found_by_all_of_the_labels() {
                if let Some(runtime) = $runtime {
                    is_found_by_labels(&runtime).await;
                }
            }

            #[tokio::test]
            async fn what_is_gone_is_no_error() {
                if let Some(runtime) = $runtime {
                    is_gone(&runtime).await;
                }
            }

            #[tokio::test]
            async fn logs_come_from_the_beginning_to_the_end() {
                if let Some(runtime) = $runtime {
                    logs(&runtime).await;
                }
            }
        }
    };
}

runtime_contract!(
    memory,
    Some(support::memory_runtime::MemoryRuntime::default())
);
runtime_contract!(docker, docker().await);

async fn docker() -> Option<agent::DockerRuntime> {
    if support::engine::without_docker() {
        return None;
    }
    Some(
        agent::DockerRuntime::connect()
            .await
            .expect("a container engine"),
    )
}

async fn create(runtime: &impl ContainerRuntime, command: &[&str]) -> (String, acs::Task) {
    let task = task(vec![container("app", IMAGE, command)]);
    let random = task.arn.rsplit('/').next().unwrap();
    let new = NewContainer {
        task: &task,
        container: &task.containers[0],
        image: IMAGE,
        name: format!("ecs-contract-1-app-{random}"),
        account: "111122223333".into(),
        labels: [
            ("com.amazonaws.ecs.task-arn".to_owned(), task.arn.clone()),
            (
                "com.amazonaws.ecs.container-name".to_owned(),
                "app".to_owned(),
            ),
        ]
        .into(),
        environment: [("V".to_owned(), SecretValue::from("value"))].into(),
        binds: Vec::new(),
        log_driver: None,
        secrets: Vec::new(),
        log_defaults: Vec::new(),
        log_options: Vec::new(),
        peers: BTreeMap::new(),
        network_holder: None,
        limits: TaskLimits::default(),
    };
    let id = runtime.create(&new).await.unwrap();
    (id, task)
}

async fn phase(runtime: &impl ContainerRuntime, id: &str) -> Phase {
    runtime.inspect(id).await.unwrap().unwrap().phase
}

async fn goes_its_way(runtime: &impl ContainerRuntime) {
    let (id, _) = create(runtime, &["sh", "-c", "sleep 1; exit 7"]).await;
    assert_eq!(phase(runtime, &id).await, Phase::Created);
    runtime.start(&id, &[]).await.unwrap();
    assert_eq!(phase(runtime, &id).await, Phase::Running);
    runtime.wait(&id).await.unwrap();
    let state = runtime.inspect(&id).await.unwrap().unwrap();
    assert_eq!((state.phase, state.exit_code), (Phase::Exited, Some(7)));
    assert!(state.finished_at >= state.created_at);
    runtime.remove(&id).await.unwrap();
}

async fn can_be_stopped(runtime: &impl ContainerRuntime) {
    let (id, _) = create(runtime, &["sleep", "60"]).await;
    runtime.start(&id, &[]).await.unwrap();
    runtime.stop(&id, Duration::from_secs(1)).await.unwrap();
    runtime.wait(&id).await.unwrap();
    let state = runtime.inspect(&id).await.unwrap().unwrap();
    assert_eq!(state.exit_code, Some(137));
    runtime.stop(&id, Duration::from_secs(1)).await.unwrap();
    runtime.remove(&id).await.unwrap();
}

async fn is_found_by_labels(runtime: &impl ContainerRuntime) {
    let (id, task) = create(runtime, &["true"]).await;
    let arn = ("com.amazonaws.ecs.task-arn", task.arn.as_str());
    let found = runtime.find(&[arn]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, id);
    assert_eq!(found[0].labels["com.amazonaws.ecs.container-name"], "app");
    let other = ("com.amazonaws.ecs.container-name", "other");
    assert_eq!(runtime.find(&[arn, other]).await.unwrap(), []);
    runtime.remove(&id).await.unwrap();
    assert_eq!(runtime.find(&[arn]).await.unwrap(), []);
}

async fn is_gone(runtime: &impl ContainerRuntime) {
    let id = "f".repeat(64);
    assert_eq!(runtime.inspect(&id).await.unwrap(), None);
    runtime.stop(&id, Duration::from_secs(1)).await.unwrap();
    runtime.remove(&id).await.unwrap();
    assert_eq!(
        runtime.local_image("sealift-missing:1").await.unwrap(),
        None
    );
    runtime
        .remove_task_volumes("arn:aws:ecs:us-west-2:111122223333:task/c/none")
        .await
        .unwrap();
}

async fn logs(runtime: &impl ContainerRuntime) {
    let (id, _) = create(runtime, &["echo", "one", "two"]).await;
    runtime.start(&id, &[]).await.unwrap();
    let chunks: Vec<_> = runtime.logs(&id).try_collect().await.unwrap();
    assert!(chunks.iter().all(|chunk| chunk.stream == LogStream::Stdout));
    let text: Vec<u8> = chunks
        .iter()
        .flat_map(|chunk| chunk.bytes.to_vec())
        .collect();
    assert_eq!(text, b"one two\n");
    runtime.remove(&id).await.unwrap();
}
