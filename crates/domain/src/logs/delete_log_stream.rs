//! `logs:DeleteLogStream`

use api::{
    Modeled as _,
    logs::{
        Error,
        delete_log_stream::{DeleteLogStream, Input, Output},
    },
};

use super::{errors, locate};
use crate::{Cx, Operation};

impl Operation for DeleteLogStream {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_name(cx, &input.log_group_name).await?;
        let group = located.authorize_stream(cx, Self::ACTION, &input.log_stream_name)?;
        let deleted = cx.db.delete_log_stream(&group.id, &input.log_stream_name);
        if deleted.await? {
            Ok(Output {})
        } else {
            Err(errors::no_stream())
        }
    }
}
