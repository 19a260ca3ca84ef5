//! How the image pulls of tasks go, as far as the agents of this process tell: for people who wait, kept in memory alone.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Response, request::Parts};
use http_body_util::{BodyExt as _, Full};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::pipeline::Pipeline;

/// So many tasks are remembered.
const TASKS: usize = 256;

/// How far the pull for one container is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullState {
    pub image: String,
    pub step: PullStep,
    /// Bytes so far, and of all layers that are known.
    pub done: u64,
    pub total: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PullStep {
    UnderWay,
    Done,
    Failed,
}

/// The pulls of the last tasks, by task and container.
#[derive(Debug, Clone, Default)]
pub struct PullBoard(Arc<Mutex<VecDeque<(String, Containers)>>>);

type Containers = BTreeMap<String, PullState>;

impl PullBoard {
    /// Notes how the pull for a container of a task goes.
    pub fn note(&self, task_arn: &str, container: &str, state: PullState) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, containers)) = tasks.iter_mut().find(|(task, _)| task == task_arn) {
            containers.insert(container.to_owned(), state);
            return;
        }
        tasks.push_back((
            task_arn.to_owned(),
            BTreeMap::from([(container.to_owned(), state)]),
        ));
        if tasks.len() > TASKS {
            tasks.pop_front();
        }
    }

    fn of(&self, task_arn: &str) -> Option<Containers> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tasks.iter().find(|(task, _)| task == task_arn);
        found.map(|(_, containers)| containers.clone())
    }
}

/// Whether the request is one that [`of_described`] can answer.
pub(crate) fn is_about_tasks(parts: &Parts) -> bool {
    let target = parts.headers.get("x-amz-target");
    target.is_some_and(|target| target == "AmazonEC2ContainerServiceV20141113.DescribeTasks")
}

/// The pulls of the tasks that a DescribeTasks request, answered so, may see. Any other answer stays as it is.
pub(crate) async fn of_described(
    board: &PullBoard,
    answer: Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    if !answer.status().is_success() {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let described: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
    let tasks = described.get("tasks").and_then(Value::as_array);
    let arns = tasks
        .into_iter()
        .flatten()
        .filter_map(|task| task.get("taskArn")?.as_str());
    let pulls: BTreeMap<&str, Containers> =
        arns.filter_map(|arn| Some((arn, board.of(arn)?))).collect();
    Response::from_parts(parts, Full::from(json!({ "pulls": pulls }).to_string()))
}

/// The route: a pipeline and what it leads to.
#[derive(Clone)]
pub(crate) struct Pulls {
    pub pipeline: Pipeline,
    pub board: PullBoard,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(done: u64) -> PullState {
        PullState {
            image: "app:1".to_owned(),
            step: PullStep::UnderWay,
            done,
            total: 9,
            reason: None,
        }
    }

    #[test]
    fn the_last_tasks_are_remembered_with_their_last_state() {
        let board = PullBoard::default();
        for task in 0..=TASKS {
            board.note(&task.to_string(), "app", state(1));
        }
        board.note("1", "app", state(2));
        board.note("1", "side", state(3));
        assert_eq!(board.of("0"), None);
        let containers = board.of("1").unwrap();
        let done: Vec<_> = containers.values().map(|state| state.done).collect();
        assert_eq!(done, [2, 3]);
    }
}
