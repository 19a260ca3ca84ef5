//! All tasks of the agent: each has one owner, and this is where messages find it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ecs::acs::{Container, Credentials, Task};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use types::{Arn, Timestamp};

use crate::{
    AgentConfig,
    cgroup::Cgroups,
    facts::Facts,
    firelens, labels,
    link_local::Audience,
    report::{Reporter, TaskReport},
    resolve::Resolver,
    runtime::{ContainerRuntime, FoundContainer, Phase, RuntimeError, answered},
    task::{self, Command, Owner, Progress},
};

/// What every task needs of the agent.
pub(crate) struct Shared {
    pub config: AgentConfig,
    pub runtime: Arc<dyn ContainerRuntime>,
    pub resolver: Resolver,
    /// The same, for tasks that say what went wrong in Fargate's words.
    pub fargate_resolver: Resolver,
    pub reporter: Reporter,
    pub cgroups: Cgroups,
    pub facts: Facts,
    /// The images that this agent pulled, for the pull behaviour `once`.
    pub pulled: Mutex<HashSet<String>>,
}

impl Shared {
    /// Reads what the task needs, and says what went wrong in the words of its launch type.
    pub fn resolver_for(&self, task: &Task) -> &Resolver {
        if is_fargate(task) {
            &self.fargate_resolver
        } else {
            &self.resolver
        }
    }

    pub fn now(&self) -> Timestamp {
        self.config.clock.now()
    }
}

/// Whether the task runs under Fargate's name.
pub(crate) fn is_fargate(task: &Task) -> bool {
    task.launch_type.as_deref() == Some("FARGATE")
}

/// Whether a task of a payload was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Accepted,
    Refused,
}

/// The tasks by ARN.
pub(crate) struct Tasks {
    shared: Arc<Shared>,
    entries: Mutex<BTreeMap<String, Entry>>,
    owners: Mutex<JoinSet<()>>,
}

struct Entry {
    cluster: Option<String>,
    state: State,
}

enum State {
    Owned {
        commands: mpsc::UnboundedSender<Command>,
        progress: watch::Receiver<Progress>,
    },
    /// Containers from before a restart, whose payload has not come again yet. The task is what their labels tell.
    Remnant {
        task: Box<Task>,
        stopped_at: Option<Timestamp>,
    },
}

impl Tasks {
    pub fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            entries: Mutex::default(),
            owners: Mutex::default(),
        }
    }

    /// Finds the containers that an earlier process of this agent left.
    pub async fn find_remnants(&self, container_instance_arn: &str) {
        let shared = &self.shared;
        let ours = [(labels::INSTALLATION, shared.config.installation.as_str())];
        let mut remnants: BTreeMap<String, (Task, bool)> = BTreeMap::new();
        for container in answered(|| shared.runtime.find(&ours)).await {
            let Some(arn) = container.labels.get(labels::TASK_ARN) else {
                continue;
            };
            if !is_of_cluster(arn, &shared.config.cluster, container_instance_arn) {
                continue;
            }
            let state = answered(|| shared.runtime.inspect(&container.id)).await;
            let runs = state.is_some_and(|state| state.phase == Phase::Running);
            let (task, any_runs) = remnants
                .entry(arn.clone())
                .or_insert_with(|| (labelled_task(&container), false));
            if !labels::is_network_holder(&container.labels) {
                task.containers.push(labelled_container(&container));
            }
            *any_runs |= runs;
        }
        let now = shared.now();
        let mut entries = self.entries();
        for (arn, (task, runs)) in remnants {
            tracing::info!(task.arn = arn, running = runs, "containers found again");
            entries.entry(arn).or_insert(Entry {
                cluster: None,
                state: State::Remnant {
                    task: Box::new(task),
                    stopped_at: (!runs).then_some(now),
                },
            });
        }
    }

    /// What the control plane is to know beside the tasks' states.
    pub fn facts(&self) -> &Facts {
        &self.shared.facts
    }

    /// Takes a task of a payload: a new one starts, a known one gets its credentials, or is told to stop.
    pub fn take(&self, mut task: Task, cluster_arn: &str) -> Taken {
        if let Err(refused) = task::accept(&mut task) {
            tracing::warn!(task.arn = task.arn, reason = refused.0, "task refused");
            let queue = self.shared.reporter.of_task(&task.arn);
            queue.push(TaskReport::refused(refused.0));
            return Taken::Refused;
        }
        self.serve_credentials(&mut task);
        let mut entries = self.entries();
        if let Some(Entry {
            state: State::Owned { commands, .. },
            ..
        }) = entries.get(&task.arn)
        {
            // A task that is over does not listen any more, and needs nothing any more.
            if let Some(credentials) = task.execution_role_credentials {
                let _ = commands.send(Command::ExecutionRole(credentials));
            }
            if task.desired_status == "STOPPED" {
                let _ = commands.send(Command::Stop);
            }
            return Taken::Accepted;
        }
        let cluster = task
            .task_cluster_arn
            .clone()
            .unwrap_or_else(|| cluster_arn.to_owned());
        self.own(&mut entries, task, Some(cluster));
        Taken::Accepted
    }

    fn own(&self, entries: &mut BTreeMap<String, Entry>, task: Task, cluster: Option<String>) {
        let arn = task.arn.clone();
        tracing::info!(task.arn = arn, desired = task.desired_status, "task taken");
        let (commands, received) = mpsc::unbounded_channel();
        let (owner, progress) = Owner::new(self.shared.clone(), task, received);
        self.owners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(owner.run());
        let state = State::Owned { commands, progress };
        entries.insert(arn, Entry { cluster, state });
    }

    /// New credentials of a task's execution role. Says whether the task is known.
    pub fn refresh_execution_role(&self, task_arn: &str, credentials: Credentials) -> bool {
        match self.entries().get(task_arn) {
            Some(Entry {
                state: State::Owned { commands, .. },
                ..
            }) => {
                let _ = commands.send(Command::ExecutionRole(credentials));
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Hands out what containers and log drivers of the task are to find. Of the task's credentials only the ids stay.
    fn serve_credentials(&self, task: &mut Task) {
        let Some(link_local) = &self.shared.config.link_local else {
            return;
        };
        // A task in the host's network has no addresses but the host's.
        let containers = match task.network_mode.as_deref() {
            Some("host") => Audience::Host,
            _ => Audience::Task,
        };
        for (offered, audience) in [
            (&mut task.role_credentials, containers),
            (&mut task.log_credentials, Audience::Host),
        ] {
            if let Some(credentials) = offered.take() {
                *offered = Some(Credentials {
                    credentials_id: credentials.credentials_id.clone(),
                    ..Credentials::default()
                });
                link_local.serve(&task.arn, audience, credentials);
            }
        }
    }

    /// New credentials of what is handed out. Says whether the task is known.
    pub fn refresh_served(&self, task_arn: &str, audience: Audience, new: Credentials) -> bool {
        let known = self.knows(task_arn);
        if let Some(link_local) = self.shared.config.link_local.as_ref().filter(|_| known) {
            link_local.renew(task_arn, audience, new);
        }
        known
    }

    pub fn runtime(&self) -> &dyn ContainerRuntime {
        self.shared.runtime.as_ref()
    }

    /// The container of this name, of a task that this agent has.
    pub async fn container(
        &self,
        task_arn: &str,
        name: &str,
    ) -> Result<Option<String>, RuntimeError> {
        if !self.knows(task_arn) {
            return Ok(None);
        }
        let wanted = [
            (labels::TASK_ARN, task_arn),
            (labels::CONTAINER_NAME, name),
            (labels::INSTALLATION, &self.shared.config.installation),
        ];
        let found = self.shared.runtime.find(&wanted).await?;
        Ok(found.into_iter().next().map(|container| container.id))
    }

    pub fn knows(&self, task_arn: &str) -> bool {
        self.entries().contains_key(task_arn)
    }

    /// The tasks that should run as far as this agent knows, with their clusters.
    pub fn wanted_running(&self) -> Vec<(String, Option<String>)> {
        self.entries()
            .iter()
            .filter(|(_, entry)| match &entry.state {
                State::Owned { progress, .. } => progress.borrow().wanted_running,
                State::Remnant { stopped_at, .. } => stopped_at.is_none(),
            })
            .map(|(arn, entry)| (arn.clone(), entry.cluster.clone()))
            .collect()
    }

    /// Stops a task that runs here.
    pub fn stop(&self, task_arn: &str) {
        let mut entries = self.entries();
        match entries.get(task_arn).map(|entry| &entry.state) {
            Some(State::Owned { commands, .. }) => {
                let _ = commands.send(Command::Stop);
            }
            Some(State::Remnant { task, .. }) => {
                let mut task = Task::clone(task);
                "STOPPED".clone_into(&mut task.desired_status);
                self.own(&mut entries, task, None);
            }
            None => {}
        }
    }

    /// Removes the containers of tasks that have been over for the configured time, again and again.
    pub async fn clean_up_for_ever(&self) {
        let wait = self.shared.config.ecs.engine_task_cleanup_wait_duration;
        let pause = wait.clamp(Duration::from_secs(1), Duration::from_mins(1));
        loop {
            tokio::time::sleep(pause).await;
            for arn in self.over_for(wait) {
                match self.remove_containers(&arn).await {
                    Ok(()) => {
                        tracing::info!(task.arn = arn, "containers of a stopped task removed");
                        self.entries().remove(&arn);
                        if let Some(link_local) = &self.shared.config.link_local {
                            link_local.forget(&arn);
                        }
                    }
                    Err(error) => tracing::warn!(task.arn = arn, %error, "clean-up failed"),
                }
            }
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            while owners.try_join_next().is_some() {}
        }
    }

    fn over_for(&self, wait: Duration) -> Vec<String> {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let now = self.shared.now();
        self.entries()
            .iter()
            .filter(|(_, entry)| {
                let stopped_at = match &entry.state {
                    State::Owned { progress, .. } => progress.borrow().stopped_at,
                    State::Remnant { stopped_at, .. } => *stopped_at,
                };
                stopped_at.is_some_and(|moment| moment.plus_millis(wait) <= now)
            })
            .map(|(arn, _)| arn.clone())
            .collect()
    }

    async fn remove_containers(&self, task_arn: &str) -> Result<(), RuntimeError> {
        let runtime = &self.shared.runtime;
        let of_task = [
            (labels::TASK_ARN, task_arn),
            (labels::INSTALLATION, &self.shared.config.installation),
        ];
        for container in runtime.find(&of_task).await? {
            runtime.remove(&container.id).await?;
        }
        let task_id = ecs::names::task_id_of(task_arn);
        let files = firelens::Files::of_task(&self.shared.config.data_dir, task_id);
        if let Err(error) = files.remove().await {
            tracing::warn!(task.arn = task_arn, %error, "the log router's files stay");
        }
        self.shared.cgroups.release(task_arn);
        runtime.remove_task_volumes(task_arn).await
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Entry>> {
        // Every change under the lock is one insertion or removal, so a panic elsewhere leaves it whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One installation serves many accounts, regions and clusters on one engine: the task's ARN says whose it is.
fn is_of_cluster(task_arn: &str, cluster: &str, container_instance_arn: &str) -> bool {
    let name = cluster.rsplit('/').next().unwrap_or(cluster);
    let (Ok(task), Ok(instance)) = (
        task_arn.parse::<Arn>(),
        container_instance_arn.parse::<Arn>(),
    ) else {
        return false;
    };
    task.region == instance.region
        && task.account == instance.account
        && task.resource.starts_with(&format!("task/{name}/"))
}

fn labelled_task(container: &FoundContainer) -> Task {
    let label = |name| container.labels.get(name).cloned().unwrap_or_default();
    Task {
        arn: label(labels::TASK_ARN),
        family: label(labels::FAMILY),
        version: label(labels::VERSION),
        desired_status: "RUNNING".to_owned(),
        ..Task::default()
    }
}

fn labelled_container(container: &FoundContainer) -> Container {
    let name = container.labels.get(labels::CONTAINER_NAME);
    Container {
        name: name.cloned().unwrap_or_default(),
        ..Container::default()
    }
}
