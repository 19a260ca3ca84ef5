//! `logs:PutRetentionPolicy`

use api::{
    Modeled as _,
    logs::{
        Error,
        put_retention_policy::{Input, Output, PutRetentionPolicy},
    },
};

use super::{errors, locate};
use crate::{Cx, Operation};

/// The only numbers of days that AWS takes.
const DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

impl Operation for PutRetentionPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_name(cx, &input.log_group_name).await?;
        let mut group = located.authorize(cx, Self::ACTION)?;
        let days = input.retention_in_days;
        if !DAYS.contains(&days) {
            let valid = DAYS.map(|days| days.to_string());
            return Err(errors::invalid(format!(
                "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: \
                 Member must satisfy enum value set: [{}]",
                valid.join(", ")
            )));
        }
        group.retention_days = Some(i64::from(days));
        cx.db.update_log_group(&group).await?;
        Ok(Output {})
    }
}
