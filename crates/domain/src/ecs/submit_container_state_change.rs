//! `ecs:SubmitContainerStateChange`

use api::{
    Modeled,
    ecs::{
        Error,
        submit_container_state_change::{Input, Output, SubmitContainerStateChange},
    },
};
use ecs::states::{ContainerReport, TaskReport};

use super::{
    submit_task_state_change::{fold, status},
    task,
};
use crate::{Cx, Operation};

impl Operation for SubmitContainerStateChange {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let container = ContainerReport {
            name: input.container_name.unwrap_or_default(),
            status: status(input.status.as_deref())?,
            image_digest: None,
            runtime_id: input.runtime_id,
            exit_code: input.exit_code,
            reason: input.reason,
            network_bindings: input
                .network_bindings
                .unwrap_or_default()
                .into_iter()
                .map(task::binding)
                .collect(),
        };
        let report = TaskReport {
            containers: vec![container],
            ..TaskReport::default()
        };
        let task = input.task.unwrap_or_default();
        let about = (input.cluster.as_deref(), task.as_str());
        fold(cx, Self::ACTION, about, report, &[]).await?;
        Ok(Output {
            acknowledgment: Some("ACK".to_owned()),
        })
    }
}
