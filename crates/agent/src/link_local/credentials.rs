//! What is handed out, and to whom.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ecs::acs::Credentials;

/// Who may have credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The containers of the task.
    Task,
    /// Whoever knows the id on this host: log drivers, which run in the engine, and tasks in the host's network.
    Host,
}

/// Credentials by their ids.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<String, Served>>);

struct Served {
    task_arn: String,
    audience: Audience,
    credentials: Credentials,
}

impl Known {
    pub(super) fn insert(&self, task_arn: &str, audience: Audience, credentials: Credentials) {
        let id = credentials.credentials_id.clone();
        let served = Served {
            task_arn: task_arn.to_owned(),
            audience,
            credentials,
        };
        self.lock().insert(id, served);
    }

    pub(super) fn get(&self, id: &str) -> Option<(String, Audience, Credentials)> {
        let known = self.lock();
        let served = known.get(id)?;
        Some((
            served.task_arn.clone(),
            served.audience,
            served.credentials.clone(),
        ))
    }

    pub(super) fn remove(&self, task_arn: &str) {
        self.lock().retain(|_, served| served.task_arn != task_arn);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Served>> {
        // Every change is one insertion or removal, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
