//! The owner of a task: the only one who changes its state.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use ecs::acs::{Container, Credentials, Task};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::{
    Command, ContainerError, Known, Progress, Record,
    dependencies::{self, Condition, Wait},
    environment::ResolvedValues,
    plan::{self, Step, View},
    reporting::Reporting,
    steps::Subject,
};
use crate::{
    ImagePullBehavior, labels, reason,
    report::ReportedStatus,
    resolve::{Provider, RegistryLogin, ResolveError, Values, references, wanted_login},
    runtime::{ContainerState, FoundContainer, Health, Phase},
    tasks::Shared,
};

/// How long a task waits for the credentials of its execution role.
const ROLE_PATIENCE: Duration = Duration::from_mins(1);
/// Changes that come close together go into one report.
const GATHER: Duration = Duration::from_secs(1);
/// How long a container must have run before its restart policy starts it again.
const RESTART_PERIOD_SECS: i64 = 300;

type Logins = HashMap<String, RegistryLogin>;

/// The end of a job.
enum Event {
    Manifest(usize, Result<Option<String>, ContainerError>),
    Pulled(usize, Result<(), ContainerError>),
    Created(usize, Result<String, ContainerError>),
    Started(usize, Result<ContainerState, ContainerError>),
    Health(usize, Health),
    Exited(usize, Option<ContainerState>),
    /// The job was given up because the task is to stop.
    Abandoned(usize),
    Values(Provider, Result<Values, ResolveError>),
    Logins(Result<Logins, ResolveError>),
    NoRole,
    StopRequested,
}

/// How far the values of one provider are.
enum Fetch {
    Wanted,
    UnderWay,
    Done(Arc<Values>),
}

/// Drives one task until all its containers have stopped.
pub(crate) struct Owner {
    shared: Arc<Shared>,
    task: Arc<Task>,
    records: Vec<Record>,
    waits: Vec<Vec<Wait>>,
    wanted_running: bool,
    reason: Option<String>,
    role: Option<Credentials>,
    fetches: BTreeMap<Provider, Fetch>,
    /// `None` until they are read; empty where none are needed.
    logins: Option<Logins>,
    logins_under_way: bool,
    waits_for_role: bool,
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
        let owner = Self {
            records: vec![Record::default(); task.containers.len()],
            waits: Vec::new(),
            wanted_running,
            reason: None,
            role,
            fetches: BTreeMap::new(),
            logins: None,
            logins_under_way: false,
            waits_for_role: false,
            jobs: FuturesUnordered::new(),
            commands,
            stop_signal: watch::Sender::new(!wanted_running),
            progress,
            reporting: Reporting::new(queue),
            shared,
            task: Arc::new(task),
        };
        (owner, seen)
    }

    /// Runs the task to its end.
    pub async fn run(mut self) {
        match dependencies::of_task(&self.task) {
            Ok(waits) => self.waits = waits,
            Err(dependencies::Unresolvable) => {
                let arn = &self.task.arn;
                let reason = format!("Task dependencies cannot be resolved, taskArn: {arn}");
                self.reporting.refused(reason);
                self.finish();
                return;
            }
        }
        self.adopt().await;
        self.want_values();
        loop {
            self.advance();
            self.reporting
                .update(&self.task, &self.records, self.wanted_running);
            if self.is_over() {
                break;
            }
            let tick = self.wanted_running
                && (self.reporting.has_unsent() || self.waits_with_a_timeout());
            tokio::select! {
                Some(command) = self.commands.recv() => self.obey(command),
                Some(event) = self.jobs.next() => self.apply(event),
                () = sleep(GATHER), if tick => self.reporting.flush(),
            }
        }
        if !self.records.is_empty() {
            let reason = self.reason.take().unwrap_or_default();
            self.reporting.stopped(&reason, self.shared.now());
        }
        self.finish();
    }

    fn finish(&self) {
        tracing::info!(task.arn = self.task.arn, "task over");
        self.progress.send_replace(Progress {
            wanted_running: false,
            stopped_at: Some(self.shared.now()),
        });
    }

    fn is_over(&self) -> bool {
        let stopped = self.records.iter().all(|r| r.known == Known::Stopped);
        // A task without containers waits for its stop.
        stopped && !(self.records.is_empty() && self.wanted_running)
    }

    /// Whether a wait may run out with nothing else happening.
    fn waits_with_a_timeout(&self) -> bool {
        let has_timeout = |container: &Container| container.start_timeout.is_some();
        self.task.containers.iter().any(has_timeout)
            && self.records.iter().any(|r| r.known < Known::Running)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::ExecutionRole(credentials) => self.role = Some(credentials),
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
    fn resource_failed(&mut self, error: &ResolveError) {
        self.reason
            .get_or_insert_with(|| reason::terminal(&error.to_string()));
        self.stop_task();
    }

    fn record(&self, index: usize) -> &Record {
        self.records.get(index).expect("made for each container")
    }

    fn record_mut(&mut self, index: usize) -> &mut Record {
        self.records.get_mut(index).expect("made for each container")
    }

    fn container(&self, index: usize) -> &Container {
        self.task.containers.get(index).expect("indices are those of containers")
    }

    // Containers from before a restart.

    async fn adopt(&mut self) {
        let of_task = [
            (labels::TASK_ARN, self.task.arn.as_str()),
            (labels::INSTALLATION, &self.shared.config.installation),
        ];
        let found = loop {
            match self.shared.runtime.find(&of_task).await {
                Ok(found) => break found,
                Err(error) => {
                    tracing::warn!(task.arn = self.task.arn, %error, "the engine does not answer");
                    sleep(GATHER).await;
                }
            }
        };
        for container in found {
            self.adopt_container(container).await;
        }
    }

    async fn adopt_container(&mut self, found: FoundContainer) {
        let name = found.labels.get(labels::CONTAINER_NAME);
        let mut containers = self.task.containers.iter();
        let Some(index) = containers.position(|container| Some(&container.name) == name) else {
            return;
        };
        let Ok(Some(state)) = self.shared.runtime.inspect(&found.id).await else {
            return;
        };
        tracing::info!(task.arn = self.task.arn, container = name, "container found again");
        let image = &self.container(index).image;
        let image = self.shared.runtime.local_image(image).await;
        let now = self.shared.now();
        let record = self.record_mut(index);
        record.image_digest = image.ok().flatten().and_then(|image| image.digest);
        record.runtime_id = Some(found.id.clone());
        record.known = Known::Created;
        if state.phase != Phase::Created {
            record.known = Known::Running;
            record.started_at = Some(state.created_at.unwrap_or(now));
            record.bindings.clone_from(&state.bindings);
            self.container_changed(index, ReportedStatus::Running);
            self.watch(index, found.id);
        }
    }

    // Values and logins.

    /// Only containers that are not created yet need anything.
    fn uncreated(&self) -> impl Iterator<Item = &Container> {
        let containers = self.task.containers.iter().zip(&self.records);
        containers
            .filter(|(_, record)| record.runtime_id.is_none() && record.known < Known::Created)
            .map(|(container, _)| container)
    }

    fn want_values(&mut self) {
        if !self.wanted_running {
            return;
        }
        let unknown = self
            .uncreated()
            .flat_map(|container| &container.secrets)
            .find(|secret| Provider::parse(&secret.provider).is_none());
        if let Some(secret) = unknown {
            let error = ResolveError::unknown_provider(&secret.value_from, &secret.provider);
            return self.resource_failed(&error);
        }
        let wanted: Vec<_> = Provider::ALL
            .into_iter()
            .filter(|provider| !references(self.uncreated(), *provider).is_empty())
            .collect();
        for provider in wanted {
            self.fetches.insert(provider, Fetch::Wanted);
        }
        if self.uncreated().all(|container| wanted_login(container).is_none()) {
            self.logins = Some(Logins::new());
        }
    }

    fn fetch(&mut self) {
        let fetch_open = self.fetches.values().any(|fetch| matches!(fetch, Fetch::Wanted));
        let logins_open = self.logins.is_none() && !self.logins_under_way;
        if !fetch_open && !logins_open {
            return;
        }
        let Some(role) = self.role.clone() else {
            if !self.waits_for_role {
                self.waits_for_role = true;
                self.jobs
                    .push(sleep(ROLE_PATIENCE).map(|()| Event::NoRole).boxed());
            }
            return;
        };
        if logins_open {
            self.logins_under_way = true;
            self.fetch_logins(role.clone());
        }
        for provider in Provider::ALL {
            if matches!(self.fetches.get(&provider), Some(Fetch::Wanted)) {
                self.fetches.insert(provider, Fetch::UnderWay);
                self.fetch_values(provider, role.clone());
            }
        }
    }

    fn fetch_logins(&self, role: Credentials) {
        let shared = self.shared.clone();
        let containers: Vec<_> = self.uncreated().cloned().collect();
        let job = async move {
            let logins = shared.resolver.registry_logins();
            Event::Logins(logins.fetch(&containers, &role).await)
        };
        self.jobs.push(job.boxed());
    }

    fn fetch_values(&self, provider: Provider, role: Credentials) {
        let shared = self.shared.clone();
        let wanted = references(self.uncreated(), provider);
        tracing::info!(task.arn = self.task.arn, ?provider, references = wanted.len(), "reading secrets");
        let job = async move {
            let source = shared.resolver.source(provider);
            Event::Values(provider, source.fetch(&wanted, &role).await)
        };
        self.jobs.push(job.boxed());
    }

    /// Lets go of values that no container waits for any more.
    fn drop_used_values(&mut self) {
        let needed: Vec<_> = Provider::ALL
            .into_iter()
            .filter(|provider| !references(self.uncreated(), *provider).is_empty())
            .collect();
        self.fetches.retain(|provider, _| needed.contains(provider));
        if self.records.iter().all(|record| record.known >= Known::Pulled) {
            self.logins = Some(Logins::new());
        }
    }

    fn values(&self) -> ResolvedValues {
        let done = |(provider, fetch): (&Provider, &Fetch)| match fetch {
            Fetch::Done(values) => Some((*provider, values.clone())),
            Fetch::Wanted | Fetch::UnderWay => None,
        };
        self.fetches.iter().filter_map(done).collect()
    }

    // Steps.

    /// Begins everything that can begin now.
    fn advance(&mut self) {
        loop {
            if self.wanted_running {
                self.fetch();
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
            let secrets = self.task.containers.get(index).map(|c| &c.secrets);
            let mut providers = secrets
                .into_iter()
                .flatten()
                .filter_map(|secret| Provider::parse(&secret.provider));
            providers.all(|provider| matches!(self.fetches.get(&provider), Some(Fetch::Done(_))))
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
        let login = self.login(index);
        let record = self.record_mut(index);
        let id = record.runtime_id.clone().unwrap_or_default();
        match step {
            Step::LookUpManifest => {
                record.busy = true;
                self.push_abandonable(index, async move {
                    Event::Manifest(index, subject.look_up_manifest(login).await)
                });
            }
            Step::Pull => {
                record.busy = true;
                let digest = record.image_digest.clone();
                self.reporting.pull_began(self.shared.now());
                self.push_abandonable(index, async move {
                    Event::Pulled(index, subject.pull(digest, login).await)
                });
            }
            Step::Create => {
                record.busy = true;
                let (values, peers) = (self.values(), self.peers());
                let job = async move { Event::Created(index, subject.create(values, peers).await) };
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
    fn push_abandonable(
        &self,
        index: usize,
        job: impl Future<Output = Event> + Send + 'static,
    ) {
        let mut stop = self.stop_signal.subscribe();
        let job = async move {
            tokio::select! {
                event = job => event,
                _ = stop.wait_for(|stop| *stop) => Event::Abandoned(index),
            }
        };
        self.jobs.push(job.boxed());
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

    fn give_up(&mut self, index: usize, on: usize, why: &str) {
        let describe = |index: usize| {
            let container = self.container(index);
            let record = self.record(index);
            let exit = record.exit_code.map_or(String::new(), |code| format!(" - Exit: {code}"));
            format!(
                "{}({}) ({}->RUNNING){exit}",
                container.name,
                container.image,
                record.known.as_str()
            )
        };
        let text = format!(
            "dependency graph: failed to resolve container ordering dependency [{}] for target [{}] as {why}.",
            describe(on),
            describe(index)
        );
        // AWS: it is reported as if it had been terminated.
        self.record_mut(index).exit_code = Some(143);
        self.fail(index, &ContainerError::new("CannotStartContainerError", text));
    }

    /// Sees to it that the container's end is noticed, and its health where another container waits for that.
    fn watch(&self, index: usize, id: String) {
        let subject = Subject {
            shared: self.shared.clone(),
            task: self.task.clone(),
            index,
        };
        let is_awaited = |wait: &Wait| wait.on == index && wait.condition == Condition::Healthy;
        if self.waits.iter().flatten().any(is_awaited) {
            let (subject, id) = (subject.clone(), id.clone());
            let job = async move { Event::Health(index, subject.wait_healthy(&id).await) };
            self.jobs.push(job.boxed());
        }
        let job = async move { Event::Exited(index, subject.wait(&id).await) };
        self.jobs.push(job.boxed());
    }

    // Events.

    fn apply(&mut self, event: Event) {
        match event {
            Event::Manifest(index, Ok(digest)) => {
                self.reach(index, Known::ManifestPulled);
                self.record_mut(index).image_digest = digest;
            }
            Event::Manifest(index, Err(error)) => self.manifest_failed(index, &error),
            Event::Pulled(index, outcome) => {
                self.reporting.pull_ended(self.shared.now());
                match outcome {
                    Ok(()) => {
                        self.reach(index, Known::Pulled);
                        self.record_mut(index).reason = None;
                    }
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
            Event::Health(index, health) => self.record_mut(index).health = health,
            Event::Exited(index, state) => self.exited(index, state),
            Event::Abandoned(index) => self.record_mut(index).busy = false,
            Event::Values(provider, Ok(values)) => {
                if self.wanted_running {
                    self.fetches.insert(provider, Fetch::Done(Arc::new(values)));
                }
            }
            Event::Logins(Ok(logins)) => self.logins = Some(logins),
            Event::Values(_, Err(error)) | Event::Logins(Err(error)) => {
                self.resource_failed(&error);
            }
            Event::NoRole => self.role_did_not_come(),
            Event::StopRequested => {}
        }
    }

    fn reach(&mut self, index: usize, known: Known) {
        let record = self.record_mut(index);
        record.known = known;
        record.busy = false;
    }

    fn pull_must_succeed(&self) -> bool {
        let behavior = self.shared.config.ecs.image_pull_behavior;
        matches!(behavior, ImagePullBehavior::Always | ImagePullBehavior::Once)
    }

    fn manifest_failed(&mut self, index: usize, error: &ContainerError) {
        self.record_mut(index).manifest_failed = true;
        if self.pull_must_succeed() {
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
        let record = self.record_mut(index);
        record.started_at = Some(now);
        record.bindings = state.bindings;
        let id = record.runtime_id.clone().unwrap_or_default();
        if !restarted {
            self.container_changed(index, ReportedStatus::Running);
        }
        self.watch(index, id);
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
            tracing::info!(task.arn = self.task.arn, "container starts again by its restart policy");
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
        let ignored = record.exit_code.is_none_or(|code| policy.ignored_exit_codes.contains(&code));
        let period = policy.restart_attempt_period.unwrap_or(RESTART_PERIOD_SECS);
        let ran_long_enough = record
            .started_at
            .is_some_and(|started| started.plus_secs(period) <= self.shared.now());
        !ignored && ran_long_enough
    }

    fn fail(&mut self, index: usize, error: &ContainerError) {
        let name = self.container(index).name.clone();
        tracing::warn!(task.arn = self.task.arn, container = name, %error, "container failed");
        self.record_mut(index)
            .reason
            .get_or_insert_with(|| error.to_string());
        self.container_stopped(index);
    }

    fn container_stopped(&mut self, index: usize) {
        self.reach(index, Known::Stopped);
        self.container_changed(index, ReportedStatus::Stopped);
        if self.container(index).essential {
            self.stop_task();
        }
    }

    fn container_changed(&mut self, index: usize, status: ReportedStatus) {
        let name = self.container(index).name.clone();
        let report = self.record(index).report(&name, status);
        self.reporting.container_changed(report);
    }

    fn role_did_not_come(&mut self) {
        self.waits_for_role = false;
        if self.role.is_some() || !self.wanted_running {
            return;
        }
        let mut providers = self.fetches.keys();
        let error = match providers.next() {
            Some(provider) => provider.without_role(),
            None => ResolveError::login_without_role(),
        };
        self.resource_failed(&error);
    }
}
