//! `logs:DeleteRetentionPolicy`

use api::{
    Modeled as _,
    logs::{
        Error,
        delete_retention_policy::{DeleteRetentionPolicy, Input, Output},
    },
};

use super::locate;
use crate::{Cx, Operation};

impl Operation for DeleteRetentionPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_name(cx, &input.log_group_name).await?;
        let mut group = located.authorize(cx, Self::ACTION)?;
        group.retention_days = None;
        cx.db.update_log_group(&group).await?;
        Ok(Output {})
    }
}
