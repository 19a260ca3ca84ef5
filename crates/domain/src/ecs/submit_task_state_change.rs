//! `ecs:SubmitTaskStateChange`

use api::{
    Modeled,
    ecs::{
        AttachmentStateChange, ContainerStateChange, Error,
        submit_task_state_change::{Input, Output, SubmitTaskStateChange},
    },
};
use ecs::states::{ContainerReport, Status, TaskReport};

use super::{cluster, container_instance, here, task};
use crate::{Access, Cx, Operation, World};

impl Operation for SubmitTaskStateChange {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let cluster_name = input.cluster.clone();
        let task = input.task.clone().unwrap_or_default();
        let attachments = input.attachments.unwrap_or_default();
        let report = TaskReport {
            status: status(input.status.as_deref())?,
            reason: input.reason.unwrap_or_default(),
            containers: input
                .containers
                .unwrap_or_default()
                .into_iter()
                .map(container_report)
                .collect::<Result<_, _>>()?,
            attached: None,
            pull_started_at: input.pull_started_at,
            pull_stopped_at: input.pull_stopped_at,
            execution_stopped_at: input.execution_stopped_at,
        };
        let about = (cluster_name.as_deref(), task.as_str());
        fold(cx, Self::ACTION, about, report, &attachments).await?;
        Ok(Output {
            acknowledgment: Some("ACK".to_owned()),
        })
    }
}

/// Takes a report into the task it is about, by its cluster and name, if the caller's own instance runs that task.
pub(super) async fn fold(
    cx: &mut Cx,
    action: &str,
    (cluster_name, task_text): (Option<&str>, &str),
    mut report: TaskReport,
    attachments: &[AttachmentStateChange],
) -> Result<(), Error> {
    let found = cluster::find(cx, cluster_name).await?;
    let (home, place) = here(cx);
    cx.authorize(Access::new(action, &found.arn).with("ecs:cluster", &found.arn))?;
    let row = match place.task_id(&found.name, task_text) {
        Ok(id) => cx.db.task(&home, &found.name, &id).await?,
        Err(_) => None,
    };
    // AWS: a report of a task that is long gone is answered all the same, or the agent repeats it for a day.
    let Some(row) = row else {
        return Ok(());
    };
    container_instance::reporting(cx, &row).await?;
    let before = task::progress(&row)?;
    let mut progress = before.clone();
    report.attached = task::details(&row)?.elsewhere.attached(attachments);
    progress.fold(&report, cx.now());
    if progress != before {
        let state = task::changed(&row, progress)?;
        cx.db.save_task_state(&row.task, &state).await?;
        cx.after_commit(World::tasks_have_changed);
    }
    Ok(())
}

/// A status the agent reports. Whatever is neither running nor stopped is pending to the control plane.
pub(super) fn status(text: Option<&str>) -> Result<Option<Status>, Error> {
    match text {
        None | Some("") => Ok(None),
        Some("NONE" | "MANIFEST_PULLED" | "PULLED" | "CREATED" | "PENDING") => {
            Ok(Some(Status::Pending))
        }
        Some("RESOURCES_PROVISIONED" | "RUNNING") => Ok(Some(Status::Running)),
        Some("STOPPED") => Ok(Some(Status::Stopped)),
        Some(text) => Err(Error::InvalidParameter(format!("Invalid status: {text}"))),
    }
}

fn container_report(change: ContainerStateChange) -> Result<ContainerReport, Error> {
    Ok(ContainerReport {
        name: change.container_name.unwrap_or_default(),
        status: status(change.status.as_deref())?,
        image_digest: change.image_digest,
        runtime_id: change.runtime_id,
        exit_code: change.exit_code,
        reason: change.reason,
        network_bindings: change
            .network_bindings
            .unwrap_or_default()
            .into_iter()
            .map(task::binding)
            .collect(),
    })
}
