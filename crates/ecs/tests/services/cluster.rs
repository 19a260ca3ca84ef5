//! One service, its tasks as the server keeps them, and an agent that does with them what chance wants.

use std::collections::BTreeMap;

use ecs::{
    reasons::StopCode,
    service::{Deployment, EndedBy, Instances, Rollout, Rules, Service, Steps, Strategy, Task},
    states::{ContainerState, Health, Interface, Progress, Status, TaskReport},
};
use types::Timestamp;

use crate::fate::{Chance, Kind, Report, fate};

/// A task as the server keeps it.
pub struct Kept {
    pub deployment: String,
    pub created_at: Timestamp,
    pub instance: Option<String>,
    pub progress: Progress,
    /// The scheduler has taken note of its end.
    noted: bool,
}

/// A service with its tasks.
pub struct Simulated {
    pub service: Service,
    pub instances: Instances,
    pub tasks: BTreeMap<String, Kept>,
    /// What the agent will report: when, of which task.
    pub reports: Vec<(Timestamp, String, Report)>,
    kinds: BTreeMap<String, Kind>,
    deployments: u32,
    pub started: usize,
    look_again_at: Option<Timestamp>,
    /// The pauses between attempts while nothing starts, for the throttle.
    pub longest_pause_secs: i64,
}

impl Simulated {
    pub fn new(
        name: &str,
        strategy: Strategy,
        count: usize,
        rules: Rules,
        kind: Kind,
        now: Timestamp,
    ) -> Self {
        let id = "ecs-svc/1".to_owned();
        let first = Deployment::new(id.clone(), name, 1, String::new(), now);
        let names: Vec<String> = (0..count.max(1)).map(|n| format!("i{n}")).collect();
        Self {
            service: Service::new(name, strategy, count, rules, first),
            instances: Instances {
                active: names.clone(),
                ready: names,
            },
            tasks: BTreeMap::new(),
            reports: Vec::new(),
            kinds: [(id, kind)].into(),
            deployments: 1,
            started: 0,
            look_again_at: Some(now),
            longest_pause_secs: 0,
        }
    }

    /// A forced deployment whose tasks turn out like this.
    pub fn deploy(&mut self, kind: Kind, now: Timestamp) {
        self.deployments += 1;
        let id = format!("ecs-svc/{}", self.deployments);
        self.kinds.insert(id.clone(), kind);
        let name = self.service.name.clone();
        let revision = i64::from(self.deployments);
        self.service
            .deploy(Deployment::new(id, &name, revision, String::new(), now));
        self.look_again_at = Some(now);
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<Timestamp> {
        let reports = self.reports.iter().map(|(at, ..)| *at);
        reports.chain(self.look_again_at).min()
    }

    /// Something happens at this moment that was not foreseen.
    pub fn interrupt(&mut self, now: Timestamp) {
        self.look_again_at = Some(now);
    }

    /// Delivers the reports that are due, and lets the scheduler look.
    pub fn turn(&mut self, chance: &Chance, now: Timestamp) {
        let (due, later) = std::mem::take(&mut self.reports)
            .into_iter()
            .partition(|(at, ..)| *at <= now);
        self.reports = later;
        let due: Vec<(Timestamp, String, Report)> = due;
        for (_, id, report) in due {
            self.deliver(&id, report, now);
            self.detach(&id, chance, now);
        }
        self.schedule(chance, now);
    }

    fn deliver(&mut self, id: &str, report: Report, now: Timestamp) {
        let Some(kept) = self.tasks.get_mut(id) else {
            return;
        };
        let ends_attached = !kept.progress.last_status.has_ended();
        let stopped = |reason: &str, exit_code| TaskReport {
            status: Some(Status::Stopped),
            attached: Some(ends_attached),
            reason: reason.to_owned(),
            containers: vec![ecs::states::ContainerReport {
                name: "app".to_owned(),
                status: Some(Status::Stopped),
                exit_code,
                ..ecs::states::ContainerReport::default()
            }],
            ..TaskReport::default()
        };
        let progress = &mut kept.progress;
        match report {
            // An agent that was told to stop a task does not report it running any more.
            Report::Running if !progress.wanted => {}
            Report::Running => progress.fold(
                &TaskReport {
                    status: Some(Status::Running),
                    ..TaskReport::default()
                },
                now,
            ),
            Report::Healthy => progress.note_health("app", Health::Healthy),
            Report::Unhealthy => progress.note_health("app", Health::Unhealthy),
            Report::FailedToStart => {
                progress.fold(&stopped("Fetching secret data: denied", None), now);
            }
            Report::Exited => progress.fold(&stopped("", Some(1)), now),
            Report::Stopped => progress.fold(&stopped("", Some(0)), now),
            Report::Detached => {
                let gone = TaskReport {
                    status: Some(Status::Stopped),
                    attached: Some(false),
                    ..TaskReport::default()
                };
                progress.fold(&gone, now);
            }
        }
    }

    /// The agent takes the network interface of a task away that has ended, in its own time.
    fn detach(&mut self, id: &str, chance: &Chance, now: Timestamp) {
        let kept = self.tasks.get(id);
        if kept.is_some_and(|kept| kept.progress.last_status == Status::Deprovisioning) {
            let at = now.plus_secs(chance.secs(0, 4));
            self.reports.push((at, id.to_owned(), Report::Detached));
        }
    }

    fn schedule(&mut self, chance: &Chance, now: Timestamp) {
        for (id, kept) in &mut self.tasks {
            if kept.progress.last_status.has_ended() && !kept.noted {
                kept.noted = true;
                self.service.take_note(&seen(id, kept), now);
            }
        }
        self.tasks
            .retain(|_, kept| kept.progress.last_status != Status::Stopped);
        let before = self.seen();
        self.service.advance(&before, &self.instances, now);
        let steps = self.service.steps(&before, &self.instances, now);
        self.stop(&steps, chance, now);
        self.start(&steps, chance, now);
        self.check(&before, &steps, now);
        let busy = !steps.start.is_empty() || !steps.stop.is_empty();
        self.look_again_at = if busy {
            Some(now.plus_secs(1))
        } else {
            steps.look_again_at
        };
    }

    /// The living tasks.
    pub fn seen(&self) -> Vec<Task> {
        let tasks = self.tasks.iter().map(|(id, kept)| seen(id, kept));
        tasks.filter(Task::is_living).collect()
    }

    fn stop(&mut self, steps: &Steps, chance: &Chance, now: Timestamp) {
        for stop in &steps.stop {
            let kept = self
                .tasks
                .get_mut(&stop.task)
                .expect("it is a task of this service");
            kept.progress.request_stop(stop.why.clone(), now);
            if chance.percent(70) {
                kept.progress.stop_handed_over();
            }
            let at = now.plus_secs(chance.secs(0, 31));
            self.reports.push((at, stop.task.clone(), Report::Stopped));
        }
        self.service.stopped(&steps.stop, now);
    }

    fn start(&mut self, steps: &Steps, chance: &Chance, now: Timestamp) {
        let primary = self.service.primary().map(|d| d.id.clone());
        let mut ids = Vec::new();
        for start in &steps.start {
            let deployment = primary
                .clone()
                .expect("only the primary deployment starts tasks");
            let kind = self.kinds[&deployment];
            self.started += 1;
            let id = format!("t{:06}", self.started);
            let mut progress = Progress::new(vec![container(kind.has_checks())]);
            if chance.percent(50) {
                progress.interface = Interface::Detached;
            }
            progress.place();
            progress.hand_over();
            for (secs, report) in fate(kind, chance) {
                self.reports.push((now.plus_secs(secs), id.clone(), report));
            }
            self.tasks.insert(
                id.clone(),
                Kept {
                    deployment,
                    created_at: now,
                    instance: start.on.clone(),
                    progress,
                    noted: false,
                },
            );
            ids.push(id);
        }
        let replacing = steps.replacing.min(ids.len());
        self.service.started(&ids, replacing, now);
    }

    /// What must hold after every look, whatever happened before.
    fn check(&mut self, before: &[Task], steps: &Steps, now: Timestamp) {
        let service = &self.service;
        let population = service.population(&self.instances);
        let (floor, ceiling) = (
            service.rules.floor(population),
            service.rules.ceiling(population),
        );
        if !steps.start.is_empty() {
            let primary = service.primary().expect("it started something");
            assert!(
                primary.rollout != Rollout::Failed,
                "a failed deployment starts nothing"
            );
            let living = self.seen().len();
            assert!(living <= ceiling, "{living} tasks above {ceiling}");
        }
        if service.status == ecs::service::ServiceStatus::Active {
            let healthy = |task: &&Task| service.is_healthy(task, now);
            let stopped = |task: &&Task| steps.stop.iter().any(|stop| stop.task == task.id);
            let was = before.iter().filter(healthy).count();
            let is = before
                .iter()
                .filter(healthy)
                .filter(|task| !stopped(task))
                .count();
            assert!(
                is >= floor.min(was),
                "{is} healthy tasks, {was} before, floor {floor}"
            );
        }
        if service.strategy == Strategy::Daemon {
            for instance in &self.instances.active {
                let here = self.tasks.values().filter(|kept| {
                    kept.progress.wanted && kept.instance.as_ref() == Some(instance)
                });
                let most = if service.rules.maximum_percent > 100 {
                    2
                } else {
                    1
                };
                assert!(here.count() <= most, "doubled on {instance}");
            }
        }
        assert!(service.events.len() <= 100);
        let until = service.look_again_in(before, now);
        self.longest_pause_secs = self.longest_pause_secs.max(until.unwrap_or(0));
    }

    /// Whether it has what it wants, and nothing is under way.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        let tasks = self.seen();
        let primary = self.service.primary();
        self.tasks.len() == self.service.population(&self.instances)
            && tasks.iter().all(|task| {
                self.service.is_healthy(task, now)
                    && primary.is_some_and(|d| d.id == task.deployment)
            })
    }

    pub fn kind_of_primary(&self) -> Option<Kind> {
        Some(self.kinds[&self.service.primary()?.id])
    }
}

trait Pause {
    /// In how many seconds the primary deployment may try again.
    fn look_again_in(&self, tasks: &[Task], now: Timestamp) -> Option<i64>;
}

impl Pause for Service {
    fn look_again_in(&self, tasks: &[Task], now: Timestamp) -> Option<i64> {
        let steps = self.steps(tasks, &Instances::default(), now);
        let at = steps
            .look_again_at
            .filter(|_| tasks.is_empty() && !self.steady)?;
        Some(at.as_secs() - now.as_secs())
    }
}

fn seen(id: &str, kept: &Kept) -> Task {
    let progress = &kept.progress;
    let ended_by = match &progress.stop {
        Some(stop) if *stop == ecs::reasons::Stop::failed_health_checks() => EndedBy::Health,
        Some(stop) if stop.code == StopCode::ServiceSchedulerInitiated => EndedBy::Wish,
        _ => EndedBy::Itself,
    };
    Task {
        id: id.to_owned(),
        deployment: kept.deployment.clone(),
        status: progress.last_status,
        wanted: progress.wanted,
        health: progress.health(),
        created_at: kept.created_at,
        started_at: progress.started_at,
        ended_by,
        instance: kept.instance.clone(),
    }
}

fn container(checked: bool) -> ContainerState {
    ContainerState {
        id: "app".to_owned(),
        name: "app".to_owned(),
        image: "busybox".to_owned(),
        essential: true,
        cpu: "0".to_owned(),
        memory: None,
        memory_reservation: None,
        last_status: Status::Pending,
        image_digest: None,
        runtime_id: None,
        exit_code: None,
        reason: None,
        network_bindings: Vec::new(),
        health: checked.then_some(Health::Unknown),
    }
}
