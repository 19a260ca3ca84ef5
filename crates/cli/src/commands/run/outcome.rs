//! How a task ended, and the exit code that says so.

use serde::Serialize;
use serde_json::{Value, json};

/// What `sealift run` answers in the end.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_reason: Option<String>,
    pub containers: Vec<ContainerOutcome>,
    pub exit_code: u8,
    /// Where the task's values came from, if not from the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_from: Option<String>,
    /// ARN of who read them there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_read_as: Option<String>,
}

/// How one container ended.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerOutcome {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Exit codes of containers that were ended from outside: SIGKILL and SIGTERM.
const ENDED_FROM_OUTSIDE: [i64; 2] = [137, 143];

impl Outcome {
    /// A task that was not placed on any container instance.
    pub fn not_placed(reason: &str, exit_code: u8) -> Self {
        let stopped_reason = Some(format!("the task could not be placed: {reason}"));
        Self {
            task_arn: None,
            stop_code: None,
            stopped_reason,
            containers: Vec::new(),
            exit_code,
            secrets_from: None,
            secrets_read_as: None,
        }
    }

    /// Reads a stopped task as DescribeTasks gives it, of a task definition as it was registered. `could_not_start` is
    /// the exit code where no essential container tells one.
    pub fn of(task: &Value, definition: &Value, could_not_start: u8) -> Self {
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let containers: Vec<_> = task
            .get("containers")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|container| ContainerOutcome {
                name: text(container, "name").unwrap_or_default(),
                exit_code: container.get("exitCode").and_then(Value::as_i64),
                reason: text(container, "reason"),
            })
            .collect();
        let stop_code = text(task, "stopCode");
        let failed_to_start = stop_code.as_deref() == Some("TaskFailedToStart");
        let exit_code = if failed_to_start {
            could_not_start
        } else {
            telling_code(&containers, &not_essential(definition), could_not_start)
        };
        Self {
            task_arn: text(task, "taskArn"),
            stopped_reason: text(task, "stoppedReason"),
            stop_code,
            containers,
            exit_code,
            secrets_from: secrets_from(task, ""),
            secrets_read_as: None,
        }
    }

    /// The stopped reason and the containers' reasons, where the task could not start.
    pub fn why_it_did_not_start(&self) -> Option<String> {
        let failed =
            self.task_arn.is_none() || self.stop_code.as_deref() == Some("TaskFailedToStart");
        if !failed {
            return None;
        }
        let mut lines = vec![
            self.stopped_reason
                .clone()
                .unwrap_or_else(|| "the task did not start".to_owned()),
        ];
        let reasons = self
            .containers
            .iter()
            .filter_map(|c| Some(format!("{}: {}", c.name, c.reason.as_ref()?)));
        lines.extend(reasons);
        Some(lines.join("\n"))
    }
}

/// What a task at this place of an answer says about where its values come from.
pub fn secrets_from(answer: &Value, task: &str) -> Option<String> {
    let attributes = answer.pointer(task)?.get("attributes")?.as_array()?;
    let mut named = attributes
        .iter()
        .filter(|attribute| attribute.get("name") == Some(&json!("sealift.secrets-from")));
    Some(named.next()?.get("value")?.as_str()?.to_owned())
}

/// The names of the containers that the task does without.
fn not_essential(definition: &Value) -> Vec<&str> {
    let containers = definition
        .get("containerDefinitions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let optional =
        containers.filter(|c| c.get("essential").and_then(Value::as_bool) == Some(false));
    optional
        .filter_map(|c| c.get("name").and_then(Value::as_str))
        .collect()
}

/// The first code that an essential container ended with by itself, failures first: when one of them ends, ECS kills
/// the others, and their 137 and 143 say nothing.
fn telling_code(containers: &[ContainerOutcome], not_essential: &[&str], otherwise: u8) -> u8 {
    let essential = containers
        .iter()
        .filter(|container| !not_essential.contains(&container.name.as_str()));
    let codes: Vec<i64> = essential
        .filter_map(|container| container.exit_code)
        .collect();
    let own = || {
        codes
            .iter()
            .filter(|code| !ENDED_FROM_OUTSIDE.contains(code))
    };
    let code = own()
        .find(|code| **code != 0)
        .or_else(|| own().next())
        .or_else(|| codes.first());
    code.map_or(otherwise, |code| u8::try_from(code & 0xff).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_container_that_failed_by_itself_wins_over_those_that_were_killed() {
        let task = json!({"stopCode": "EssentialContainerExited", "containers": [
            {"name": "sidecar", "exitCode": 137}, {"name": "helper", "exitCode": 0}, {"name": "app", "exitCode": 3},
        ]});
        assert_eq!(Outcome::of(&task, &json!({}), 125).exit_code, 3);
    }

    #[test]
    fn only_essential_containers_tell_the_exit_code() {
        let task = json!({"stopCode": "EssentialContainerExited", "containers": [
            {"name": "side", "exitCode": 4}, {"name": "main", "exitCode": 0},
        ]});
        let definition = json!({"containerDefinitions": [
            {"name": "side", "essential": false}, {"name": "main"},
        ]});
        assert_eq!(Outcome::of(&task, &definition, 125).exit_code, 0);
    }

    #[test]
    fn a_task_that_failed_to_start_has_the_reserved_code_and_says_why() {
        let task = json!({"taskArn": "arn", "stopCode": "TaskFailedToStart", "stoppedReason": "Secret x: denied",
            "containers": [{"name": "app", "reason": "CannotStartContainerError: no"}]});
        let outcome = Outcome::of(&task, &json!({}), 125);
        assert_eq!(outcome.exit_code, 125);
        assert_eq!(
            outcome.why_it_did_not_start().as_deref(),
            Some("Secret x: denied\napp: CannotStartContainerError: no"),
        );
    }

    #[test]
    fn a_task_that_ran_says_nothing_beside_its_code() {
        let task = json!({"taskArn": "arn", "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited", "containers": [{"name": "app", "exitCode": 0}]});
        let outcome = Outcome::of(&task, &json!({}), 125);
        assert_eq!(
            (outcome.exit_code, outcome.why_it_did_not_start()),
            (0, None)
        );
    }
}
