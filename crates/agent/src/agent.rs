//! The agent as a whole: it registers, finds what it left, and keeps a session.

use std::sync::{Arc, Mutex};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    AcsConnector, AgentConfig, Wording,
    cgroup::Cgroups,
    ecs_api,
    facts::Facts,
    registration::register,
    report::Reporter,
    resolve::{AwsClients, Resolver},
    runtime::ContainerRuntime,
    session::{SessionIdentity, Sessions},
    tasks::{Shared, Tasks},
};

/// Why an agent ended.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("the cluster does not take this container instance: {0}")]
    RegistrationRefused(String),
    #[error("the agent failed: {0}")]
    Panicked(String),
}

/// Starts agents.
pub struct Agent;

/// A running agent. Dropping the handle leaves it running.
pub struct AgentHandle {
    shutdown: watch::Sender<bool>,
    registered: watch::Receiver<Option<String>>,
    running: JoinHandle<Result<(), AgentError>>,
}

impl Agent {
    /// Starts an agent in the background: one container instance of one cluster.
    pub fn start(
        config: AgentConfig,
        runtime: Arc<dyn ContainerRuntime>,
        connector: Arc<dyn AcsConnector>,
    ) -> AgentHandle {
        let (shutdown, stop) = watch::channel(false);
        let (registration, registered) = watch::channel(None);
        let running = tokio::spawn(async move {
            let cluster = config.cluster.clone();
            let ended = run(config, runtime, connector, stop, registration).await;
            if let Err(error) = &ended {
                tracing::error!(cluster, %error, "the agent ended");
            }
            ended
        });
        AgentHandle {
            shutdown,
            registered,
            running,
        }
    }
}

impl AgentHandle {
    /// The ARN of the container instance, once it is registered; `None` where that never happens.
    pub async fn container_instance_arn(&self) -> Option<String> {
        let mut registered = self.registered.clone();
        let arn = registered.wait_for(Option::is_some).await.ok()?;
        arn.clone()
    }

    /// Returns once the agent has ended, by itself or otherwise.
    pub async fn ended(&self) {
        let mut registered = self.registered.clone();
        while registered.changed().await.is_ok() {}
    }

    /// Ends the agent. Its containers keep running, and the next agent finds them.
    pub async fn shutdown(self) -> Result<(), AgentError> {
        self.shutdown.send_replace(true);
        self.join().await
    }

    /// Waits for the agent's end.
    pub async fn join(self) -> Result<(), AgentError> {
        let Self {
            shutdown, running, ..
        } = self;
        let ended = running.await;
        drop(shutdown);
        ended.unwrap_or_else(|error| Err(AgentError::Panicked(error.to_string())))
    }
}

async fn run(
    config: AgentConfig,
    runtime: Arc<dyn ContainerRuntime>,
    connector: Arc<dyn AcsConnector>,
    mut shutdown: watch::Receiver<bool>,
    registration: watch::Sender<Option<String>>,
) -> Result<(), AgentError> {
    let client = ecs_api::client(&config);
    let registering = register(&client, &config, &runtime);
    let (arn, engine) = tokio::select! {
        registered = registering => registered?,
        () = told_to_stop(&mut shutdown) => return Ok(()),
    };
    tracing::info!(
        container_instance.arn = arn,
        cluster = config.cluster,
        "registered"
    );

    let reporter = Reporter::new(
        client.clone(),
        config.cluster.clone(),
        config.entropy.clone(),
    );
    let clients = match &config.aws {
        Some(account) => account.clients(),
        None => AwsClients::new(config.secret_endpoints.clone()),
    };
    let tasks = Arc::new(Tasks::new(Shared {
        facts: Facts::default(),
        resolver: Resolver::new(clients.clone().worded(config.wording)),
        fargate_resolver: Resolver::new(clients.worded(Wording::Fargate)),
        config: config.clone(),
        runtime,
        reporter,
        cgroups: Cgroups::of(&engine),
        pulled: Mutex::default(),
    }));
    tokio::select! {
        () = tasks.find_remnants(&arn) => {}
        () = told_to_stop(&mut shutdown) => return Ok(()),
    }
    registration.send_replace(Some(arn.clone()));

    let sessions = Sessions {
        config,
        client,
        connector,
        identity: SessionIdentity {
            container_instance_arn: arn,
            docker_version: engine.version,
        },
        tasks: tasks.clone(),
        shutdown,
    };
    tokio::select! {
        () = sessions.run() => {}
        () = tasks.clean_up_for_ever() => {}
    }
    Ok(())
}

/// Returns once the agent is told to stop, and never where nobody is left who could.
pub(crate) async fn told_to_stop(shutdown: &mut watch::Receiver<bool>) {
    if shutdown.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
