//! The steps that take time. Each runs beside the owner of its task and ends in what the owner is told.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use ecs::acs::{Container, Credentials, Task};
use tokio::time::{sleep, timeout};

use super::{
    ContainerError,
    environment::{Offers, ResolvedValues, compose},
};
use crate::{
    backoff::Backoff,
    labels, link_local, reason,
    runtime::{ContainerState, Health, NewContainer, Phase, RuntimeError},
    tasks::Shared,
};

/// Between looks at an engine that does not answer, or at a health check.
const PAUSE: Duration = Duration::from_secs(1);

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
        values: ResolvedValues,
        peers: BTreeMap<String, String>,
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
        let offers = self.offers().await?;
        let injected = compose(
            container,
            &values,
            config.region.as_str(),
            &offers,
            &image.environment,
        );
        drop(values);
        let new = NewContainer {
            task: &self.task,
            container,
            image: name,
            name: labels::container_name(&self.task, container, &config.entropy.hex::<10>()),
            account: account_of(&self.task.arn),
            labels: labels::of_container(
                &self.task,
                container,
                &config.cluster,
                &config.installation,
            ),
            environment: injected.environment,
            log_defaults: self.log_defaults(),
            log_options: injected.log_options,
            peers,
        };
        let limit = config.ecs.container_create_timeout;
        within(limit, "created", NAME, runtime.create(&new)).await
    }

    /// What the container and its log driver find at 169.254.170.2, which is served from here on if it is anything.
    async fn offers(&self) -> Result<Offers, ContainerError> {
        let role = self.task.role_credentials.as_ref();
        let logs = self.logs_as_execution_role();
        if role.is_none() && !logs {
            return Ok(Offers::default());
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
        })
    }

    fn logs_as_execution_role(&self) -> bool {
        self.container().logs_auth_strategy.as_deref() == Some("ExecutionRole")
    }

    /// AWS: the agent tells the `awslogs` driver where to write, if it is not AWS itself.
    fn log_defaults(&self) -> Vec<(&'static str, String)> {
        let endpoint = self.shared.config.secret_endpoints.logs.clone();
        let endpoint = endpoint.filter(|_| self.logs_as_execution_role());
        endpoint
            .map(|endpoint| ("awslogs-endpoint", endpoint))
            .into_iter()
            .collect()
    }

    /// Starts the container, and says how it is right afterwards.
    pub async fn start(&self, id: &str) -> Result<ContainerState, ContainerError> {
        const NAME: &str = "CannotStartContainerError";
        let Shared {
            config, runtime, ..
        } = self.shared.as_ref();
        let limit = config.ecs.container_start_timeout;
        within(limit, "started", NAME, runtime.start(id, self.container())).await?;
        let state = runtime.inspect(id).await;
        Ok(state.ok().flatten().unwrap_or_default())
    }

    /// Waits for the container's end, also over restarts of the engine. `None` where the container is gone.
    pub async fn wait(&self, id: &str) -> Option<ContainerState> {
        let runtime = &self.shared.runtime;
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

    /// Waits for the container's health check to say yes, or for the container's end.
    pub async fn wait_healthy(&self, id: &str) -> Health {
        loop {
            match self.shared.runtime.inspect(id).await {
                Ok(Some(state)) if state.phase != Phase::Exited => {
                    if state.health == Health::Healthy {
                        return Health::Healthy;
                    }
                }
                Ok(_) => return Health::Unknown,
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

fn account_of(task_arn: &str) -> String {
    let account = task_arn.split(':').nth(4);
    account.unwrap_or_default().to_owned()
}
