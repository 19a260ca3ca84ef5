//! `logs:PutLogEvents`

use api::{
    Modeled as _,
    logs::{
        Error,
        put_log_events::{Input, Output, PutLogEvents},
    },
};
use store::logs::{LogChunk, LogGroup};
use types::Timestamp;

use super::{
    batch::{self, Batch},
    chunk, errors, locate,
    reading::Position,
};
use crate::{Cx, Operation};

impl Operation for PutLogEvents {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let stream = input.log_stream_name;
        let located = locate::by_name(cx, &input.log_group_name).await?;
        let group = located.authorize_stream(cx, Self::ACTION, &stream)?;
        if cx.db.log_stream(&group.id, &stream).await?.is_none() {
            return Err(errors::no_stream());
        }
        let batch = batch::take(input.log_events, cx.now(), group.retention_days)?;
        let id = chunk::new_id(cx.now(), cx.entropy());
        let end = batch.lines.last().map_or(0, |line| line.at);
        keep(cx, &group, stream, id, &batch).await?;
        // AWS: sequence tokens are given and not asked for any more.
        let token = Position {
            at: end,
            chunk: id,
            index: 0,
        };
        Ok(Output {
            next_sequence_token: Some(token.digits()),
            rejected_log_events_info: batch.rejected,
            rejected_entity_info: None,
        })
    }
}

async fn keep(
    cx: &mut Cx,
    group: &LogGroup,
    stream: String,
    id: i64,
    batch: &Batch,
) -> Result<(), Error> {
    let (Some(first), Some(last)) = (batch.lines.first(), batch.lines.last()) else {
        return Ok(());
    };
    let key = chunk::open_key(&cx.world, group)?;
    let chunk = LogChunk {
        group_id: group.id.clone(),
        id,
        first: Timestamp::from_millis(first.at),
        last: Timestamp::from_millis(last.at),
        ingested: cx.now(),
        bytes: batch.bytes,
        sealed: chunk::seal(&key, (&stream, id), &batch.lines, cx.entropy())?,
        stream,
    };
    cx.db.insert_log_chunk(&chunk).await?;
    Ok(())
}
