//! The steps that take time. Each runs beside the owner of its task and ends in what the owner is told.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use ecs::{
    acs::{Container, Credentials, FirelensConfiguration, HeldSecret, Task},
    trust,
};
use tokio::time::{sleep, timeout};
use types::SecretValue;

use super::{
    ContainerError,
    environment::{Offers, ResolvedValues, compose, secret_names},
    held,
};
use crate::{
    backoff::Backoff,
    firelens, labels,
    link_local::{self, TaskFacts},
    reason,
    report::Times,
    runtime::{
        ContainerRuntime, ContainerState, Health, NewContainer, Phase, RuntimeError, TaskLimits,
    },
    tasks::Shared,
};

/// Between looks at an engine that does not answer, or at a health check.
const PAUSE: Duration = Duration::from_secs(1);

/// What a container is created with: values of secrets, variables of files, and which versions the former are.
pub(super) type Given = (
    ResolvedValues,
    Arc<BTreeMap<String, SecretValue>>,
    Vec<HeldSecret>,
);

/// One container of one task, for a step.
#[derive(Clone)]
pub(super) struct Subject {
    pub shared: Arc<Shared>,
    pub task: Arc<Task>,
    pub index: usize,
}

impl Subject {
    pub fn container(&self) -> &Container {
        self.task
            .containers
            .get(self.index)
            .expect("steps are made for containers of the task")
    }

    pub fn image(&self) -> &str {
        &self.container().image
    }

    /// Creates the container of the image with its values, which are in nobody's hands but the engine's afterwards.
    pub async fn create(
        &self,
        image_here: Option<String>,
        (values, files, held): Given,
        peers: BTreeMap<String, String>,
        network_holder: Option<String>,
        times: Times,
    ) -> Result<String, ContainerError> {
        const NAME: &str = "CannotCreateContainerError";
        let Shared {
            config, runtime, ..
        } = self.shared.as_ref();
        let container = self.container();
        let name = image_here.as_deref().unwrap_or(self.image());
        let image = runtime
            .local_image(name)
            .await
            .map_err(|error| ContainerError::of(NAME, &error))?
            .unwrap_or_default();
        let mut offers = self.offers(self.can_be_told().await).await?;
        let mut binds = Vec::new();
        let mut log_driver = None;
        if let Some(router) = &container.firelens_configuration {
            binds = self.router_binds(router).await?;
        }
        if firelens::logs_to_router(container) {
            offers.router = self.router_address(&peers).await?;
            log_driver = Some(firelens::driver(container, self.task_id(), &self.files()));
        }
        let injected = compose(
            &self.task,
            container,
            &values,
            config.region.as_str(),
            &offers,
            (&files, &image.environment),
        );
        drop(values);
        keep_off_the_host(&injected.log_options)?;
        let mut labels = self.labels(offers.metadata_id.as_deref());
        labels.extend(held::label(&held));
        let of_files: Vec<String> = files.keys().cloned().collect();
        if !of_files.is_empty() {
            let names = serde_json::to_string(&of_files).unwrap_or_default();
            labels.insert(labels::FILE_VARIABLES.to_owned(), names);
        }
        let mut secrets = secret_names(&self.task, container);
        secrets.extend(of_files);
        let new = NewContainer {
            task: &self.task,
            container,
            image: name,
            name: labels::container_name(&self.task, &container.name, &config.entropy.hex::<10>()),
            account: account_of(&self.task.arn),
            labels,
            environment: injected.environment,
            binds,
            log_driver,
            log_defaults: self.log_defaults(),
            log_options: injected.log_options,
            secrets,
            peers,
            network_holder,
            limits: self.limits()?,
        };
        let limit = config.ecs.container_create_timeout;
        let created = within(limit, "created", NAME, runtime.create(&new)).await?;
        if let Some(id) = &offers.metadata_id {
            self.serve_metadata(id, times);
        }
        Ok(created)
    }

    fn labels(&self, metadata_id: Option<&str>) -> BTreeMap<String, String> {
        let config = &self.shared.config;
        let (cluster, installation) = (&config.cluster, &config.installation);
        let mut all = labels::of_container(&self.task, self.container(), cluster, installation);
        all.extend(metadata_id.map(|id| (labels::METADATA.to_owned(), id.to_owned())));
        all
    }

    /// Tells the container of its task under the id that it was given.
    pub fn serve_metadata(&self, id: &str, times: Times) {
        let config = &self.shared.config;
        let Some(link_local) = &config.link_local else {
            return;
        };
        let facts = TaskFacts {
            task: self.task.clone(),
            cluster: config.cluster.clone(),
            region: config.region.to_string(),
            pull_started_at: times.pull_started_at,
            pull_stopped_at: times.pull_stopped_at,
        };
        link_local.tell(id, facts, &self.container().name);
    }

    /// What keeps the containers within the size of their task.
    fn limits(&self) -> Result<TaskLimits, ContainerError> {
        if !self.shared.config.ecs.enable_task_cpu_mem_limit {
            return Ok(TaskLimits::default());
        }
        let limits = self.shared.cgroups.limit(&self.task);
        limits.map_err(|error| ContainerError::new("CannotCreateContainerError", error.to_string()))
    }

    /// What the container and its log driver find at 169.254.170.2, which is served from here on if it is anything.
    async fn offers(&self, metadata: bool) -> Result<Offers, ContainerError> {
        let role = self.task.role_credentials.as_ref();
        let logs = self.logs_as_execution_role();
        let metadata_id = metadata.then(|| self.shared.config.entropy.hex::<16>());
        if role.is_none() && !logs {
            return Ok(Offers {
                metadata_id,
                ..Offers::default()
            });
        }
        let failed = |text: String| ContainerError::new("CannotCreateContainerError", text);
        let Some(link_local) = &self.shared.config.link_local else {
            // AWS: an agent that serves no credentials starts a task with a role all the same, and the role is not
            // found. Such a task is not placed there: the agent does not announce that it could.
            return if logs {
                Err(failed("this agent serves no credentials".to_owned()))
            } else {
                Ok(Offers::default())
            };
        };
        let log_credentials = self.task.log_credentials.as_ref();
        if logs && log_credentials.is_none() {
            return Err(ContainerError::new(
                "HostConfigError",
                "No execution credentials set for the task".to_owned(),
            ));
        }
        let served = link_local.ensure().await;
        served.map_err(|error| failed(error.to_string()))?;
        let path = |credentials: &Credentials| link_local::path(&credentials.credentials_id);
        Ok(Offers {
            role_path: role.map(path),
            api: role.map(|_| format!("http://{}", link_local::ADDRESS)),
            log_path: log_credentials.filter(|_| logs).map(path),
            router: None,
            metadata_id,
        })
    }

    fn task_id(&self) -> &str {
        ecs::names::task_id_of(&self.task.arn)
    }

    fn files(&self) -> firelens::Files {
        firelens::Files::of_task(&self.shared.config.data_dir, self.task_id())
    }

    /// Writes the router's configuration; where it and the socket are, for the router.
    async fn router_binds(
        &self,
        router: &FirelensConfiguration,
    ) -> Result<Vec<String>, ContainerError> {
        let failed = |error: &dyn std::fmt::Display| {
            let text = format!("unable to generate firelens config file: {error}");
            ContainerError::new("CannotCreateContainerError", text)
        };
        let config = firelens::generate(&self.task, &self.shared.config.cluster);
        let config = config.map_err(|error| failed(&error))?.unwrap_or_default();
        let files = self.files();
        files.write(&config).await.map_err(|error| failed(&error))?;
        Ok(firelens::binds(router, &files))
    }

    /// Where a container finds the router's port; `None` where its network cannot.
    async fn router_address(
        &self,
        peers: &BTreeMap<String, String>,
    ) -> Result<Option<String>, ContainerError> {
        match self.task.network_mode.as_deref() {
            Some("awsvpc") => return Ok(Some("127.0.0.1".to_owned())),
            None | Some("" | "bridge") => {}
            Some(_) => return Ok(None),
        }
        let router = firelens::router(&self.task).and_then(|(router, _)| peers.get(&router.name));
        let Some(id) = router else {
            // The router waits for this container.
            return Ok(None);
        };
        let state = self.shared.runtime.inspect(id).await.ok().flatten();
        match state.and_then(|state| state.address) {
            Some(address) => Ok(Some(address.to_string())),
            // AWS: in these words, with two spaces.
            None => Err(ContainerError::new(
                "DockerClientConfigError",
                "unable to get BridgeIP for task in bridge  mode",
            )),
        }
    }

    /// Whether the container can be told of its task.
    async fn can_be_told(&self) -> bool {
        match &self.shared.config.link_local {
            Some(link_local) => link_local.can_tell().await,
            None => false,
        }
    }

    fn logs_as_execution_role(&self) -> bool {
        self.container().logs_auth_strategy.as_deref() == Some("ExecutionRole")
    }

    /// AWS: the agent tells the `awslogs` driver where to write, if it is not AWS itself, and every driver that does not
    /// wait how much it may keep back.
    fn log_defaults(&self) -> Vec<(&'static str, String)> {
        let endpoint = self.shared.config.secret_endpoints.logs.clone();
        let endpoint = endpoint.filter(|_| self.logs_as_execution_role());
        let buffer = firelens::is_non_blocking(self.container());
        endpoint
            .map(|endpoint| ("awslogs-endpoint", endpoint))
            .into_iter()
            .chain(buffer.then(|| ("max-buffer-size", "10m".to_owned())))
            .collect()
    }

    /// Starts the container, and says how it is right afterwards.
    pub async fn start(&self, id: &str) -> Result<ContainerState, ContainerError> {
        const NAME: &str = "CannotStartContainerError";
        let Shared {
            config, runtime, ..
        } = self.shared.as_ref();
        let limit = config.ecs.container_start_timeout;
        let mut secrets = secret_names(&self.task, self.container());
        secrets.extend(self.file_variables(id).await);
        within(limit, "started", NAME, runtime.start(id, &secrets)).await?;
        let state = runtime.inspect(id).await;
        Ok(state.ok().flatten().unwrap_or_default())
    }

    /// The names of the variables that the container has from environment files, as a label tells.
    async fn file_variables(&self, id: &str) -> Vec<String> {
        if self.container().environment_files.is_empty() {
            return Vec::new();
        }
        let of_task = [(labels::TASK_ARN, self.task.arn.as_str())];
        let found = self.shared.runtime.find(&of_task).await;
        let mut found = found.unwrap_or_default().into_iter();
        let label = found.find(|found| found.id == id);
        let label = label.and_then(|found| found.labels.get(labels::FILE_VARIABLES).cloned());
        label
            .and_then(|names| serde_json::from_str(&names).ok())
            .unwrap_or_default()
    }

    /// Waits for the container's end. `None` where the container is gone.
    pub async fn wait(&self, id: &str) -> Option<ContainerState> {
        ended(self.shared.runtime.as_ref(), id).await
    }

    /// Waits until the container's health check says something else than before; nothing once the container has ended.
    pub async fn other_health(&self, id: &str, known: Health) -> Option<Health> {
        loop {
            match self.shared.runtime.inspect(id).await {
                Ok(Some(state)) if state.phase != Phase::Exited => {
                    if state.health != known {
                        return Some(state.health);
                    }
                }
                Ok(_) => return None,
                Err(error) => tracing::debug!(container = id, %error, "no answer about health"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Stops the container: its end is seen by whoever waits for it.
    pub async fn stop(&self, id: &str) {
        let configured = self.shared.config.ecs.container_stop_timeout;
        let own = self.container().stop_timeout;
        let own = own.and_then(|seconds| u64::try_from(seconds).ok());
        let patience = own.map_or(configured, Duration::from_secs);
        while let Err(error) = self.shared.runtime.stop(id, patience).await {
            tracing::warn!(container = id, %error, "the container does not stop");
            sleep(PAUSE).await;
        }
    }
}

/// Waits for a container's end, also over restarts of the engine. `None` where the container is gone.
pub(super) async fn ended(runtime: &dyn ContainerRuntime, id: &str) -> Option<ContainerState> {
    loop {
        let waited = runtime.wait(id).await;
        match runtime.inspect(id).await {
            Ok(Some(state)) if state.phase == Phase::Exited => return Some(state),
            Ok(None) => return None,
            Ok(Some(_)) if waited.is_ok() => {}
            Ok(Some(_)) | Err(_) => sleep(PAUSE).await,
        }
    }
}

/// How often a registry is asked, and with which waits in between.
pub(super) struct Retries {
    pub attempts: u32,
    pub backoff: Backoff,
}

impl Retries {
    pub async fn run<T, F>(
        mut self,
        shared: &Shared,
        image: &str,
        attempt: impl Fn() -> F,
    ) -> Result<T, RuntimeError>
    where
        F: Future<Output = Result<T, RuntimeError>>,
    {
        for _ in 1..self.attempts {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => {
                    tracing::debug!(image, %error, "trying again");
                    sleep(self.backoff.next_wait(shared.config.entropy.as_ref())).await;
                }
            }
        }
        attempt().await
    }
}

/// Ends a step after its limit, in the agent's words.
pub(super) async fn within<T>(
    limit: Duration,
    state: &str,
    name: &'static str,
    step: impl Future<Output = Result<T, RuntimeError>>,
) -> Result<T, ContainerError> {
    match timeout(limit, step).await {
        Ok(done) => done.map_err(|error| ContainerError::of(name, &error)),
        Err(_) => Err(ContainerError::new(
            "DockerTimeoutError",
            format!(
                "Could not transition to {state}; timed out after waiting {}",
                reason::go_duration(limit)
            ),
        )),
    }
}

/// What the definition says was looked at by the control plane; what a secret says is seen here first.
fn keep_off_the_host(options: &[(String, SecretValue)]) -> Result<(), ContainerError> {
    let leads_there = |(name, value): &&(String, SecretValue)| {
        let value = value.expose_secret_str();
        value.is_some_and(|value| trust::log_path(name, value.trim()).is_some())
    };
    match options.iter().find(leads_there) {
        Some((name, _)) => Err(ContainerError::new(
            "CannotCreateContainerError",
            format!(
                "the log option {name} comes from a secret and names a path of the host, which only a definition may"
            ),
        )),
        None => Ok(()),
    }
}

pub(super) fn account_of(task_arn: &str) -> String {
    let account = task_arn.split(':').nth(4);
    account.unwrap_or_default().to_owned()
}
