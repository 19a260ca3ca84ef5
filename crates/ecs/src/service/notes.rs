//! What happened: tasks that ended, were started, could not be started, or were stopped.

use types::Timestamp;

use super::{EndedBy, Rollout, Service, Stop, Task};
use crate::reasons;

/// From so many failed attempts in a row on, the service says so.
const WORTH_A_WORD: u32 = 3;

impl Service {
    /// Takes note of a task that has ended. Each is to be given once.
    pub fn take_note(&mut self, ended: &Task, now: Timestamp) {
        let started = ended.started_at.is_some();
        let Some(deployment) = self.deployment_mut(&ended.deployment) else {
            return;
        };
        let failed = match ended.ended_by {
            // AWS: what has run and ended by itself is no failure to start.
            EndedBy::Itself => !started,
            EndedBy::Health => true,
            EndedBy::Wish => false,
        };
        if !failed {
            return;
        }
        if deployment.rollout == Rollout::InProgress {
            deployment.failed_tasks += 1;
            deployment.updated_at = now;
        }
        if !started {
            deployment.throttle.failed(ended.created_at, false, now);
            self.complain(&ended.deployment, now);
        }
    }

    /// These tasks of the primary deployment were started, so many of them in place of tasks that are not healthy.
    pub fn started(&mut self, ids: &[String], replacing: usize, now: Timestamp) {
        if let Some(primary) = self.deployments.first_mut()
            && !ids.is_empty()
        {
            primary.throttle.no_place = false;
            primary.updated_at = now;
        }
        let replaced = if replacing > 0 {
            format!(" Amazon ECS replaced {replacing} tasks due to an unhealthy status.")
        } else {
            String::new()
        };
        self.say_tasks("started", "tasks", ids, &replaced, now);
    }

    /// A task of the primary deployment found no place.
    pub fn found_no_place(&mut self, why: &str, now: Timestamp) {
        self.attempt_failed(true, now);
        self.say(&format!("was unable to place a task because {why}"), now);
    }

    /// A task of the primary deployment could not be made at all.
    pub fn could_not_launch(&mut self, why: &str, now: Timestamp) {
        self.attempt_failed(false, now);
        self.say(&format!("failed to launch a task with (error {why})."), now);
    }

    fn attempt_failed(&mut self, no_place: bool, now: Timestamp) {
        let Some(primary) = self.deployments.first_mut() else {
            return;
        };
        if primary.rollout == Rollout::InProgress {
            primary.failed_tasks += 1;
        }
        primary.updated_at = now;
        primary.throttle.failed(now, no_place, now);
        let id = primary.id.clone();
        self.complain(&id, now);
    }

    fn complain(&mut self, deployment: &str, now: Timestamp) {
        let failures = self
            .deployment_mut(deployment)
            .map_or(0, |d| d.throttle.failures);
        if failures >= WORTH_A_WORD {
            self.say("is unable to consistently start tasks successfully.", now);
        }
    }

    /// These tasks are ending because the scheduler wanted it.
    pub fn stopped(&mut self, stops: &[Stop], now: Timestamp) {
        let unhealthy = reasons::Stop::failed_health_checks();
        for stop in stops.iter().filter(|stop| stop.why == unhealthy) {
            let text = format!("(task {}) failed container health checks.", stop.task);
            self.say(&text, now);
        }
        let ids: Vec<String> = stops.iter().map(|stop| stop.task.clone()).collect();
        self.say_tasks("stopped", "running tasks", &ids, "", now);
    }
}
