//! A service's row: what it was given, and what its scheduler remembers.

use std::collections::BTreeMap;

use api::{
    codec::{from_json_str, to_json_string},
    ecs::{LaunchType, create_service::Input},
};
use ecs::service::Service;
use serde::{Deserialize, Serialize};
use store::{
    Session,
    ecs::{ServiceDeploymentRow, ServiceRow},
};
use types::{Entropy, Fault};

/// What the service was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::ecs) struct Details {
    /// What CreateService and the updates since say, as JSON; without tags and token, which stand elsewhere.
    input: String,
    pub tags: String,
    /// What the creating call asked for, to tell a repeated call from another with the same token.
    pub request: String,
    /// The versions of secrets that a deployment was begun for, by ARN: none is for a second time.
    #[serde(default)]
    pub answered: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
#[error("a stored service cannot be read")]
struct UnreadableService;

impl Details {
    pub(in crate::ecs) fn new(input: &Input, tags: String, request: String) -> Self {
        let mut details = Self {
            input: String::new(),
            tags,
            request,
            answered: BTreeMap::new(),
        };
        details.set_input(input);
        details
    }

    pub(in crate::ecs) fn set_input(&mut self, input: &Input) {
        let mut kept = input.clone();
        (kept.tags, kept.client_token) = (None, None);
        self.input = to_json_string(&kept);
    }

    pub(in crate::ecs) fn input(&self) -> Result<Input, Fault> {
        input(&self.input)
    }

    /// What the tasks of a deployment are started with.
    pub(in crate::ecs) fn settings(&self) -> String {
        self.input.clone()
    }

    pub(in crate::ecs) fn to_json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(Fault::new)
    }
}

/// Reads back what a service was given.
pub(super) fn input(text: &str) -> Result<Input, Fault> {
    from_json_str(text).map_err(|_| Fault::new(UnreadableService))
}

/// What tasks that are started so are launched as.
pub(in crate::ecs) fn launch_type(input: &Input) -> LaunchType {
    match &input.capacity_provider_strategy {
        Some(strategy) if !strategy.is_empty() => LaunchType::Fargate,
        _ => input.launch_type.unwrap_or(LaunchType::Ec2),
    }
}

/// Whether they are Fargate's.
pub(super) fn is_fargate(input: &Input) -> bool {
    launch_type(input) == LaunchType::Fargate
}

/// Reads a row: what the service was given, and what its scheduler remembers.
pub(in crate::ecs) fn read(row: &ServiceRow) -> Result<(Details, Service), Fault> {
    let details = serde_json::from_str(&row.details).map_err(Fault::new)?;
    let state = serde_json::from_str(&row.state).map_err(Fault::new)?;
    Ok((details, state))
}

/// Puts both back, and keeps what has become history. Whatever is new is given its id.
pub(in crate::ecs) async fn save(
    db: &mut Session,
    row: &mut ServiceRow,
    details: &Details,
    service: &mut Service,
    entropy: &dyn Entropy,
) -> Result<(), Fault> {
    for event in service.events.iter_mut().filter(|e| e.id.is_empty()) {
        event.id = entropy.uuid();
    }
    let attempts = service.attempt.iter_mut().chain(&mut service.history);
    for attempt in attempts.filter(|attempt| attempt.id.is_empty()) {
        attempt.id = new_service_deployment_id(entropy);
    }
    for attempt in service.history.drain(..) {
        let past = ServiceDeploymentRow {
            id: attempt.id.clone(),
            revision: attempt.target.id.clone(),
            status: attempt.status.as_str().to_owned(),
            created_at: attempt.created_at,
            record: serde_json::to_string(&attempt).map_err(Fault::new)?,
        };
        db.keep_service_deployment(&row.key, &past).await?;
    }
    service.status.as_str().clone_into(&mut row.status);
    row.details = details.to_json()?;
    row.state = serde_json::to_string(service).map_err(Fault::new)?;
    db.save_service(row).await
}

/// As AWS writes them: 21 letters, digits, `_` and `-`.
fn new_service_deployment_id(entropy: &dyn Entropy) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    entropy.text(ALPHABET, 21)
}

/// `ecs-svc/` and nineteen digits.
pub(in crate::ecs) fn new_deployment_id(entropy: &dyn Entropy) -> String {
    let number = u64::from_le_bytes(entropy.bytes());
    format!(
        "ecs-svc/{}",
        1_000_000_000_000_000_000 + number % 8_999_999_999_999_999_999
    )
}
