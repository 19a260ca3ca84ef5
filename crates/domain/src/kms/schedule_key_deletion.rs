//! `kms:ScheduleKeyDeletion`

use api::{
    CommonError,
    kms::{
        Error, KeyState,
        schedule_key_deletion::{Input, Output, ScheduleKeyDeletion},
    },
};

use super::{authorize::Use, locate, rotation};
use crate::{Cx, Operation};

const DEFAULT_WINDOW: i32 = 30;

impl Operation for ScheduleKeyDeletion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let days = input.pending_window_in_days.unwrap_or(DEFAULT_WINDOW);
        check_window(days)?;
        let intent = Use::of("kms:ScheduleKeyDeletion").with(
            "kms:ScheduleKeyDeletionPendingWindowInDays",
            days.to_string(),
        );
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located.authorize(cx, intent).await?;
        key.not_pending()?;

        key.set_state(KeyState::PendingDeletion);
        key.row.deletion_date = Some(rotation::days_after(cx.now(), days.into()));
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {
            key_id: Some(key.arn()),
            deletion_date: key.row.deletion_date,
            key_state: Some(key.state),
            pending_window_in_days: Some(days),
        })
    }
}

// AWS: the model allows 1 to 365 days; the service takes 7 to 30.
fn check_window(days: i32) -> Result<(), Error> {
    let bound = match days {
        ..7 => "greater than or equal to 7",
        31.. => "less than or equal to 30",
        _ => return Ok(()),
    };
    let text = format!(
        "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: \
         Member must have value {bound}"
    );
    Err(CommonError::Validation(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_a_week_to_a_month() {
        for (days, fine) in [
            (1, false),
            (6, false),
            (7, true),
            (30, true),
            (31, false),
            (365, false),
        ] {
            assert_eq!(check_window(days).is_ok(), fine, "{days}");
        }
    }
}
