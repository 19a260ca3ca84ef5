//! What the end of a job means for the task.

use std::sync::Arc;

use super::{Event, Fetch, Files, Known, Owner, RESTART_PERIOD_SECS, ReportedStatus};
use crate::{
    ImagePullBehavior, Wording, runtime::ContainerState, task::ContainerError, tasks::is_fargate,
};

impl Owner {
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Manifest(index, Ok(digest)) => {
                self.reach(index, Known::ManifestPulled);
                self.record_mut(index).image_digest = digest;
            }
            Event::Manifest(index, Err(error)) if self.is_fatal(&error) => {
                self.token_refused(index, &error);
            }
            Event::Manifest(index, Err(error)) => self.manifest_failed(index, &error),
            Event::Pulled(index, outcome) => {
                self.reporting.pull_ended(self.shared.now());
                match outcome {
                    Ok(name) => {
                        self.reach(index, Known::Pulled);
                        let record = self.record_mut(index);
                        record.reason = None;
                        record.image_here = name;
                    }
                    Err(error) if self.is_fatal(&error) => self.token_refused(index, &error),
                    Err(error) => {
                        self.fail(index, &error);
                        if self.pull_must_succeed() {
                            self.stop_task();
                        }
                    }
                }
            }
            Event::Created(index, Ok(id)) => {
                self.record_mut(index).runtime_id = Some(id);
                self.reach(index, Known::Created);
                self.drop_used_values();
            }
            Event::Started(index, Ok(state)) => self.started(index, state),
            Event::Created(index, Err(error)) | Event::Started(index, Err(error)) => {
                self.fail(index, &error);
                self.drop_used_values();
            }
            Event::Health(index, Some(health)) => {
                self.record_mut(index).health = health;
                self.watch_health(index);
            }
            Event::Exited(index, state) => self.exited(index, state),
            Event::Abandoned(index) => self.record_mut(index).busy = false,
            Event::Values(provider, Ok(values)) => {
                if self.wanted_running {
                    self.fetches.insert(provider, Fetch::Done(Arc::new(values)));
                }
            }
            Event::Logins(Ok(logins)) => self.logins = Some(logins),
            Event::Files(Ok(files)) => self.files = Files::Done(files),
            Event::Values(_, Err(error)) | Event::Logins(Err(error)) | Event::Files(Err(error)) => {
                self.resource_failed(&error);
            }
            Event::NoRole => self.role_did_not_come(),
            Event::Network(outcome) => self.network_held(outcome),
            Event::NetworkLost => self.network_lost(),
            Event::Health(_, None) | Event::StopRequested => {}
        }
    }

    fn reach(&mut self, index: usize, known: Known) {
        let record = self.record_mut(index);
        record.known = known;
        record.busy = false;
    }

    fn pull_must_succeed(&self) -> bool {
        let behavior = self.shared.config.ecs.image_pull_behavior;
        matches!(
            behavior,
            ImagePullBehavior::Always | ImagePullBehavior::Once
        )
    }

    /// AWS: on Fargate the token is a resource of the task, as a secret is. With ECS's agent it is the container's.
    fn is_fatal(&self, error: &ContainerError) -> bool {
        is_fargate(&self.task) && error.is_no_token()
    }

    fn token_refused(&mut self, index: usize, error: &ContainerError) {
        self.record_mut(index).busy = false;
        self.resource_failed(&error.text);
    }

    fn manifest_failed(&mut self, index: usize, error: &ContainerError) {
        self.record_mut(index).manifest_failed = true;
        if self.shared.config.wording == Wording::V1_83 {
            // AWS: older agents look nothing up before the pull, which is what fails with them.
            self.reach(index, Known::ManifestPulled);
        } else if self.pull_must_succeed() {
            self.fail(index, error);
            self.stop_task();
        } else {
            // The pull decides; where it fails too, this first error is the one that is told.
            self.record_mut(index)
                .reason
                .get_or_insert_with(|| error.to_string());
            self.reach(index, Known::ManifestPulled);
        }
    }

    fn started(&mut self, index: usize, state: ContainerState) {
        let restarted = self.record(index).started_at.is_some();
        self.reach(index, Known::Running);
        let now = self.shared.now();
        let address = self.network.address();
        let record = self.record_mut(index);
        record.started_at = Some(now);
        record.bindings = state.bindings;
        if restarted {
            record.exit_code = None;
            record.reason = None;
        }
        record.address = address;
        let id = record.runtime_id.clone().unwrap_or_default();
        if restarted {
            self.count_restart(index);
        } else {
            self.container_changed(index, ReportedStatus::Running);
        }
        self.watch(index, id);
    }

    fn count_restart(&self, index: usize) {
        if let Some(link_local) = &self.shared.config.link_local {
            link_local.note_restart(&self.task.arn, &self.container(index).name);
        }
    }

    fn exited(&mut self, index: usize, state: Option<ContainerState>) {
        let record = self.record_mut(index);
        match state {
            Some(state) => {
                record.exit_code = state.exit_code;
                if state.oom_killed {
                    record.reason.get_or_insert_with(|| {
                        "OutOfMemoryError: Container killed due to memory usage".to_owned()
                    });
                }
            }
            None => {
                record.reason.get_or_insert_with(|| {
                    "ContainerVanishedError: No container matching saved ID found".to_owned()
                });
            }
        }
        if self.is_to_restart(index) {
            tracing::info!(
                task.arn = self.task.arn,
                "container starts again by its restart policy"
            );
            self.record_mut(index).known = Known::Created;
        } else {
            self.container_stopped(index);
        }
    }

    fn is_to_restart(&self, index: usize) -> bool {
        let policy = self.container(index).restart_policy.as_ref();
        let Some(policy) = policy.filter(|policy| policy.enabled && self.wanted_running) else {
            return false;
        };
        let record = self.record(index);
        let ignored = record
            .exit_code
            .is_none_or(|code| policy.ignored_exit_codes.contains(&code));
        let period = policy.restart_attempt_period.unwrap_or(RESTART_PERIOD_SECS);
        let ran_long_enough = record
            .started_at
            .is_some_and(|started| started.plus_secs(period) <= self.shared.now());
        !ignored && ran_long_enough
    }

    pub(super) fn fail(&mut self, index: usize, error: &ContainerError) {
        let name = self.container(index).name.clone();
        tracing::warn!(task.arn = self.task.arn, container = name, %error, "container failed");
        self.record_mut(index)
            .reason
            .get_or_insert_with(|| error.to_string());
        self.container_stopped(index);
    }

    pub(super) fn container_stopped(&mut self, index: usize) {
        self.reach(index, Known::Stopped);
        self.container_changed(index, ReportedStatus::Stopped);
        if self.container(index).essential {
            self.stop_task();
        }
    }

    pub(super) fn container_changed(&mut self, index: usize, status: ReportedStatus) {
        let name = self.container(index).name.clone();
        let report = self.record(index).report(&name, status);
        self.reporting.container_changed(report);
    }
}
