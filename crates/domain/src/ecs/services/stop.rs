//! Tasks that the scheduler stops.

use ecs::service::Stop;
use store::{Session, ecs::TaskRow};
use types::{Fault, Timestamp};

use crate::ecs::task;

pub(super) async fn stop(
    db: &mut Session,
    rows: &[TaskRow],
    stops: &[Stop],
    now: Timestamp,
) -> Result<(), Fault> {
    for stop in stops {
        if let Some(row) = rows.iter().find(|row| row.task.id == stop.task) {
            let state = task::stopping(row, stop.why.clone(), now)?;
            db.save_task_state(&row.task, &state).await?;
        }
    }
    Ok(())
}
