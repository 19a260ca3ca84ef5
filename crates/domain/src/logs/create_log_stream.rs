//! `logs:CreateLogStream`

use api::{
    Modeled as _,
    logs::{
        Error,
        create_log_stream::{CreateLogStream, Input, Output},
    },
};
use store::logs::LogStream;

use super::locate;
use crate::{Cx, Operation};

impl Operation for CreateLogStream {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_name(cx, &input.log_group_name).await?;
        let group = located.authorize_stream(cx, Self::ACTION, &input.log_stream_name)?;
        let stream = LogStream {
            group_id: group.id,
            name: input.log_stream_name,
            created: cx.now(),
            first: None,
            last: None,
            ingested: None,
        };
        if !cx.db.insert_log_stream(&stream).await? {
            return Err(Error::ResourceAlreadyExists(
                "The specified log stream already exists".to_owned(),
            ));
        }
        Ok(Output {})
    }
}
