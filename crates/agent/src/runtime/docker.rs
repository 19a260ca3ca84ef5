//! Docker Engine, through its API. Podman's compatible API does too.

mod body;
mod details;
mod exec;
mod holder;
mod image;
mod network;
mod shared_network;
mod volume;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use bollard::{
    Docker,
    container::LogOutput,
    errors::Error,
    models::{
        ContainerInspectResponse, ContainerStateStatusEnum, HealthStatusEnum, SystemInfo,
        SystemInfoCgroupDriverEnum, SystemInfoCgroupVersionEnum,
    },
    query_parameters::{
        CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
        LogsOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
        StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
    },
};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use types::{SecretValue, Timestamp};

use super::{
    CgroupDriver, ContainerDetails, ContainerRuntime, ContainerState, Engine, Exec, ExecCommand,
    FoundContainer, Health, LocalImage, LogChunk, LogStream, NetworkBinding, NetworkHolder,
    NewContainer, Phase, Pull, RuntimeError,
};
use crate::{redact::redact, resolve::RegistryLogin};

/// Longer than anything that is asked of the engine; each call has its own, shorter limit.
const CLIENT_TIMEOUT: Duration = Duration::from_hours(3);

/// How often a start is tried while there are two networks of the account for a moment.
const START_ATTEMPTS: u32 = 10;

/// Drives a Docker Engine.
#[derive(Clone)]
pub struct DockerRuntime {
    docker: Docker,
    networks: Arc<network::Networks>,
}

impl DockerRuntime {
    /// Connects to the engine at `DOCKER_HOST`, else to the local socket, in the newest version that both speak.
    pub async fn connect() -> Result<Self, RuntimeError> {
        let docker = Docker::connect_with_defaults()
            .map_err(engine_error)?
            .with_timeout(CLIENT_TIMEOUT)
            .negotiate_version()
            .await
            .map_err(engine_error)?;
        Ok(Self {
            docker,
            networks: Arc::default(),
        })
    }

    async fn inspected(&self, id: &str) -> Result<Option<ContainerInspectResponse>, RuntimeError> {
        let answer = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await;
        missing_as_none(answer)
    }

    /// The engine's own record holds the values that were injected: what it says about them is checked against it.
    async fn without_secrets(
        &self,
        error: RuntimeError,
        id: &str,
        secrets: &[String],
    ) -> RuntimeError {
        if secrets.is_empty() {
            return error;
        }
        match self.inspected(id).await {
            Ok(Some(record)) => {
                let values = injected_values(record, secrets);
                error.map_text(|text| redact(&text, values.iter().map(|(n, v)| (n.as_str(), v))))
            }
            _ => error.map_text(|_| {
                "the engine's text is withheld, it may contain the value of a secret".to_owned()
            }),
        }
    }
}

#[async_trait]
impl ContainerRuntime for DockerRuntime {
    async fn engine(&self) -> Result<Engine, RuntimeError> {
        let info = self.docker.info().await.map_err(engine_error)?;
        Ok(engine_of(info))
    }

    async fn local_image(&self, image: &str) -> Result<Option<LocalImage>, RuntimeError> {
        image::local(&self.docker, image).await
    }

    async fn manifest_digest(
        &self,
        image: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<String, RuntimeError> {
        image::manifest_digest(&self.docker, image, login).await
    }

    async fn pull(&self, pull: &Pull<'_>) -> Result<(), RuntimeError> {
        image::pull(&self.docker, pull).await
    }

    async fn hold_network(&self, holder: &NetworkHolder<'_>) -> Result<String, RuntimeError> {
        let account = &holder.account;
        let network = self.networks.of_account(&self.docker, account).await?;
        let architecture = self.engine().await?.architecture;
        let id = shared_network::create(&self.docker, holder, &network, &architecture).await?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            match shared_network::start(&self.docker, &id).await {
                Ok(()) => return Ok(id),
                Err(error) if attempts < START_ATTEMPTS && network::is_ambiguous(&error) => {
                    tokio::time::sleep(network::PAUSE).await;
                }
                Err(error) => {
                    // What did not start holds nothing; if it stays, it is found by its labels later.
                    let _ = self.remove(&id).await;
                    return Err(error);
                }
            }
        }
    }

    async fn create(&self, container: &NewContainer<'_>) -> Result<String, RuntimeError> {
        let network = match body::network(container)? {
            body::Network::OfTheAccount => {
                self.networks
                    .of_account(&self.docker, &container.account)
                    .await?
            }
            body::Network::Named(name) => name,
        };
        for wanted in volume::wanted(container) {
            volume::create(&self.docker, wanted).await?;
        }
        let body = body::create_body(container, &network)?;
        let options = CreateContainerOptionsBuilder::new()
            .name(&container.name)
            .build();
        self.docker
            .create_container(Some(options), body)
            .await
            .map(|created| created.id)
            .map_err(|error| {
                let environment = container.environment.iter().map(|(n, v)| (n.as_str(), v));
                let options = container.log_options.iter().map(|(n, v)| (n.as_str(), v));
                let is_secret = |name: &str| container.secrets.iter().any(|secret| secret == name);
                let secrets = environment
                    .filter(|(name, _)| is_secret(name))
                    .chain(options);
                engine_error(error).map_text(|text| redact(&text, secrets))
            })
    }

    async fn start(&self, id: &str, secrets: &[String]) -> Result<(), RuntimeError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let options = None::<StartContainerOptions>;
            let Err(error) = self.docker.start_container(id, options).await else {
                return Ok(());
            };
            let error = engine_error(error);
            if attempts == START_ATTEMPTS || !network::is_ambiguous(&error) {
                return Err(self.without_secrets(error, id, secrets).await);
            }
            tokio::time::sleep(network::PAUSE).await;
        }
    }

    async fn stop(&self, id: &str, timeout: Duration) -> Result<(), RuntimeError> {
        let seconds = i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(seconds).build();
        let stopped = self.docker.stop_container(id, Some(options)).await;
        missing_as_none(stopped).map(|_| ())
    }

    async fn wait(&self, id: &str) -> Result<(), RuntimeError> {
        let options = WaitContainerOptionsBuilder::new()
            .condition("not-running")
            .build();
        match self.docker.wait_container(id, Some(options)).next().await {
            // The client reports every exit code but zero as an error.
            None | Some(Ok(_) | Err(Error::DockerContainerWaitError { .. })) => Ok(()),
            Some(Err(error)) => Err(engine_error(error)),
        }
    }

    async fn inspect(&self, id: &str) -> Result<Option<ContainerState>, RuntimeError> {
        Ok(self.inspected(id).await?.map(state_of))
    }

    async fn find(&self, labels: &[(&str, &str)]) -> Result<Vec<FoundContainer>, RuntimeError> {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&HashMap::from([("label", labels)]))
            .build();
        let found = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(engine_error)?;
        Ok(found
            .into_iter()
            .map(|container| FoundContainer {
                id: container.id.unwrap_or_default(),
                labels: container.labels.unwrap_or_default().into_iter().collect(),
            })
            .collect())
    }

    async fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        let options = RemoveContainerOptionsBuilder::new()
            .v(true)
            .force(true)
            .build();
        missing_as_none(self.docker.remove_container(id, Some(options)).await).map(|_| ())
    }

    async fn remove_task_volumes(&self, task_arn: &str) -> Result<(), RuntimeError> {
        volume::remove_of_task(&self.docker, task_arn).await
    }

    async fn ensure_link_local(&self, address: Ipv4Addr) -> Result<(), RuntimeError> {
        network::ensure_link_local(&self.docker, address).await
    }

    async fn addresses_of_task(&self, task_arn: &str) -> Result<Vec<IpAddr>, RuntimeError> {
        let label = format!("{}={task_arn}", crate::labels::TASK_ARN);
        let options = ListContainersOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label])]))
            .build();
        let running = self.docker.list_containers(Some(options)).await;
        Ok(running
            .map_err(engine_error)?
            .into_iter()
            .filter_map(|container| container.network_settings?.networks)
            .flat_map(HashMap::into_values)
            .flat_map(|network| [network.ip_address, network.global_ipv6_address])
            .filter_map(|address| address?.parse().ok())
            .collect())
    }

    async fn exec(&self, id: &str, command: &ExecCommand) -> Result<Exec, RuntimeError> {
        exec::start(&self.docker, id, command).await
    }

    async fn details_of_task(&self, task_arn: &str) -> Result<Vec<ContainerDetails>, RuntimeError> {
        let found = self.find(&[(crate::labels::TASK_ARN, task_arn)]).await?;
        details::of(&self.docker, found).await
    }

    async fn stats(&self, id: &str) -> Result<Option<serde_json::Value>, RuntimeError> {
        details::stats(&self.docker, id).await
    }

    fn logs(&self, id: &str) -> BoxStream<'static, Result<LogChunk, RuntimeError>> {
        let options = LogsOptionsBuilder::new()
            .follow(true)
            .stdout(true)
            .stderr(true)
            .build();
        self.docker
            .logs(id, Some(options))
            .map_ok(log_chunk)
            .map_err(engine_error)
            .boxed()
    }
}

fn log_chunk(output: LogOutput) -> LogChunk {
    LogChunk {
        stream: match output {
            LogOutput::StdErr { .. } => LogStream::Stderr,
            _ => LogStream::Stdout,
        },
        bytes: output.into_bytes(),
    }
}

/// The error as ECS's agent prints it.
fn engine_error(error: Error) -> RuntimeError {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => {
            let text = format!("Error response from daemon: {message}");
            if status_code == 404 {
                RuntimeError::NotFound(text)
            } else {
                RuntimeError::Engine(text)
            }
        }
        Error::DockerStreamError { error } => RuntimeError::Engine(error),
        other => RuntimeError::Engine(other.to_string()),
    }
}

fn missing_as_none<T>(answer: Result<T, Error>) -> Result<Option<T>, RuntimeError> {
    match answer.map_err(engine_error) {
        Ok(found) => Ok(Some(found)),
        Err(RuntimeError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn engine_of(info: SystemInfo) -> Engine {
    Engine {
        version: info.server_version.unwrap_or_default(),
        cpus: info.ncpu.unwrap_or_default(),
        memory_bytes: info.mem_total.unwrap_or_default(),
        architecture: match info.architecture.as_deref() {
            Some("aarch64" | "arm64") => "arm64".to_owned(),
            _ => "x86_64".to_owned(),
        },
        log_drivers: info
            .plugins
            .and_then(|plugins| plugins.log)
            .unwrap_or_default(),
        cgroup_driver: match info.cgroup_driver {
            Some(SystemInfoCgroupDriverEnum::CGROUPFS) => Some(CgroupDriver::Cgroupfs),
            Some(SystemInfoCgroupDriverEnum::SYSTEMD) => Some(CgroupDriver::Systemd),
            _ => None,
        },
        unified_cgroups: info.cgroup_version == Some(SystemInfoCgroupVersionEnum::_2),
    }
}

fn state_of(record: ContainerInspectResponse) -> ContainerState {
    let state = record.state.unwrap_or_default();
    let phase = match state.status {
        Some(ContainerStateStatusEnum::CREATED) => Phase::Created,
        Some(
            ContainerStateStatusEnum::EXITED
            | ContainerStateStatusEnum::DEAD
            | ContainerStateStatusEnum::REMOVING,
        ) => Phase::Exited,
        _ => Phase::Running,
    };
    let network = record.network_settings.unwrap_or_default();
    let mut networks = network.networks.unwrap_or_default().into_values();
    let address = networks.find_map(|network| network.ip_address?.parse().ok());
    let ports = network.ports.unwrap_or_default();
    let mut bindings: Vec<_> = ports
        .into_iter()
        .flat_map(|(port, hosts)| {
            hosts
                .unwrap_or_default()
                .into_iter()
                .filter_map(move |host| binding(&port, host))
        })
        .collect();
    bindings.sort_by(|a, b| {
        (a.container_port, &a.protocol, &a.bind_ip).cmp(&(
            b.container_port,
            &b.protocol,
            &b.bind_ip,
        ))
    });
    ContainerState {
        phase,
        exit_code: state.exit_code.filter(|_| phase == Phase::Exited),
        oom_killed: state.oom_killed.unwrap_or_default(),
        health: match state.health.and_then(|health| health.status) {
            Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
            Some(HealthStatusEnum::UNHEALTHY) => Health::Unhealthy,
            _ => Health::Unknown,
        },
        bindings,
        address,
        created_at: record.created.as_deref().and_then(moment),
        finished_at: state.finished_at.as_deref().and_then(moment),
    }
}

/// `8080/tcp` published at a port of the host.
fn binding(port: &str, host: bollard::models::PortBinding) -> Option<NetworkBinding> {
    let (container_port, protocol) = port.split_once('/')?;
    Some(NetworkBinding {
        bind_ip: host.host_ip.unwrap_or_default(),
        container_port: container_port.parse().ok()?,
        host_port: host.host_port?.parse().ok()?,
        protocol: protocol.to_owned(),
    })
}

/// Docker writes the year 1 for what has not happened yet.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_iso8601(text).filter(|moment| moment.as_millis() > 0)
}

/// The values of a container's secrets, out of the engine's record of it.
fn injected_values(
    record: ContainerInspectResponse,
    secrets: &[String],
) -> Vec<(String, SecretValue)> {
    let environment = record.config.and_then(|config| config.env);
    let environment = environment
        .unwrap_or_default()
        .into_iter()
        .filter_map(|variable| {
            let (name, value) = variable.split_once('=')?;
            Some((name.to_owned(), SecretValue::from(value)))
        });
    let options = record
        .host_config
        .and_then(|host| host.log_config?.config)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name, SecretValue::from(value)));
    environment
        .chain(options)
        .filter(|(name, _)| secrets.contains(name))
        .collect()
}
