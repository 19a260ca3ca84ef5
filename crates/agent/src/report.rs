//! What the agent tells of its tasks, with `SubmitTaskStateChange`.

use std::{net::IpAddr, sync::Arc, time::Duration};

use aws_sdk_ecs::{
    Client,
    types::{AttachmentStateChange, ContainerStateChange},
};
use aws_smithy_types::DateTime;
use tokio::sync::mpsc;
use types::{Entropy, Timestamp};

use crate::{backoff::Backoff, ecs_api::code_and_text, reason, runtime::NetworkBinding};

/// The three states that are ever reported, of tasks and of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReportedStatus {
    Pending,
    Running,
    Stopped,
}

impl ReportedStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// One report of one task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TaskReport {
    pub status: ReportedStatus,
    /// Empty unless a resource of the task failed or the task was refused.
    pub reason: String,
    pub containers: Vec<ContainerReport>,
    /// How the network interface of the task is, where it has one.
    pub attachment: Option<Attachment>,
    pub times: Times,
}

/// What a report says of a task's network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub arn: String,
    /// Whether the network behind it is there.
    pub attached: bool,
}

impl TaskReport {
    /// A task that was not taken at all.
    pub fn refused(reason: String) -> Self {
        Self {
            status: ReportedStatus::Stopped,
            reason,
            containers: Vec::new(),
            attachment: None,
            times: Times::default(),
        }
    }
}

/// The moments that a report carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "ECS names them so")]
pub(crate) struct Times {
    pub pull_started_at: Option<Timestamp>,
    pub pull_stopped_at: Option<Timestamp>,
    pub execution_stopped_at: Option<Timestamp>,
}

/// What a report says of one container. The same container may stand in it more than once, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContainerReport {
    pub name: String,
    pub status: ReportedStatus,
    pub image_digest: Option<String>,
    pub runtime_id: Option<String>,
    pub exit_code: Option<i64>,
    pub reason: Option<String>,
    pub bindings: Vec<NetworkBinding>,
    /// Where a task with a network of its own is reached. Ours alone: ECS's agent is told of the interface instead.
    pub address: Option<IpAddr>,
}

/// Sends reports. Those of one task stay in order; those of different tasks do not wait for each other.
#[derive(Clone)]
pub(crate) struct Reporter {
    client: Client,
    cluster: String,
    entropy: Arc<dyn Entropy>,
}

impl Reporter {
    pub fn new(client: Client, cluster: String, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            client,
            cluster,
            entropy,
        }
    }

    /// The queue of one task. What is in it is sent even after the queue is dropped.
    pub fn of_task(&self, task_arn: &str) -> ReportQueue {
        let (queue, mut reports) = mpsc::unbounded_channel::<TaskReport>();
        let (reporter, task_arn) = (self.clone(), task_arn.to_owned());
        tokio::spawn(async move {
            let mut told = None;
            while let Some(report) = reports.recv().await {
                // Of a stop the log has the reason once, though it is reported again when the network is gone.
                let reason = match told.replace(report.status) {
                    Some(before) if before == report.status => "",
                    _ => reason::cut(&report.reason),
                };
                reporter.deliver(&task_arn, &report, reason).await;
            }
        });
        ReportQueue(queue)
    }

    /// Sends a report until it is taken, and logs it with this reason.
    async fn deliver(&self, task_arn: &str, report: &TaskReport, reason: &str) {
        let mut backoff = Backoff::new(Duration::from_secs(1), 1.5, Duration::from_secs(30), 0.2);
        loop {
            let Err((code, error)) = self.submit(task_arn, report).await else {
                tracing::info!(
                    task.arn = task_arn,
                    status = report.status.as_str(),
                    reason,
                    "task reported"
                );
                return;
            };
            // AWS: this error alone makes the agent drop a report; any other is retried, for a day if it must be.
            if code.as_deref() == Some("InvalidParameterException") {
                tracing::error!(task.arn = task_arn, error, "report refused");
                return;
            }
            let wait = backoff.next_wait(self.entropy.as_ref());
            tracing::warn!(task.arn = task_arn, error, "report not delivered yet");
            tokio::time::sleep(wait).await;
        }
    }

    async fn submit(
        &self,
        task_arn: &str,
        report: &TaskReport,
    ) -> Result<(), (Option<String>, String)> {
        let containers: Vec<_> = report.containers.iter().map(state_change).collect();
        self.client
            .submit_task_state_change()
            .cluster(&self.cluster)
            .task(task_arn)
            .status(report.status.as_str())
            .reason(reason::cut(&report.reason))
            .set_containers((!containers.is_empty()).then_some(containers))
            .set_attachments(report.attachment.as_ref().and_then(attachment_change))
            .set_pull_started_at(report.times.pull_started_at.map(date_time))
            .set_pull_stopped_at(report.times.pull_stopped_at.map(date_time))
            .set_execution_stopped_at(report.times.execution_stopped_at.map(date_time))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| code_and_text(&error))
    }
}

/// Takes the reports of one task.
pub(crate) struct ReportQueue(mpsc::UnboundedSender<TaskReport>);

impl ReportQueue {
    pub fn push(&self, report: TaskReport) {
        // The receiver ends only after the last sender.
        let _ = self.0.send(report);
    }
}

fn date_time(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.as_millis())
}

fn attachment_change(attachment: &Attachment) -> Option<Vec<AttachmentStateChange>> {
    let status = if attachment.attached {
        "ATTACHED"
    } else {
        "DETACHED"
    };
    let change = AttachmentStateChange::builder()
        .attachment_arn(&attachment.arn)
        .status(status);
    Some(vec![change.build().ok()?])
}

fn state_change(container: &ContainerReport) -> ContainerStateChange {
    let binding = aws_sdk_ecs::types::NetworkBinding::builder;
    let published = container.bindings.iter().map(|published| {
        binding()
            .bind_ip(&published.bind_ip)
            .container_port(published.container_port)
            .host_port(published.host_port)
            .protocol(published.protocol.as_str().into())
            .build()
    });
    // An address without ports is the address of the task.
    let address = container.address.iter();
    let address = address.map(|address| binding().bind_ip(address.to_string()).build());
    let bindings: Vec<_> = published.chain(address).collect();
    ContainerStateChange::builder()
        .container_name(&container.name)
        .status(container.status.as_str())
        .set_image_digest(container.image_digest.clone())
        .set_runtime_id(container.runtime_id.clone())
        .set_exit_code(
            container
                .exit_code
                .and_then(|code| i32::try_from(code).ok()),
        )
        .set_reason(
            container
                .reason
                .as_deref()
                .map(|r| reason::cut(r).to_owned()),
        )
        .set_network_bindings((!bindings.is_empty()).then_some(bindings))
        .build()
}
