//! Containers from before a restart: the task goes on where they are.

use std::future::ready;

use futures::FutureExt as _;

use super::{Event, Known, Owner, ReportedStatus, Subject};
use crate::{
    labels,
    runtime::{ContainerState, FoundContainer, Phase, answered},
    task::held,
};

impl Owner {
    pub(super) async fn adopt(&mut self) {
        let of_task = [
            (labels::TASK_ARN, self.task.arn.as_str()),
            (labels::INSTALLATION, &self.shared.config.installation),
        ];
        let runtime = self.shared.runtime.clone();
        let (holders, containers): (Vec<_>, Vec<_>) = answered(|| runtime.find(&of_task))
            .await
            .into_iter()
            .partition(|found| labels::is_network_holder(&found.labels));
        for holder in holders {
            if let Some(state) = answered(|| runtime.inspect(&holder.id)).await {
                self.adopt_network(holder.id, &state).await;
            }
        }
        for container in containers {
            let inspected = answered(|| runtime.inspect(&container.id)).await;
            if let Some(state) = inspected {
                self.adopt_container(container, state).await;
            }
        }
        self.miss_network();
        if self.task.known_status.as_deref() == Some("RUNNING") {
            self.miss_vanished();
        }
    }

    /// A task that ran is not started anew: what is not there any more has ended.
    fn miss_vanished(&mut self) {
        for index in 0..self.records.len() {
            if self.record(index).known == Known::None {
                self.record_mut(index).known = Known::Running;
                self.jobs.push(ready(Event::Exited(index, None)).boxed());
            }
        }
    }

    async fn adopt_container(&mut self, found: FoundContainer, state: ContainerState) {
        let name = found.labels.get(labels::CONTAINER_NAME);
        let mut containers = self.task.containers.iter();
        let Some(index) = containers.position(|container| Some(&container.name) == name) else {
            return;
        };
        tracing::info!(
            task.arn = self.task.arn,
            container = name,
            "container found again"
        );
        if let Some(id) = found.labels.get(labels::METADATA) {
            let subject = Subject {
                shared: self.shared.clone(),
                task: self.task.clone(),
                index,
            };
            subject.serve_metadata(id, self.reporting.times);
        }
        let image = &self.container(index).image;
        let image = self.shared.runtime.local_image(image).await;
        let now = self.shared.now();
        let address = self.network.address();
        let record = self.record_mut(index);
        record.address = address;
        record.held = held::of_labels(&found.labels);
        record.image_digest = image.ok().flatten().and_then(|image| image.digest);
        record.runtime_id = Some(found.id.clone());
        record.known = Known::Created;
        if state.phase != Phase::Created {
            record.known = Known::Running;
            record.started_at = Some(state.created_at.unwrap_or(now));
            record.bindings.clone_from(&state.bindings);
            self.container_changed(index, ReportedStatus::Running);
            self.watch(index, found.id);
        }
    }
}
