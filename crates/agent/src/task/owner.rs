//! The owner of a task: the only one who changes its state.

mod adoption;
mod events;
mod network;
mod resources;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use ecs::acs::{Container, Task};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use self::network::{Held, Network};
use super::{
    Command, ContainerError, Known, Progress, Record,
    dependencies::{self, Lost, Wait},
    environment,
    held::{self, has_health_check},
    images::{EcrTokens, ImageAccess},
    plan::{self, Step, View},
    reporting::Reporting,
    steps::Subject,
};
use crate::{
    firelens, reason,
    report::ReportedStatus,
    resolve::{
        FileVariables, Provider, RegistryLogin, ResolveError, TaskRole, Values, wanted_login,
    },
    runtime::{ContainerState, Health, RuntimeError},
    tasks::{Shared, is_fargate},
};

/// Changes that come close together go into one report.
const GATHER: Duration = Duration::from_secs(1);
/// How long a container must have run before its restart policy starts it again.
const RESTART_PERIOD_SECS: i64 = 300;

type Logins = HashMap<String, RegistryLogin>;

/// The end of a job.
enum Event {
    Manifest(usize, Result<Option<String>, ContainerError>),
    /// With the image's name here, where that is not the container's.
    Pulled(usize, Result<Option<String>, ContainerError>),
    Created(usize, Result<String, ContainerError>),
    Started(usize, Result<ContainerState, ContainerError>),
    /// Another health than before; nothing once the container has ended.
    Health(usize, Option<Health>),
    Exited(usize, Option<ContainerState>),
    /// The job was given up because the task is to stop.
    Abandoned(usize),
    Values(Provider, Result<Values, ResolveError>),
    Logins(Result<Logins, ResolveError>),
    Files(Result<FileVariables, ResolveError>),
    NoRole,
    Network(Result<Held, RuntimeError>),
    NetworkLost,
    StopRequested,
}

/// How far the values of one provider are.
enum Fetch {
    Wanted,
    UnderWay,
    Done(Arc<Values>),
}

/// How far the environment files are.
enum Files {
    Wanted,
    UnderWay,
    Done(FileVariables),
}

/// Drives one task until all its containers have stopped.
pub(crate) struct Owner {
    shared: Arc<Shared>,
    task: Arc<Task>,
    records: Vec<Record>,
    waits: Vec<Vec<Wait>>,
    wanted_running: bool,
    reason: Option<String>,
    role: Option<TaskRole>,
    fetches: BTreeMap<Provider, Fetch>,
    /// `None` until they are read; empty where none are needed.
    logins: Option<Logins>,
    logins_under_way: bool,
    files: Files,
    tokens: Arc<EcrTokens>,
    waits_for_role: bool,
    network: Network,
    jobs: FuturesUnordered<BoxFuture<'static, Event>>,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Tells pulls and lookups that nobody needs them any more.
    stop_signal: watch::Sender<bool>,
    progress: watch::Sender<Progress>,
    reporting: Reporting,
}

impl Owner {
    pub fn new(
        shared: Arc<Shared>,
        mut task: Task,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> (Self, watch::Receiver<Progress>) {
        let wanted_running = task.desired_status == "RUNNING";
        let (progress, seen) = watch::channel(Progress {
            wanted_running,
            stopped_at: None,
        });
        let queue = shared.reporter.of_task(&task.arn);
        let role = task.execution_role_credentials.take();
        let role = role.map(|sent| TaskRole::new(sent, &task.arn, shared.config.aws.as_ref()));
        let owner = Self {
            records: vec![Record::default(); task.containers.len()],
            waits: Vec::new(),
            wanted_running,
            reason: None,
            role,
            fetches: BTreeMap::new(),
            logins: None,
            logins_under_way: false,
            files: Files::Wanted,
            tokens: Arc::default(),
            waits_for_role: false,
            network: Network::of(task.network_mode.as_deref()),
            jobs: FuturesUnordered::new(),
            commands,
            stop_signal: watch::Sender::new(!wanted_running),
            progress,
            reporting: Reporting::new(queue, &task),
            shared,
            task: Arc::new(task),
        };
        (owner, seen)
    }

    /// Runs the task to its end.
    pub async fn run(mut self) {
        let Ok(waits) = dependencies::of_task(&self.task) else {
            let arn = &self.task.arn;
            let reason = format!("Task dependencies cannot be resolved, taskArn: {arn}");
            self.reporting.refused(reason);
            return self.finish();
        };
        self.waits = waits;
        self.adopt().await;
        if let Err(error) = firelens::generate(&self.task, &self.shared.config.cluster) {
            self.resource_failed(&error);
        }
        self.want_values();
        loop {
            self.advance();
            if let Some(facts) = held::facts(&self.task, &self.records) {
                self.shared.facts.set(facts);
            }
            self.reporting
                .update(&self.task, &self.records, self.wanted_running);
            if self.is_over() {
                break;
            }
            let tick =
                self.wanted_running && (self.reporting.has_unsent() || self.waits_with_a_timeout());
            tokio::select! {
                Some(command) = self.commands.recv() => self.obey(command),
                Some(event) = self.jobs.next() => self.apply(event),
                () = sleep(GATHER), if tick => self.reporting.flush(),
            }
        }
        self.end().await;
        self.finish();
    }

    /// Its containers have stopped: lets go of what the task had beside them, and tells so. A network that has a name of
    /// its own at the control plane takes its leave by itself, after the containers.
    async fn end(&mut self) {
        let reason = self.reason.take().unwrap_or_default();
        self.shared.cgroups.release(&self.task.arn);
        let has_containers = !self.records.is_empty();
        let holds_network = self.network.holder().is_some();
        if has_containers && holds_network && self.reporting.tells_of_attachment() {
            self.reporting.attached = Some(true);
            self.reporting.stopped(&reason, self.shared.now());
        }
        self.remove_network().await;
        self.reporting.attached = Some(false);
        if has_containers {
            self.reporting.stopped(&reason, self.shared.now());
        }
    }

    fn finish(&self) {
        tracing::info!(task.arn = self.task.arn, "task over");
        self.shared.facts.forget(&self.task.arn);
        self.progress.send_replace(Progress {
            wanted_running: false,
            stopped_at: Some(self.shared.now()),
        });
    }

    fn is_over(&self) -> bool {
        let stopped = self.records.iter().all(|r| r.known == Known::Stopped);
        // A task without containers waits for its stop.
        let waits_for_stop = self.records.is_empty() && self.wanted_running;
        stopped && !waits_for_stop && self.network != Network::UnderWay
    }

    /// Whether a wait may run out with nothing else happening.
    fn waits_with_a_timeout(&self) -> bool {
        let has_timeout = |container: &Container| container.start_timeout.is_some();
        self.task.containers.iter().any(has_timeout)
            && self.records.iter().any(|r| r.known < Known::Running)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::ExecutionRole(sent) => {
                let aws = self.shared.config.aws.as_ref();
                // A role that was assumed in AWS stays as it is.
                if self.role.is_none() || aws.is_none() {
                    self.role = Some(TaskRole::new(sent, &self.task.arn, aws));
                }
            }
            Command::Stop => self.stop_task(),
        }
    }

    fn stop_task(&mut self) {
        if self.wanted_running {
            self.wanted_running = false;
            self.stop_signal.send_replace(true);
            self.progress.send_modify(|p| p.wanted_running = false);
            let now = self.shared.now();
            self.reporting.times.execution_stopped_at.get_or_insert(now);
        }
    }

    /// A resource of the task failed: the task stops, whatever container it was for. The first reason stays.
    fn resource_failed(&mut self, error: &dyn std::fmt::Display) {
        let mut text = error.to_string();
        if is_fargate(&self.task) {
            text = ecs::fargate::initialization_failed(&text);
        }
        self.reason.get_or_insert_with(|| reason::terminal(&text));
        self.stop_task();
    }

    fn record(&self, index: usize) -> &Record {
        self.records.get(index).expect("made for each container")
    }

    fn record_mut(&mut self, index: usize) -> &mut Record {
        self.records
            .get_mut(index)
            .expect("made for each container")
    }

    fn container(&self, index: usize) -> &Container {
        self.task
            .containers
            .get(index)
            .expect("indices are those of containers")
    }

    /// Begins everything that can begin now.
    fn advance(&mut self) {
        loop {
            if self.wanted_running {
                self.fetch();
                self.hold_network();
            }
            let steps = self.next_steps();
            if steps.is_empty() {
                return;
            }
            for (index, step) in steps {
                self.begin(index, step);
            }
        }
    }

    fn next_steps(&self) -> Vec<(usize, Step)> {
        let has_values = |index: usize| {
            let container = self.task.containers.get(index);
            let has_files = container.is_none_or(|c| c.environment_files.is_empty());
            let container = container.into_iter();
            let mut providers = container.flat_map(|c| environment::providers(&self.task, c));
            (has_files || matches!(self.files, Files::Done(_)))
                && providers
                    .all(|provider| matches!(self.fetches.get(&provider), Some(Fetch::Done(_))))
        };
        let has_login = |index: usize| {
            let container = self.task.containers.get(index);
            self.logins.is_some() || container.and_then(wanted_login).is_none()
        };
        plan::next_steps(&View {
            task: &self.task,
            records: &self.records,
            waits: &self.waits,
            wanted_running: self.wanted_running,
            has_network: self.network.is_ready(),
            now: self.shared.now(),
            has_values: &has_values,
            has_login: &has_login,
        })
    }

    fn begin(&mut self, index: usize, step: Step) {
        let subject = Subject {
            shared: self.shared.clone(),
            task: self.task.clone(),
            index,
        };
        let access = self.image_access(index);
        let network = self.network.holder().map(str::to_owned);
        let times = self.reporting.times;
        let record = self.record_mut(index);
        let id = record.runtime_id.clone().unwrap_or_default();
        match step {
            Step::LookUpManifest => {
                record.busy = true;
                self.push_abandonable(index, async move {
                    Event::Manifest(index, subject.look_up_manifest(access).await)
                });
            }
            Step::Pull => {
                record.busy = true;
                let digest = record.image_digest.clone();
                self.reporting.pull_began(self.shared.now());
                self.push_abandonable(index, async move {
                    Event::Pulled(index, subject.pull(digest, access).await)
                });
            }
            Step::Create => {
                record.busy = true;
                let image = record.image_here.clone();
                let (values, peers) = (self.values(), self.peers());
                let held = held::of_container(self.container(index), &values);
                self.record_mut(index).held.clone_from(&held);
                let files = match &self.files {
                    Files::Done(files) => files.of(&self.container(index).name),
                    Files::Wanted | Files::UnderWay => Arc::default(),
                };
                let given = (values, files, held);
                let job = async move {
                    Event::Created(
                        index,
                        subject.create(image, given, peers, network, times).await,
                    )
                };
                self.jobs.push(job.boxed());
            }
            Step::Start => {
                record.busy = true;
                let job = async move { Event::Started(index, subject.start(&id).await) };
                self.jobs.push(job.boxed());
            }
            Step::Stop => {
                record.stopping = true;
                let job = async move {
                    subject.stop(&id).await;
                    Event::StopRequested
                };
                self.jobs.push(job.boxed());
            }
            Step::EndUnstarted => self.container_stopped(index),
            Step::GiveUp { on, why } => self.give_up(index, on, why),
        }
    }

    /// A job that nobody needs once the task is to stop.
    fn push_abandonable(&self, index: usize, job: impl Future<Output = Event> + Send + 'static) {
        let mut stop = self.stop_signal.subscribe();
        let job = async move {
            tokio::select! {
                event = job => event,
                _ = stop.wait_for(|stop| *stop) => Event::Abandoned(index),
            }
        };
        self.jobs.push(job.boxed());
    }

    fn image_access(&self, index: usize) -> ImageAccess {
        ImageAccess {
            login: self.login(index),
            role: self.role.clone(),
            tokens: self.tokens.clone(),
        }
    }

    fn login(&self, index: usize) -> Option<RegistryLogin> {
        let container = self.task.containers.get(index)?;
        let (parameter, _) = wanted_login(container)?;
        self.logins.as_ref()?.get(parameter).cloned()
    }

    fn peers(&self) -> BTreeMap<String, String> {
        let containers = self.task.containers.iter().zip(&self.records);
        containers
            .filter_map(|(container, record)| {
                Some((container.name.clone(), record.runtime_id.clone()?))
            })
            .collect()
    }

    fn give_up(&mut self, index: usize, on: usize, why: Lost) {
        let describe = |index: usize| {
            let container = self.container(index);
            let record = self.record(index);
            let exit = record
                .exit_code
                .map_or(String::new(), |code| format!(" - Exit: {code}"));
            format!(
                "{}({}) ({}->RUNNING){exit}",
                container.name,
                container.image,
                record.known.as_str()
            )
        };
        let text = why.text(&describe(on), &describe(index));
        // AWS: it is reported as if it had been terminated.
        self.record_mut(index).exit_code = Some(143);
        self.fail(
            index,
            &ContainerError::new("CannotStartContainerError", text),
        );
    }

    /// Sees to it that the container's end is noticed, and its health where it has a check.
    fn watch(&self, index: usize, id: String) {
        let subject = Subject {
            shared: self.shared.clone(),
            task: self.task.clone(),
            index,
        };
        if has_health_check(self.container(index)) {
            self.watch_health(index);
        }
        let job = async move { Event::Exited(index, subject.wait(&id).await) };
        self.jobs.push(job.boxed());
    }

    /// Sees to it that another health of the container than the known one is noticed.
    pub(super) fn watch_health(&self, index: usize) {
        let subject = Subject {
            shared: self.shared.clone(),
            task: self.task.clone(),
            index,
        };
        let record = self.record(index);
        let (id, known) = (record.runtime_id.clone().unwrap_or_default(), record.health);
        let job = async move { Event::Health(index, subject.other_health(&id, known).await) };
        self.jobs.push(job.boxed());
    }
}
