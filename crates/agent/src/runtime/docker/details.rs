//! What the engine knows of a task's containers, for the task itself.

use bollard::{
    Docker,
    models::ContainerInspectResponse,
    query_parameters::{InspectContainerOptions, StatsOptionsBuilder},
};
use futures::StreamExt as _;
use serde_json::Value;

use super::{missing_as_none, moment, state_of};
use crate::{
    labels,
    runtime::{ContainerDetails, FoundContainer, RuntimeError},
};

/// The details of these containers of one task. What holds their network lends them its address.
pub(super) async fn of(
    docker: &Docker,
    found: Vec<FoundContainer>,
) -> Result<Vec<ContainerDetails>, RuntimeError> {
    let (mut all, mut shared) = (Vec::new(), None);
    for container in found {
        let options = None::<InspectContainerOptions>;
        let answer = docker.inspect_container(&container.id, options).await;
        let Some(record) = missing_as_none(answer)? else {
            continue;
        };
        let details = details(record, &container);
        if labels::is_network_holder(&container.labels) {
            shared = details.address;
        } else {
            all.push(details);
        }
    }
    for details in &mut all {
        details.address = details.address.or(shared);
    }
    // Engines list the youngest first.
    all.sort_by_key(|details| details.created_at);
    Ok(all)
}

fn details(record: ContainerInspectResponse, found: &FoundContainer) -> ContainerDetails {
    let name = found.labels.get(labels::CONTAINER_NAME);
    let started_at = record.state.as_ref().and_then(|s| s.started_at.as_deref());
    let started_at = started_at.and_then(moment);
    let mounts = record.mounts.iter().flatten();
    let mounts = mounts
        .map(|mount| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            (text(&mount.source), text(&mount.destination))
        })
        .collect();
    let engine_name = record.name.clone().unwrap_or_default();
    let image_id = record.image.clone().unwrap_or_default();
    let state = state_of(record);
    ContainerDetails {
        id: found.id.clone(),
        name: name.cloned().unwrap_or_default(),
        engine_name: engine_name.trim_start_matches('/').to_owned(),
        image_id,
        labels: found.labels.clone(),
        phase: state.phase,
        exit_code: state.exit_code,
        health: state.health,
        created_at: state.created_at,
        started_at,
        finished_at: state.finished_at,
        mounts,
        bindings: state.bindings,
        address: state.address,
        restarts: 0,
    }
}

/// One reading of what the container uses.
pub(super) async fn stats(docker: &Docker, id: &str) -> Result<Option<Value>, RuntimeError> {
    let options = StatsOptionsBuilder::new().stream(false).build();
    let answer = docker.stats(id, Some(options)).next().await;
    let reading = match answer {
        Some(answer) => missing_as_none(answer)?,
        None => None,
    };
    Ok(reading.and_then(|reading| serde_json::to_value(reading).ok()))
}
