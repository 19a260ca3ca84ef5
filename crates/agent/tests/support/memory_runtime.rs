//! A container engine without containers: it keeps the contract, and lets tests look at what was injected.
//!
//! An image with `missing` in its name is nowhere, one with `slow` takes a second to pull. A command `slow-to-start` takes a minute to start, `sh -c "exit N"` ends with N, `sh -c "sleep S; …"` and `sleep S` after S seconds, any other after a moment with 0.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use agent::{
    resolve::RegistryLogin,
    runtime::{
        ContainerDetails, ContainerRuntime, ContainerState, Engine, Exec, ExecCommand,
        FoundContainer, Health, LocalImage, LogChunk, LogStream, NetworkHolder, NewContainer,
        Phase, Pull, RuntimeError,
    },
};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::{sync::watch, time::sleep};
use types::{Clock as _, Entropy, OsEntropy, SystemClock};

/// What a network is held with.
const HOLDER: &str = "hold";

pub const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

/// What a test may look at.
#[derive(Debug, Clone, Default)]
pub struct Created {
    pub name: String,
    pub environment: BTreeMap<String, String>,
    /// Of the driver, if it is not the one that the payload names.
    pub log_driver: String,
    pub log_options: BTreeMap<String, String>,
    pub binds: Vec<String>,
    pub started: bool,
    pub starts: usize,
}

struct Kept {
    created: Created,
    labels: BTreeMap<String, String>,
    command: Vec<String>,
    has_health_check: bool,
    state: watch::Sender<ContainerState>,
}

#[derive(Clone, Default)]
pub struct MemoryRuntime {
    containers: Arc<Mutex<BTreeMap<String, Kept>>>,
    logins: Arc<Mutex<Vec<(String, String)>>>,
    /// How often it refuses to remove anything.
    refused_removals: Arc<AtomicUsize>,
}

impl MemoryRuntime {
    /// The container of this name in this task, if it was created.
    pub fn container(&self, task_arn: &str, name: &str) -> Option<Created> {
        let containers = self.containers.lock().unwrap();
        let mut of_task = containers.values().filter(|kept| {
            kept.labels["com.amazonaws.ecs.task-arn"] == task_arn
                && kept.labels["com.amazonaws.ecs.container-name"] == name
        });
        of_task.next().map(|kept| kept.created.clone())
    }

    /// User name and password of every pull that had them.
    pub fn logins(&self) -> Vec<(String, String)> {
        self.logins.lock().unwrap().clone()
    }

    /// Refuses to remove anything so many times.
    pub fn refuse_removals(&self, times: usize) {
        self.refused_removals.store(times, Ordering::SeqCst);
    }

    /// Whether something holds a network for the task.
    pub fn holds_network(&self, task_arn: &str) -> bool {
        let containers = self.containers.lock().unwrap();
        let mut of_task = containers
            .values()
            .filter(|kept| kept.labels["com.amazonaws.ecs.task-arn"] == task_arn);
        of_task.any(|kept| kept.command == [HOLDER])
    }

    /// Whether the container takes its time to start.
    fn is_slow(&self, id: &str) -> bool {
        let containers = self.containers.lock().unwrap();
        let command = containers.get(id).and_then(|kept| kept.command.first());
        command.is_some_and(|program| program == "slow-to-start")
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Kept)) -> Result<(), RuntimeError> {
        match self.containers.lock().unwrap().get_mut(id) {
            Some(kept) => {
                change(kept);
                Ok(())
            }
            None => Err(missing(id)),
        }
    }

    fn end(&self, id: &str, exit_code: i64) {
        let _ = self.change(id, |kept| {
            kept.state.send_if_modified(|state| {
                let runs = state.phase == Phase::Running;
                if runs {
                    state.phase = Phase::Exited;
                    state.exit_code = Some(exit_code);
                    state.finished_at = Some(SystemClock.now());
                }
                runs
            });
        });
    }
}

fn missing(id: &str) -> RuntimeError {
    RuntimeError::NotFound(format!(
        "Error response from daemon: No such container: {id}"
    ))
}

/// How long a command runs, and with which code it ends.
fn course(command: &[String]) -> (Duration, i64) {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let script = match words.as_slice() {
        ["sleep", seconds] => format!("sleep {seconds}"),
        ["sh", "-c", script] => (*script).to_owned(),
        _ => String::new(),
    };
    // No process ends in the moment of its start, and a neighbour may be created meanwhile.
    let (mut pause, mut code) = (Duration::from_millis(100), 0);
    for step in script.split(';') {
        if let Some(seconds) = step.trim().strip_prefix("sleep ") {
            pause = Duration::from_secs_f64(seconds.parse().unwrap());
        } else if let Some(exit) = step.trim().strip_prefix("exit ") {
            code = exit.parse().unwrap();
        }
    }
    (pause, code)
}

#[async_trait]
impl ContainerRuntime for MemoryRuntime {
    async fn engine(&self) -> Result<Engine, RuntimeError> {
        Ok(Engine {
            version: "20.10.24+dfsg1".into(),
            cpus: 2,
            memory_bytes: 24105 * 1024 * 1024,
            architecture: "x86_64".into(),
            log_drivers: vec!["json-file".into()],
            ..Engine::default()
        })
    }

    async fn local_image(&self, image: &str) -> Result<Option<LocalImage>, RuntimeError> {
        Ok((!image.contains("missing")).then(|| LocalImage {
            digest: Some(DIGEST.into()),
            environment: vec!["IMAGE_VAR".into(), "PATH".into()],
        }))
    }

    async fn manifest_digest(
        &self,
        image: &str,
        _: Option<&RegistryLogin>,
    ) -> Result<String, RuntimeError> {
        // A registry takes its time, and whatever else is under way gets some.
        sleep(Duration::from_millis(50)).await;
        if image.contains("missing") {
            let text = "Error response from daemon: manifest unknown: manifest unknown";
            return Err(RuntimeError::Engine(text.into()));
        }
        Ok(DIGEST.into())
    }

    async fn pull(&self, pull: &Pull<'_>) -> Result<(), RuntimeError> {
        if let Some(login) = pull.login {
            let text = |value: &types::SecretValue| value.expose_secret_str().unwrap().to_owned();
            let login = (text(&login.username), text(&login.password));
            self.logins.lock().unwrap().push(login);
        }
        if pull.source.contains("slow") {
            sleep(Duration::from_secs(1)).await;
        }
        if pull.source.contains("missing") {
            return Err(RuntimeError::Engine("manifest unknown".into()));
        }
        Ok(())
    }

    async fn hold_network(&self, holder: &NetworkHolder<'_>) -> Result<String, RuntimeError> {
        let entropy: &dyn Entropy = &OsEntropy;
        let id = entropy.hex::<32>();
        let kept = Kept {
            created: Created {
                name: holder.name.clone(),
                ..Created::default()
            },
            labels: holder.labels.clone(),
            command: vec![HOLDER.to_owned()],
            has_health_check: false,
            state: watch::Sender::new(ContainerState {
                phase: Phase::Running,
                address: Some(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 2))),
                ..ContainerState::default()
            }),
        };
        self.containers.lock().unwrap().insert(id.clone(), kept);
        Ok(id)
    }

    async fn create(&self, new: &NewContainer<'_>) -> Result<String, RuntimeError> {
        let text = |value: &types::SecretValue| value.expose_secret_str().unwrap().to_owned();
        let mut containers = self.containers.lock().unwrap();
        let id = format!("{:064x}", containers.len() + 1);
        let environment = new.environment.iter();
        let driver = new.log_driver.clone().unwrap_or_default();
        let options = new.log_options.iter();
        let kept = Kept {
            created: Created {
                name: new.name.clone(),
                environment: environment.map(|(n, v)| (n.clone(), text(v))).collect(),
                log_driver: driver.name,
                log_options: driver
                    .options
                    .into_iter()
                    .chain(options.map(|(n, v)| (n.clone(), text(v))))
                    .collect(),
                binds: new.binds.clone(),
                started: false,
                starts: 0,
            },
            labels: new.labels.clone(),
            command: new.container.command.clone().unwrap_or_default(),
            has_health_check: new.container.health_check_type.is_some(),
            state: watch::Sender::new(ContainerState {
                created_at: Some(SystemClock.now()),
                ..ContainerState::default()
            }),
        };
        containers.insert(id.clone(), kept);
        Ok(id)
    }

    async fn start(&self, id: &str, _: &[String]) -> Result<(), RuntimeError> {
        let mut course_of = (Duration::ZERO, 0);
        self.change(id, |kept| {
            kept.created.started = true;
            kept.created.starts += 1;
            course_of = course(&kept.command);
            let healthy = kept.has_health_check;
            kept.state.send_modify(|state| {
                state.phase = Phase::Running;
                state.address = Some(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 2)));
                state.exit_code = None;
                if healthy {
                    state.health = Health::Healthy;
                }
            });
        })?;
        if self.is_slow(id) {
            sleep(Duration::from_mins(1)).await;
        }
        let (runtime, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            sleep(course_of.0).await;
            runtime.end(&id, course_of.1);
        });
        Ok(())
    }

    async fn stop(&self, id: &str, timeout: Duration) -> Result<(), RuntimeError> {
        // Whoever is about to end by himself may do so.
        let patience = timeout.min(Duration::from_millis(300));
        let _ = tokio::time::timeout(patience, self.wait(id)).await;
        self.end(id, 137);
        Ok(())
    }

    async fn wait(&self, id: &str) -> Result<(), RuntimeError> {
        let state = self
            .containers
            .lock()
            .unwrap()
            .get(id)
            .map(|kept| kept.state.subscribe());
        let mut state = state.ok_or_else(|| missing(id))?;
        let _ = state.wait_for(|state| state.phase != Phase::Running).await;
        Ok(())
    }

    async fn inspect(&self, id: &str) -> Result<Option<ContainerState>, RuntimeError> {
        let containers = self.containers.lock().unwrap();
        Ok(containers.get(id).map(|kept| kept.state.borrow().clone()))
    }

    async fn find(&self, labels: &[(&str, &str)]) -> Result<Vec<FoundContainer>, RuntimeError> {
        let containers = self.containers.lock().unwrap();
        let found = containers.iter().filter(|(_, kept)| {
            let mut labels = labels.iter();
            labels.all(|(name, value)| kept.labels.get(*name).is_some_and(|v| v == value))
        });
        Ok(found
            .map(|(id, kept)| FoundContainer {
                id: id.clone(),
                labels: kept.labels.clone(),
            })
            .collect())
    }

    async fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        let refused = &self.refused_removals;
        let left = refused.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() {
            return Err(RuntimeError::Engine("device or resource busy".to_owned()));
        }
        self.containers.lock().unwrap().remove(id);
        Ok(())
    }

    async fn ensure_link_local(&self, _: Ipv4Addr) -> Result<(), RuntimeError> {
        Err(RuntimeError::Engine("there is no network".to_owned()))
    }

    async fn addresses_of_task(&self, _: &str) -> Result<Vec<IpAddr>, RuntimeError> {
        Ok(Vec::new())
    }

    async fn details_of_task(&self, _: &str) -> Result<Vec<ContainerDetails>, RuntimeError> {
        Ok(Vec::new())
    }

    async fn stats(&self, _: &str) -> Result<Option<serde_json::Value>, RuntimeError> {
        Ok(None)
    }

    async fn remove_task_volumes(&self, _: &str) -> Result<(), RuntimeError> {
        Ok(())
    }

    async fn exec(&self, _: &str, _: &ExecCommand) -> Result<Exec, RuntimeError> {
        Err(RuntimeError::Engine("there is nothing to run".to_owned()))
    }

    fn logs(&self, id: &str) -> BoxStream<'static, Result<LogChunk, RuntimeError>> {
        let command = self.containers.lock().unwrap();
        let command = command.get(id).map(|kept| kept.command.clone());
        let chunks = match command.as_deref() {
            Some([program, text @ ..]) if program == "echo" => vec![Ok(LogChunk {
                stream: LogStream::Stdout,
                bytes: format!("{}\n", text.join(" ")).into(),
            })],
            _ => Vec::new(),
        };
        stream::iter(chunks).boxed()
    }
}
