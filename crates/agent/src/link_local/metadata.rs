//! What a container may know of its task: version 4 of ECS's task metadata, and version 3.
//!
//! It is told what the task definition says in clear and what the engine knows. No variable stands in it, and of a log
//! driver's options those of the definition, so no secret does.

mod document;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use axum::{
    Router,
    extract::{ConnectInfo, Path, State},
    response::Response,
    routing::get,
};
use ecs::acs::Task;
use http::StatusCode;
use serde_json::Value;
use types::Timestamp;

use super::{ADDRESS, LinkLocal, answer::json, is_of_this_host};
use crate::runtime::ContainerDetails;

/// What is told of tasks, by the random ids that their containers were given.
#[derive(Default)]
pub(super) struct Metadata {
    containers: Mutex<HashMap<String, Subject>>,
    /// How often containers were started again by their restart policies, by task and name. As much as this process of
    /// the agent has seen of it: the engine does not count these.
    restarts: Mutex<HashMap<(String, String), u64>>,
}

/// Whom an id is for.
#[derive(Clone)]
struct Subject {
    facts: Arc<TaskFacts>,
    container: String,
}

/// What the agent knows of a task beyond its containers on the engine.
#[derive(Debug, Clone)]
pub(crate) struct TaskFacts {
    pub task: Arc<Task>,
    pub cluster: String,
    pub region: String,
    pub pull_started_at: Option<Timestamp>,
    pub pull_stopped_at: Option<Timestamp>,
}

/// Which version of the documents is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V3,
    V4,
}

/// The addresses that a container with this id is told: name and value of variables.
pub(crate) fn variables(id: &str) -> [(&'static str, String); 2] {
    [
        (
            "ECS_CONTAINER_METADATA_URI",
            format!("http://{ADDRESS}/v3/{id}"),
        ),
        (
            "ECS_CONTAINER_METADATA_URI_V4",
            format!("http://{ADDRESS}/v4/{id}"),
        ),
    ]
}

impl Metadata {
    pub(super) fn insert(&self, id: &str, facts: TaskFacts, container: &str) {
        let subject = Subject {
            facts: Arc::new(facts),
            container: container.to_owned(),
        };
        self.lock().insert(id.to_owned(), subject);
    }

    pub(super) fn remove(&self, task_arn: &str) {
        self.lock()
            .retain(|_, subject| subject.facts.task.arn != task_arn);
        self.restarts()
            .retain(|(of_task, _), _| of_task != task_arn);
    }

    pub(super) fn note_restart(&self, task_arn: &str, container: &str) {
        let key = (task_arn.to_owned(), container.to_owned());
        *self.restarts().entry(key).or_default() += 1;
    }

    fn restarts_of(&self, task_arn: &str, container: &str) -> u64 {
        let key = (task_arn.to_owned(), container.to_owned());
        self.restarts().get(&key).copied().unwrap_or_default()
    }

    fn restarts(&self) -> MutexGuard<'_, HashMap<(String, String), u64>> {
        // As with the containers.
        self.restarts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Subject> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Subject>> {
        // Every change is one insertion or removal, so a panic elsewhere leaves it whole.
        self.containers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of both versions.
pub(super) fn routes() -> Router<Weak<LinkLocal>> {
    Router::new()
        .route(
            "/v4/{id}",
            get(|link, peer, id| container(link, peer, id, Version::V4)),
        )
        .route(
            "/v4/{id}/task",
            get(|link, peer, id| task(link, peer, id, Version::V4)),
        )
        .route(
            "/v4/{id}/taskWithTags",
            get(|link, peer, id| task(link, peer, id, Version::V4)),
        )
        .route("/v4/{id}/stats", get(stats))
        .route("/v4/{id}/task/stats", get(task_stats))
        .route(
            "/v3/{id}",
            get(|link, peer, id| container(link, peer, id, Version::V3)),
        )
        .route(
            "/v3/{id}/task",
            get(|link, peer, id| task(link, peer, id, Version::V3)),
        )
        .route(
            "/v3/{id}/taskWithTags",
            get(|link, peer, id| task(link, peer, id, Version::V3)),
        )
        .route("/v3/{id}/stats", get(stats))
        .route("/v3/{id}/task/stats", get(task_stats))
}

type Link = State<Weak<LinkLocal>>;
type Peer = ConnectInfo<SocketAddr>;

async fn container(link: Link, peer: Peer, Path(id): Path<String>, version: Version) -> Response {
    let Some((subject, details)) = look_up(&link, peer.0.ip(), &id).await else {
        return unknown();
    };
    match details.iter().find(|d| d.name == subject.container) {
        Some(own) => found(&document::container(&subject.facts, own, version)),
        None => unknown(),
    }
}

async fn task(link: Link, peer: Peer, Path(id): Path<String>, version: Version) -> Response {
    match look_up(&link, peer.0.ip(), &id).await {
        Some((subject, details)) => found(&document::task(&subject.facts, &details, version)),
        None => unknown(),
    }
}

async fn stats(link: Link, peer: Peer, Path(id): Path<String>) -> Response {
    let Some((subject, details)) = look_up(&link, peer.0.ip(), &id).await else {
        return unknown();
    };
    let own = details.iter().find(|d| d.name == subject.container);
    match own {
        Some(own) => found(&usage(&link, own).await),
        None => unknown(),
    }
}

async fn task_stats(link: Link, peer: Peer, Path(id): Path<String>) -> Response {
    let Some((_, details)) = look_up(&link, peer.0.ip(), &id).await else {
        return unknown();
    };
    let usages = details.iter().map(|own| usage(&link, own));
    let usages = futures::future::join_all(usages).await;
    let ids = details.iter().map(|own| own.id.clone());
    found(&Value::Object(ids.zip(usages).collect()))
}

/// What the engine says a container uses; nothing of one that does not run.
async fn usage(link: &Link, of: &ContainerDetails) -> Value {
    let Some(link_local) = link.0.upgrade() else {
        return Value::Null;
    };
    match link_local.runtime.stats(&of.id).await {
        Ok(stats) => stats.unwrap_or_default(),
        Err(error) => {
            tracing::debug!(container = of.id, %error, "no statistics");
            Value::Null
        }
    }
}

/// Whom the id is for and its task's containers, if the asker is one of them.
async fn look_up(link: &Link, peer: IpAddr, id: &str) -> Option<(Subject, Vec<ContainerDetails>)> {
    let link_local = link.0.upgrade()?;
    let subject = link_local.metadata.get(id)?;
    let task = &subject.facts.task;
    let allowed = if task.network_mode.as_deref() == Some("host") {
        is_of_this_host(peer)
    } else {
        let addresses = link_local.runtime.addresses_of_task(&task.arn).await;
        addresses.is_ok_and(|addresses| addresses.contains(&peer))
    };
    if !allowed {
        return None;
    }
    let mut details = link_local.runtime.details_of_task(&task.arn).await.ok()?;
    for container in &mut details {
        container.restarts = link_local.metadata.restarts_of(&task.arn, &container.name);
    }
    Some((subject, details))
}

fn found(document: &Value) -> Response {
    json(StatusCode::OK, document.to_string().into())
}

/// AWS: the same to everyone who is not told, in the agent's manner: a JSON text.
fn unknown() -> Response {
    let text = Value::from("unable to find the container or task of this id");
    json(StatusCode::NOT_FOUND, text.to_string().into())
}
