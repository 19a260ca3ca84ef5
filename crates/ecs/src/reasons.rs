//! Why a task stopped, in ECS's words.
//!
//! The agent reports causes: a task reason where secrets or a registry login failed, `<ErrorName>: <text>` on
//! containers. The stop code and the sentence around the task are the control plane's, and are derived here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    fargate,
    states::{ContainerState, Progress},
};

/// The longest reason ECS keeps, in bytes.
const LONGEST_REASON: usize = 1024;

/// Names of container errors that mean the container never ran.
const START_FAILURES: [&str; 7] = [
    "CannotPull",
    "CannotCreateContainerError",
    "CannotStartContainerError",
    "DockerTimeoutError",
    "DockerClientConfigError",
    "HostConfigError",
    "CannotCreateVolumeError",
];

/// ECS's stop codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StopCode {
    TaskFailedToStart,
    EssentialContainerExited,
    UserInitiated,
    ServiceSchedulerInitiated,
}

impl StopCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
        }
    }
}

impl fmt::Display for StopCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no stop code that sealift gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no stop code")]
pub struct ParseStopCodeError(String);

impl FromStr for StopCode {
    type Err = ParseStopCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::TaskFailedToStart,
            Self::EssentialContainerExited,
            Self::UserInitiated,
            Self::ServiceSchedulerInitiated,
        ]
        .into_iter()
        .find(|code| code.as_str() == text)
        .ok_or_else(|| ParseStopCodeError(text.to_owned()))
    }
}

/// Why a task stops: the code and the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub code: StopCode,
    pub reason: String,
}

impl Stop {
    fn new(code: StopCode, reason: &str) -> Self {
        Self {
            code,
            reason: cut(reason),
        }
    }

    /// A task that could not start, and the cause.
    pub fn failed_to_start(reason: &str) -> Self {
        Self::new(StopCode::TaskFailedToStart, reason)
    }

    /// A `StopTask` call, with the reason its caller gave.
    pub fn by_user(reason: Option<&str>) -> Self {
        let reason = reason.filter(|r| !r.is_empty());
        Self::new(
            StopCode::UserInitiated,
            reason.unwrap_or("Task stopped by user"),
        )
    }

    /// A service's scheduler has too many tasks, or replaces them.
    pub fn by_scheduler(deployment: &str) -> Self {
        Self::new(
            StopCode::ServiceSchedulerInitiated,
            &format!("Scaling activity initiated by (deployment {deployment})"),
        )
    }

    /// A service's scheduler replaces a task whose containers are not well.
    pub fn failed_health_checks() -> Self {
        Self::new(
            StopCode::ServiceSchedulerInitiated,
            "Task failed container health checks",
        )
    }
}

/// What made a task stop, from the containers' states and the agent's own task reason.
///
/// Who is to blame is clear where a reason exists: a task reason is a failed secret or registry login, an essential
/// container's start failure is one. Otherwise some essential container ended, whatever became of the others.
pub fn of_stopped_task(task: &Progress, agent_reason: &str) -> Stop {
    let ran = task.started_at.is_some();
    if !agent_reason.is_empty() {
        let code = if ran {
            StopCode::EssentialContainerExited
        } else {
            StopCode::TaskFailedToStart
        };
        return Stop::new(code, agent_reason);
    }
    let essential = || task.containers.iter().filter(|c| c.essential);
    let failed_to_start = essential().any(never_started);
    let exited = essential().any(|c| c.exit_code.is_some());
    if !failed_to_start && (exited || ran) {
        Stop::new(
            StopCode::EssentialContainerExited,
            "Essential container in task exited",
        )
    } else {
        // An image that cannot be had ends a task of Fargate, whichever container it is of.
        let all = essential().chain(&task.containers);
        let mut reasons = all.filter_map(|c| c.reason.as_deref());
        let own = reasons.find_map(fargate::task_reason);
        let own = own.filter(|_| task.fargate);
        Stop::failed_to_start(own.unwrap_or("Task failed to start"))
    }
}

/// Whether the container's reason says that it could not be started. Such a container may have an exit code all the
/// same: 143, where a dependency made it impossible.
fn never_started(container: &ContainerState) -> bool {
    container.reason.as_deref().is_some_and(|reason| {
        START_FAILURES
            .iter()
            .any(|failure| reason.starts_with(failure))
    })
}

/// A reason cut to the length ECS keeps, never inside a character.
pub fn cut(reason: &str) -> String {
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::states::{Progress, Status, tests::container};

    fn stopped(containers: Vec<ContainerState>, agent_reason: &str) -> Stop {
        of_stopped_task(&Progress::new(containers), agent_reason)
    }

    fn with_exit(name: &str, essential: bool, code: i32) -> ContainerState {
        ContainerState {
            exit_code: Some(code),
            last_status: Status::Stopped,
            ..container(name, essential)
        }
    }

    fn with_reason(name: &str, essential: bool, reason: &str) -> ContainerState {
        ContainerState {
            reason: Some(reason.to_owned()),
            last_status: Status::Stopped,
            ..container(name, essential)
        }
    }

    #[test]
    fn a_task_reason_is_a_failure_to_start_in_the_agents_words() {
        let reason =
            "Fetching secret data from SSM Parameter Store in us-west-2: invalid parameters: x,y";
        let stop = stopped(vec![container("app", true)], reason);
        assert_eq!(stop, Stop::failed_to_start(reason));
    }

    #[test]
    fn an_essential_container_that_ended_stops_its_task() {
        let stop = stopped(
            vec![with_exit("app", true, 0), with_exit("side", false, 137)],
            "",
        );
        assert_eq!(stop.code, StopCode::EssentialContainerExited);
        assert_eq!(stop.reason, "Essential container in task exited");
    }

    #[test]
    fn a_container_that_cannot_be_pulled_created_or_started_fails_the_task() {
        for reason in [
            "CannotPullImageManifestError: Error response from daemon: manifest unknown",
            "CannotPullContainerError: no",
            "CannotCreateContainerError: no",
            "CannotStartContainerError: no",
            "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
            "HostConfigError: Unable to decode given host config: no",
        ] {
            // The other essential container was stopped in consequence and has an exit code.
            let stop = stopped(
                vec![
                    with_reason("app", true, reason),
                    with_exit("side", true, 137),
                ],
                "",
            );
            assert_eq!(
                stop,
                Stop::failed_to_start("Task failed to start"),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_container_killed_for_its_memory_has_run() {
        let mut app = with_exit("app", true, 137);
        app.reason = Some("OutOfMemoryError: Container killed due to memory usage".to_owned());
        assert_eq!(
            stopped(vec![app], "").code,
            StopCode::EssentialContainerExited
        );
    }

    #[test]
    fn a_failed_dependency_is_a_failure_to_start_in_spite_of_its_exit_code() {
        let mut app = with_exit("app", true, 143);
        app.reason = Some("CannotStartContainerError: dependency graph: …".to_owned());
        let stop = stopped(vec![with_exit("init", false, 1), app], "");
        assert_eq!(stop.code, StopCode::TaskFailedToStart);
    }

    #[test]
    fn a_side_container_that_could_not_start_is_not_why_a_task_ended() {
        let stop = stopped(
            vec![
                with_reason("side", false, "CannotPullContainerError: no"),
                with_exit("app", true, 0),
            ],
            "",
        );
        assert_eq!(stop.code, StopCode::EssentialContainerExited);
    }

    #[test]
    fn a_stop_by_a_user_has_the_users_reason_or_ecss() {
        assert_eq!(Stop::by_user(Some("enough")).reason, "enough");
        assert_eq!(Stop::by_user(Some("")).reason, "Task stopped by user");
        assert_eq!(Stop::by_user(None).code, StopCode::UserInitiated);
    }

    proptest! {
        #[test]
        fn reasons_are_cut_at_1024_bytes_and_stay_text(reason in "\\PC{0,700}") {
            let short = cut(&reason);
            prop_assert!(short.len() <= 1024 && reason.starts_with(&short));
            prop_assert!(reason.len() <= 1024 && short == reason || short.len() > 1020);
        }
    }
}
