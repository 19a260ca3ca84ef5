//! Follows one task: its containers' logs as they come, until it has stopped.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{aws::AwsClient, engine::Logs};

/// How often the task's state is asked for. A container is found again after it ended, so nothing is lost in between.
const POLL: Duration = Duration::from_millis(100);
/// How long the last lines of a stopped container may take to arrive.
const LAST_LINES: Duration = Duration::from_secs(5);

/// Streams logs until the task is STOPPED, and gives back its description. Ctrl-C stops the task first.
pub async fn until_stopped(
    client: &AwsClient,
    cluster: &str,
    task: &str,
    to_stderr: bool,
) -> Result<Value> {
    let logs = Logs::connect(to_stderr).await;
    let mut followed: HashMap<String, JoinHandle<()>> = HashMap::new();
    let mut interrupted = false;
    let described = loop {
        let answer = client
            .ecs(
                "DescribeTasks",
                &json!({ "cluster": cluster, "tasks": [task] }),
            )
            .await?;
        let described = answer
            .pointer("/tasks/0")
            .context("the task is gone")?
            .clone();
        let containers = described
            .get("containers")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for container in containers {
            let text = |name: &str| container.get(name).and_then(Value::as_str);
            if let (Some(name), Some(id)) = (text("name"), text("runtimeId"))
                && !followed.contains_key(id)
            {
                let prefix = (containers.len() > 1).then(|| name.to_owned());
                followed.insert(id.to_owned(), logs.follow(id.to_owned(), prefix));
            }
        }
        if described.get("lastStatus").and_then(Value::as_str) == Some("STOPPED") {
            break described;
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            signal = tokio::signal::ctrl_c(), if !interrupted => {
                signal.context("cannot listen for Ctrl-C")?;
                interrupted = true;
                eprintln!("sealift: stopping the task");
                let stop = json!({ "cluster": cluster, "task": task, "reason": "sealift run was interrupted" });
                client.ecs("StopTask", &stop).await?;
            }
        }
    };
    for follower in followed.into_values() {
        // A log that does not end with its container must not keep the command from ending.
        let _ = tokio::time::timeout(LAST_LINES, follower).await;
    }
    Ok(described)
}
