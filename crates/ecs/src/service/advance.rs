//! What follows from how the tasks are: a deployment is completed, given up, or rolled back; a service is steady, or over.

use types::Timestamp;

use super::{Deployment, Instances, Rollout, Service, ServiceStatus, Task, deployment::Throttle};
use crate::states::Status;

impl Service {
    /// Draws the conclusions from the living tasks.
    pub fn advance(&mut self, tasks: &[Task], instances: &Instances, now: Timestamp) {
        self.forget_failures(tasks, now);
        self.drop_finished_deployments(tasks);
        match self.status {
            ServiceStatus::Active => {
                self.follow_requests(now);
                self.give_up_if_hopeless(instances, now);
                self.complete_if_done(tasks, instances, now);
                self.note_steadiness(tasks, instances, now);
            }
            ServiceStatus::Draining if tasks.is_empty() => {
                self.status = ServiceStatus::Inactive;
                self.deployments.clear();
                self.last_completed = None;
            }
            ServiceStatus::Draining | ServiceStatus::Inactive => {}
        }
        self.close_attempt(tasks, instances, now);
    }

    /// Deployments go with their last tasks; one that failed stays to be seen for as long as the service rolls back.
    fn drop_finished_deployments(&mut self, tasks: &[Task]) {
        let rolls_back = self.rolls_back_until().is_some();
        let primary = self.primary().map(|d| d.id.clone());
        self.deployments.retain(|d| {
            primary.as_ref() == Some(&d.id)
                || tasks.iter().any(|task| task.deployment == d.id)
                || (rolls_back && d.rollout == Rollout::Failed)
        });
    }

    /// A roll-back is over no sooner than its tasks, if they were new, could have become healthy.
    pub(super) fn rolls_back_until(&self) -> Option<Timestamp> {
        let since = self.primary()?.rolling_back_since?;
        Some(since.plus_secs(self.rules.healthy_after_secs))
    }

    /// A task that runs ends the waiting, and one that is healthy sets the count of failures back.
    fn forget_failures(&mut self, tasks: &[Task], now: Timestamp) {
        let mut of_primary = tasks.iter().filter(|task| self.is_primary(task));
        let running = of_primary
            .clone()
            .any(|task| task.wanted && task.status == Status::Running);
        let healthy = of_primary.any(|task| self.is_healthy(task, now));
        let in_a_row = self
            .rules
            .breaker
            .as_ref()
            .is_none_or(|breaker| breaker.reset_on_healthy_task);
        if let Some(primary) = self.deployments.first_mut() {
            if running {
                primary.throttle = Throttle::default();
            }
            if healthy && in_a_row {
                primary.failed_tasks = 0;
            }
        }
    }

    fn give_up_if_hopeless(&mut self, instances: &Instances, now: Timestamp) {
        let population = self.population(instances);
        let (Some(breaker), Some(primary)) = (&self.rules.breaker, self.deployments.first_mut())
        else {
            return;
        };
        let hopeless = primary.failed_tasks >= breaker.threshold.failures(population);
        if primary.rollout != Rollout::InProgress
            || primary.rolling_back_since.is_some()
            || !hopeless
        {
            return;
        }
        let rollback = breaker.rollback;
        let reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
        primary.end(Rollout::Failed, reason, now);
        let id = primary.id.clone();
        self.say(
            &format!("(deployment {id}) deployment failed: tasks failed to start."),
            now,
        );
        self.attempt_tripped(rollback && self.last_completed.is_some(), now);
    }

    /// The earlier deployment becomes the primary one again: its tasks that still run go on as they are.
    pub(super) fn roll_back_to(&mut self, mut earlier: Deployment, now: Timestamp) {
        self.deployments.retain(|d| d.id != earlier.id);
        let id = earlier.id.clone();
        earlier.end(Rollout::InProgress, self.rollback_reason(&id), now);
        earlier.rolling_back_since = Some(now);
        earlier.failed_tasks = 0;
        earlier.throttle = Throttle::default();
        self.make_primary(earlier);
        self.say(&format!("rolling back to deployment {id}."), now);
    }

    fn rollback_reason(&self, id: &str) -> String {
        if self.attempt.as_ref().is_none_or(|attempt| attempt.tripped) {
            format!("ECS deployment circuit breaker: rolling back to deploymentId {id}.")
        } else {
            format!("ECS deployment rolling back to deploymentId {id}.")
        }
    }

    fn complete_if_done(&mut self, tasks: &[Task], instances: &Instances, now: Timestamp) {
        let done = self.is_settled(tasks, instances, now)
            && self.rolls_back_until().is_none_or(|until| until <= now);
        let Some(primary) = self.deployments.first_mut() else {
            return;
        };
        if !done || primary.rollout != Rollout::InProgress {
            return;
        }
        let id = primary.id.clone();
        primary.end(
            Rollout::Completed,
            format!("ECS deployment {id} completed."),
            now,
        );
        primary.rolling_back_since = None;
        self.last_completed = Some(primary.clone());
        self.deployments.truncate(1);
        self.attempt_succeeded(now);
        self.say(&format!("(deployment {id}) deployment completed."), now);
    }

    /// As many tasks as there should be, all of the primary deployment, all healthy, and none that is ending.
    fn is_settled(&self, tasks: &[Task], instances: &Instances, now: Timestamp) -> bool {
        tasks.len() == self.population(instances)
            && tasks
                .iter()
                .all(|task| self.is_primary(task) && self.is_healthy(task, now))
    }

    fn note_steadiness(&mut self, tasks: &[Task], instances: &Instances, now: Timestamp) {
        let completed = self
            .primary()
            .is_some_and(|d| d.rollout == Rollout::Completed);
        let steady = completed && self.is_settled(tasks, instances, now);
        let again = self.steady_again_at().is_some_and(|at| at <= now);
        if steady && (!self.steady || again) {
            self.say_steady(now);
        }
        self.steady = steady;
    }
}
