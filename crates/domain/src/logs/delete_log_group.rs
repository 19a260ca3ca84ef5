//! `logs:DeleteLogGroup`

use api::{
    Modeled as _,
    logs::{
        Error,
        delete_log_group::{DeleteLogGroup, Input, Output},
    },
};

use super::locate;
use crate::{Cx, Operation};

impl Operation for DeleteLogGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_name(cx, &input.log_group_name).await?;
        let group = located.authorize(cx, Self::ACTION)?;
        cx.db.delete_log_group(&group.id).await?;
        Ok(Output {})
    }
}
