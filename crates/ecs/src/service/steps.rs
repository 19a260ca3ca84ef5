//! What is to be done next.

use types::Timestamp;

use super::{Instances, Rollout, Service, ServiceStatus, Strategy, Task, daemon, replica};
use crate::{
    reasons,
    states::{Health, Status},
};

/// A task to be started, of the primary deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// Where; anywhere where nothing is said.
    pub on: Option<String>,
}

/// A task to be stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub task: String,
    pub why: reasons::Stop,
}

/// What is to be done next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    pub stop: Vec<Stop>,
    pub start: Vec<Start>,
    /// So many of them take the place of tasks that are not healthy any more.
    pub replacing: usize,
    /// The limits of the deployment let it neither start nor stop anything.
    pub stuck: bool,
    /// When to look again though nothing happens until then.
    pub look_again_at: Option<Timestamp>,
}

impl Service {
    /// What is to be done, from the living tasks.
    pub fn steps(&self, tasks: &[Task], instances: &Instances, now: Timestamp) -> Steps {
        let mut steps = Steps::default();
        let mut rest = Vec::new();
        for task in tasks {
            match self.verdict(task, now) {
                Some(why) => steps.stop.push(Stop {
                    task: task.id.clone(),
                    why,
                }),
                None => rest.push(task),
            }
        }
        if self.status == ServiceStatus::Active {
            let view = View {
                service: self,
                ending: tasks
                    .iter()
                    .filter(|task| !rest.iter().any(|kept| kept.id == task.id && kept.wanted))
                    .collect(),
                tasks: rest.iter().copied().filter(|task| task.wanted).collect(),
                instances,
                now,
            };
            match self.strategy {
                Strategy::Replica => replica::steps(&view, &mut steps),
                Strategy::Daemon => daemon::steps(&view, &mut steps),
            }
        }
        steps.look_again_at = self.look_again_at(tasks, now);
        steps
    }

    /// Why a task is to stop whatever the others do.
    fn verdict(&self, task: &Task, now: Timestamp) -> Option<reasons::Stop> {
        if !task.wanted {
            return None;
        }
        let scaling = || Some(reasons::Stop::by_scheduler(&task.deployment));
        if self.status != ServiceStatus::Active {
            return scaling();
        }
        if !self.deployments.iter().any(|d| d.id == task.deployment) {
            return scaling();
        }
        // One that is not healthy goes at once where nothing will take its place, or nothing can beside it.
        let waits = self.strategy == Strategy::Replica
            && self.primary().is_some_and(|d| d.rollout != Rollout::Failed);
        (self.is_unhealthy(task, now) && !waits).then(reasons::Stop::failed_health_checks)
    }

    /// Whether the task has failed its health checks, and they count.
    fn is_unhealthy(&self, task: &Task, now: Timestamp) -> bool {
        task.health == Some(Health::Unhealthy) && self.grace_end(task) <= now
    }

    fn grace_end(&self, task: &Task) -> Timestamp {
        let start = task.started_at.unwrap_or(task.created_at);
        start.plus_secs(self.rules.grace_secs)
    }

    fn look_again_at(&self, tasks: &[Task], now: Timestamp) -> Option<Timestamp> {
        let throttled = self.primary().and_then(|d| d.throttle.until());
        let healthy = tasks
            .iter()
            .filter(|task| task.wanted && task.status == Status::Running)
            .filter_map(|task| self.healthy_from(task));
        let grace = tasks
            .iter()
            .filter(|task| task.health == Some(Health::Unhealthy))
            .map(|task| self.grace_end(task));
        throttled
            .into_iter()
            .chain(healthy)
            .chain(grace)
            .chain(self.steady_again_at())
            .chain(self.rolls_back_until())
            .filter(|at| *at > now)
            .min()
    }
}

/// What the steps of either strategy are decided from.
pub(super) struct View<'a> {
    pub service: &'a Service,
    /// The tasks that are to run on.
    pub tasks: Vec<&'a Task>,
    /// Those that are ending.
    pub ending: Vec<&'a Task>,
    pub instances: &'a Instances,
    pub now: Timestamp,
}

impl<'a> View<'a> {
    pub fn population(&self) -> usize {
        self.service.population(self.instances)
    }

    pub fn of_primary(&self) -> Vec<&'a Task> {
        let tasks = self.tasks.iter().copied();
        tasks.filter(|task| self.service.is_primary(task)).collect()
    }

    /// The tasks of earlier deployments, in the order in which they are stopped: what is not healthy, then the oldest.
    pub fn of_earlier(&self) -> Vec<&'a Task> {
        let tasks = self.tasks.iter().copied();
        let mut earlier: Vec<&Task> = tasks
            .filter(|task| !self.service.is_primary(task))
            .collect();
        earlier.sort_by_key(|task| {
            (
                self.is_healthy(task),
                task.is_up(),
                task.created_at,
                &task.id,
            )
        });
        earlier
    }

    pub fn is_healthy(&self, task: &Task) -> bool {
        self.service.is_healthy(task, self.now)
    }

    pub fn is_unhealthy(&self, task: &Task) -> bool {
        self.service.is_unhealthy(task, self.now)
    }

    /// What can go without falling below the floor.
    ///
    /// A task of an earlier deployment that runs may be serving already, though it is not known to be healthy: it is
    /// not taken away either before another is known to be.
    pub fn spare(&self) -> Spare {
        let healthy = self.tasks.iter().filter(|task| self.is_healthy(task));
        let up = self.tasks.iter().filter(|task| {
            self.is_healthy(task) || (!self.service.is_primary(task) && task.is_up())
        });
        let floor = self.service.rules.floor(self.population());
        Spare {
            healthy: healthy.count().saturating_sub(floor),
            up: up.count().saturating_sub(floor),
        }
    }

    pub fn may_start(&self) -> bool {
        let primary = self.service.primary();
        primary.is_some_and(|d| d.may_start(self.now))
    }

    /// How many tasks can be started without exceeding the ceiling.
    pub fn room(&self) -> usize {
        let ceiling = self.service.rules.ceiling(self.population());
        ceiling.saturating_sub(self.tasks.len() + self.ending.len())
    }
}

/// How many tasks can go.
pub(super) struct Spare {
    healthy: usize,
    up: usize,
}

impl Spare {
    /// Whether this task can go too; it is counted from here on if so.
    pub fn take(&mut self, view: &View<'_>, task: &Task) -> bool {
        let healthy = view.is_healthy(task);
        if (task.is_up() && self.up == 0) || (healthy && self.healthy == 0) {
            return false;
        }
        self.up -= usize::from(task.is_up());
        self.healthy -= usize::from(healthy);
        true
    }
}

impl Steps {
    /// A task of a revision that is replaced, or one that is not healthy and is.
    pub(super) fn replace(&mut self, view: &View<'_>, task: &Task) {
        if view.is_unhealthy(task) {
            self.stop.push(Stop {
                task: task.id.clone(),
                why: reasons::Stop::failed_health_checks(),
            });
        } else {
            self.scale_in(task);
        }
    }

    /// There is one task too many.
    pub(super) fn scale_in(&mut self, task: &Task) {
        self.stop.push(Stop {
            task: task.id.clone(),
            why: reasons::Stop::by_scheduler(&task.deployment),
        });
    }
}
