//! What the agent does with a message, and what it answers.

use std::sync::Arc;

use ecs::acs::{
    AckRequest, Credentials, FromAgent, HeartbeatAckRequest, IAMRoleCredentialsAckRequest,
    IAMRoleCredentialsMessage, PayloadMessage, RoleType, TaskIdentifier, TaskManifestMessage,
    TaskStopVerificationAck, TaskStopVerificationMessage, ToAgent,
};

use crate::{
    link_local::Audience,
    tasks::{Taken, Tasks},
};

/// What is remembered from one message to the next, also over reconnects.
pub(super) struct Conversation {
    tasks: Arc<Tasks>,
    /// Payloads and manifests share one increasing series of numbers.
    highest_number: i64,
    /// The manifest whose stop candidates wait for an answer.
    awaiting_verification: Option<String>,
}

impl Conversation {
    pub fn new(tasks: Arc<Tasks>) -> Self {
        Self {
            tasks,
            highest_number: 0,
            awaiting_verification: None,
        }
    }

    /// Acts on one message. Nothing here waits: tasks go their own way.
    pub fn answer(&mut self, message: ToAgent) -> Vec<FromAgent> {
        match message {
            ToAgent::HeartbeatMessage(heartbeat) => vec![
                HeartbeatAckRequest {
                    message_id: heartbeat.message_id,
                }
                .into(),
            ],
            ToAgent::PayloadMessage(payload) => self.take_payload(payload),
            ToAgent::IAMRoleCredentialsMessage(refresh) => self.refresh_credentials(refresh),
            ToAgent::TaskManifestMessage(manifest) => self.compare(manifest),
            ToAgent::TaskStopVerificationAck(ack) => self.stop_verified(ack),
            ToAgent::CloseMessage(notice) => {
                tracing::warn!(message = notice.message, "the control plane says");
                Vec::new()
            }
            // What runs over the session is the session's own.
            ToAgent::ExecRequestMessage(_) | ToAgent::Unknown(_) => Vec::new(),
        }
    }

    fn take_payload(&mut self, payload: PayloadMessage) -> Vec<FromAgent> {
        let PayloadMessage {
            message_id,
            cluster_arn,
            container_instance_arn,
            ..
        } = payload;
        if message_id.is_empty() || cluster_arn.is_empty() || container_instance_arn.is_empty() {
            tracing::warn!("payload without message id, cluster or instance ignored");
            return Vec::new();
        }
        // AWS: a payload with an old number is taken all the same; the number guards manifests only.
        self.highest_number = self.highest_number.max(payload.seq_num);

        let mut answers = Vec::new();
        let mut all_taken = true;
        for task in payload.tasks {
            let roles = [
                &task.execution_role_credentials,
                &task.role_credentials,
                &task.log_credentials,
            ];
            let acks: Vec<_> = roles
                .into_iter()
                .flatten()
                .map(|credentials| credentials_ack(&message_id, credentials))
                .collect();
            match self.tasks.take(task, &cluster_arn) {
                Taken::Accepted => answers.extend(acks),
                Taken::Refused => all_taken = false,
            }
        }
        if !all_taken {
            // AWS: one task that cannot be read leaves the whole message without acknowledgement.
            return Vec::new();
        }
        answers.push(
            AckRequest {
                cluster: cluster_arn,
                container_instance: container_instance_arn,
                message_id,
            }
            .into(),
        );
        answers
    }

    fn refresh_credentials(&self, refresh: IAMRoleCredentialsMessage) -> Vec<FromAgent> {
        let ack = credentials_ack(&refresh.message_id, &refresh.role_credentials);
        let known = match refresh.role_type {
            RoleType::TaskExecution => self
                .tasks
                .refresh_execution_role(&refresh.task_arn, refresh.role_credentials),
            RoleType::TaskApplication => self.tasks.refresh_served(
                &refresh.task_arn,
                Audience::Task,
                refresh.role_credentials,
            ),
            RoleType::TaskExecutionLogs => self.tasks.refresh_served(
                &refresh.task_arn,
                Audience::Host,
                refresh.role_credentials,
            ),
            RoleType::Unknown => false,
        };
        if known { vec![ack] } else { Vec::new() }
    }

    fn compare(&mut self, manifest: TaskManifestMessage) -> Vec<FromAgent> {
        if manifest.timeline <= self.highest_number {
            tracing::debug!(timeline = manifest.timeline, "an old manifest is ignored");
            return Vec::new();
        }
        self.highest_number = manifest.timeline;
        let wanted = |arn: &str| {
            let mut tasks = manifest.tasks.iter();
            tasks.any(|task| task.task_arn == arn && task.desired_status == "RUNNING")
        };
        let stop_candidates: Vec<TaskIdentifier> = self
            .tasks
            .wanted_running()
            .into_iter()
            .filter(|(arn, _)| !wanted(arn))
            .map(|(task_arn, cluster)| TaskIdentifier {
                task_arn,
                task_cluster_arn: cluster.unwrap_or_else(|| manifest.cluster_arn.clone()),
                desired_status: "STOPPED".to_owned(),
            })
            .collect();

        let mut answers: Vec<FromAgent> = vec![
            AckRequest {
                cluster: manifest.cluster_arn,
                container_instance: manifest.container_instance_arn,
                message_id: manifest.message_id.clone(),
            }
            .into(),
        ];
        if !stop_candidates.is_empty() {
            self.awaiting_verification = Some(manifest.message_id.clone());
            answers.push(
                TaskStopVerificationMessage {
                    message_id: manifest.message_id,
                    stop_candidates,
                }
                .into(),
            );
        }
        answers
    }

    fn stop_verified(&mut self, ack: TaskStopVerificationAck) -> Vec<FromAgent> {
        if self.awaiting_verification.as_ref() == Some(&ack.message_id) {
            self.awaiting_verification = None;
            for task in ack.stop_tasks {
                if task.desired_status == "STOPPED" {
                    self.tasks.stop(&task.task_arn);
                }
            }
        }
        Vec::new()
    }
}

fn credentials_ack(message_id: &str, credentials: &Credentials) -> FromAgent {
    IAMRoleCredentialsAckRequest {
        message_id: message_id.to_owned(),
        credentials_id: credentials.credentials_id.clone(),
        expiration: credentials.expiration.clone(),
    }
    .into()
}
