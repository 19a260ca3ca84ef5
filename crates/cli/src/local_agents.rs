//! The agents of this process: one for every cluster, all on the container engine of this host.

use std::{collections::HashMap, sync::Arc, time::Duration};

use agent::{
    AcsConnector, Agent, AgentConfig, AgentHandle, ConnectRefused, DockerRuntime, Duplex,
    EcsConfig, LinkLocal, PullEvent, PullStep as Pulling, Pulls, resolve::AwsAccount,
};
use async_trait::async_trait;
use server::{Acs, PullBoard, PullState, PullStep, Server, WantedInstance};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    task::JoinHandle,
};
use types::AccountId;

use crate::{
    agent_host::{AgentHost, Membership},
    ecs_config::Around,
};

/// How long to wait for a container engine that does not answer.
const ENGINE_RETRY: Duration = Duration::from_secs(5);

/// Keeps one agent running for every container instance that the server wants on this host.
pub struct LocalAgents {
    stop: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

impl LocalAgents {
    /// Starts following what the server wants.
    pub fn start(
        server: &Server,
        ecs: EcsConfig,
        around: Around,
        tells_tasks: bool,
        aws: Option<AwsForAgents>,
    ) -> Self {
        let pulls = Pulls::default();
        let settings = Settings {
            host: AgentHost {
                endpoint: server.endpoint().to_owned(),
                installation: server.installation().to_owned(),
                data_dir: server.data_dir().to_owned(),
                ecs,
                around,
                pulls: pulls.clone(),
            },
            connector: Arc::new(InProcess(server.acs().clone())),
            api: server.api().clone(),
            tells_tasks,
            aws,
        };
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(tell_of_pulls(pulls.watch(), server.pulls().clone()));
        let keeper = tokio::spawn(keep(server.wanted_instances(), settings, stopped));
        Self { stop, keeper }
    }

    /// Ends the agents. Their containers run on.
    pub async fn stop(self) {
        // No receiver means that the keeper has ended already.
        let _ = self.stop.send(true);
        let _ = self.keeper.await;
    }
}

/// Passes on how the agents' pulls go, to whoever asks the server.
async fn tell_of_pulls(mut events: broadcast::Receiver<PullEvent>, board: PullBoard) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // What was missed is told by what comes next.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let (step, progress, reason) = match event.step {
            Pulling::Began => (PullStep::UnderWay, None, None),
            Pulling::At(progress) => (PullStep::UnderWay, Some(progress), None),
            Pulling::Done(progress) => (PullStep::Done, Some(progress), None),
            Pulling::Failed(reason) => (PullStep::Failed, None, Some(reason)),
        };
        let progress = progress.unwrap_or_default();
        let state = PullState {
            image: event.image,
            step,
            done: progress.done,
            total: progress.total,
            reason,
        };
        board.note(&event.task_arn, &event.container, state);
    }
}

/// What all agents of this process have in common.
struct Settings {
    host: AgentHost,
    connector: Arc<InProcess>,
    /// The AWS API, for the containers of this host.
    api: axum::Router,
    /// Whether containers find the metadata of their task.
    tells_tasks: bool,
    aws: Option<AwsForAgents>,
}

/// Where the values of one account's tasks come from AWS: that account here, and the operator's there.
pub struct AwsForAgents {
    pub account: AccountId,
    pub aws: Arc<AwsAccount>,
}

async fn keep(
    mut wanted: watch::Receiver<Vec<WantedInstance>>,
    settings: Settings,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(runtime) = connect(&mut stopped).await else {
        return;
    };
    let (engine, api) = (Arc::clone(&runtime) as _, settings.api.clone());
    let link_local = LinkLocal::new(engine, api, settings.tells_tasks);
    let mut running: HashMap<String, AgentHandle> = HashMap::new();
    loop {
        let instances = wanted.borrow_and_update().clone();
        let keys: Vec<_> = instances.iter().map(WantedInstance::key).collect();
        // A cluster that was deleted has no tasks left; its agent ends.
        for (_, agent) in running.extract_if(|key, _| !keys.contains(key)) {
            end(agent).await;
        }
        for instance in instances {
            running
                .entry(instance.key())
                .or_insert_with(|| settings.agent(&instance, Arc::clone(&runtime), &link_local));
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { break },
            _ = stopped.wait_for(|stopped| *stopped) => break,
        }
    }
    for agent in running.into_values() {
        end(agent).await;
    }
}

async fn end(agent: AgentHandle) {
    if let Err(error) = agent.shutdown().await {
        tracing::error!(%error, "an agent ended with an error");
    }
}

/// The engine, once it answers; `None` if we are stopped first.
pub async fn connect(stopped: &mut watch::Receiver<bool>) -> Option<Arc<DockerRuntime>> {
    loop {
        match DockerRuntime::connect().await {
            Ok(runtime) => return Some(Arc::new(runtime)),
            Err(error) => tracing::error!(
                %error,
                "no container engine answers, so tasks wait; start Docker, or name its address with DOCKER_HOST",
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(ENGINE_RETRY) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return None,
        }
    }
}

impl Settings {
    fn agent(
        &self,
        instance: &WantedInstance,
        runtime: Arc<DockerRuntime>,
        link_local: &Arc<LinkLocal>,
    ) -> AgentHandle {
        let from_aws = self.aws.as_ref();
        let from_aws = from_aws.filter(|from| from.account == instance.account);
        let membership = Membership {
            cluster: instance.cluster.clone(),
            region: instance.region.clone(),
            credentials: instance.credentials.clone(),
            container_instance_arn: instance.container_instance_arn.clone(),
        };
        let config = AgentConfig {
            aws: from_aws.map(|from| from.aws.clone()),
            ..self.host.config(membership, link_local)
        };
        Agent::start(
            config,
            runtime,
            Arc::clone(&self.connector) as Arc<dyn AcsConnector>,
        )
    }
}

/// Sessions inside this process: the server verifies the same request that it would get over a websocket.
struct InProcess(Acs);

#[async_trait]
impl AcsConnector for InProcess {
    async fn connect(&self, upgrade: http::Request<()>) -> Result<Duplex, ConnectRefused> {
        match self.0.connect(upgrade).await {
            Ok((outgoing, incoming)) => Ok(Duplex { outgoing, incoming }),
            Err(refused) => Err(ConnectRefused {
                status: refused.status().as_u16(),
                body: refused.into_body(),
            }),
        }
    }
}
