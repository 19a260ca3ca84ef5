//! When the control plane hears of a task: `PENDING`, `RUNNING`, `STOPPED`, and what happened to containers in between.

use ecs::acs::Task;
use types::Timestamp;

use super::{Known, Record};
use crate::report::{Attachment, ContainerReport, ReportQueue, ReportedStatus, TaskReport, Times};

/// What was told of one task, and what was not told yet.
pub(super) struct Reporting {
    queue: ReportQueue,
    sent: Option<ReportedStatus>,
    /// Changes of containers that no report carried yet, in order.
    unsent: Vec<ContainerReport>,
    /// The attachment of the task's network interface, by ARN, where it has one.
    attachment_arn: Option<String>,
    /// Whether the network behind it is there, once that is known.
    pub attached: Option<bool>,
    pub times: Times,
}

impl Reporting {
    pub fn new(queue: ReportQueue, task: &Task) -> Self {
        let mut interfaces = task.elastic_network_interfaces.iter();
        Self {
            queue,
            sent: None,
            unsent: Vec::new(),
            attachment_arn: interfaces.find_map(|one| one.attachment_arn.clone()),
            attached: None,
            times: Times::default(),
        }
    }

    /// Remembers a change of a container for the next report.
    pub fn container_changed(&mut self, report: ContainerReport) {
        self.unsent.push(report);
    }

    /// Whether a change of a container waits for a report. In a task that is to stop, it waits for the last one.
    pub fn has_unsent(&self) -> bool {
        self.sent.is_some() && !self.unsent.is_empty()
    }

    /// Sends what the task's state asks for.
    pub fn update(&mut self, task: &Task, records: &[Record], wanted_running: bool) {
        if records.is_empty() {
            return;
        }
        let all = |least: Known| records.iter().all(|record| record.known >= least);
        if wanted_running && !all(Known::Stopped) {
            if self.sent < Some(ReportedStatus::Running) && all(Known::Running) {
                self.send(ReportedStatus::Running, "");
            } else if self.sent.is_none() && all(Known::ManifestPulled) && is_untouched(records) {
                self.send_pending(task, records);
            }
        }
    }

    /// Sends what changed while the task did not.
    pub fn flush(&mut self) {
        if let Some(status) = self.sent
            && !self.unsent.is_empty()
        {
            self.send(status, "");
        }
    }

    /// The last report. The reason is empty unless a resource of the task failed.
    pub fn stopped(&mut self, reason: &str, now: Timestamp) {
        self.times.execution_stopped_at.get_or_insert(now);
        self.send(ReportedStatus::Stopped, reason);
    }

    pub fn refused(&mut self, reason: String) {
        self.queue.push(TaskReport::refused(reason));
    }

    pub fn pull_began(&mut self, now: Timestamp) {
        self.times.pull_started_at.get_or_insert(now);
    }

    pub fn pull_ended(&mut self, now: Timestamp) {
        self.times.pull_stopped_at = Some(now);
    }

    /// Whether the control plane is to hear of the network's end by itself.
    pub fn tells_of_attachment(&self) -> bool {
        self.attachment_arn.is_some()
    }

    fn attachment(&self) -> Option<Attachment> {
        Some(Attachment {
            arn: self.attachment_arn.clone()?,
            attached: self.attached?,
        })
    }

    fn send_pending(&mut self, task: &Task, records: &[Record]) {
        let containers = task.containers.iter().zip(records);
        let containers = containers
            .map(|(container, record)| record.report(&container.name, ReportedStatus::Pending))
            .collect();
        self.sent = Some(ReportedStatus::Pending);
        self.queue.push(TaskReport {
            status: ReportedStatus::Pending,
            reason: String::new(),
            containers,
            attachment: self.attachment(),
            times: Times::default(),
        });
    }

    fn send(&mut self, status: ReportedStatus, reason: &str) {
        self.sent = Some(status);
        self.queue.push(TaskReport {
            status,
            reason: reason.to_owned(),
            containers: std::mem::take(&mut self.unsent),
            attachment: self.attachment(),
            times: self.times,
        });
    }
}

/// `PENDING` is said once all digests are known and before anything is made; not where a lookup failed.
fn is_untouched(records: &[Record]) -> bool {
    records
        .iter()
        .all(|record| !record.manifest_failed && record.runtime_id.is_none())
}
