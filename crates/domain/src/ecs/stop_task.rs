//! `ecs:StopTask`

use api::{
    Modeled,
    ecs::{
        Error,
        stop_task::{Input, Output, StopTask},
    },
};
use ecs::{reasons::Stop, states::Status};
use store::ecs::TaskRow;
use types::Fault;

use super::{cluster, here, task};
use crate::{Access, Cx, Operation, World};

impl Operation for StopTask {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        let (home, place) = here(cx);
        let id = place.task_id(&found.name, &input.task).ok();
        let arn = match &id {
            Some(id) => place.task(&found.name, id).to_string(),
            None => input.task.clone(),
        };
        cx.authorize(Access::new(Self::ACTION, &arn).with("ecs:cluster", &found.arn))?;
        let cluster = found.active()?;
        let missing = || Error::InvalidParameter("The referenced task was not found.".to_owned());
        let id = id.ok_or_else(missing)?;
        let row = cx.db.task(&home, &cluster.name, &id).await?;
        let row = row.ok_or_else(missing)?;
        let row = stop(cx, row, Stop::by_user(input.reason.as_deref())).await?;
        Ok(Output {
            task: Some(task::describe(&row, true)?),
        })
    }
}

/// Has a task stopped; one that has stopped already stays as it is.
pub(super) async fn stop(cx: &mut Cx, mut row: TaskRow, stop: Stop) -> Result<TaskRow, Fault> {
    if row.state.last_status == Status::Stopped.as_str() {
        return Ok(row);
    }
    row.state = task::stopping(&row, stop, cx.now())?;
    cx.db.save_task_state(&row.task, &row.state).await?;
    row.version += 1;
    cx.after_commit(World::tasks_have_changed);
    Ok(row)
}
