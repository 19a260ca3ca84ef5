//! `logs:FilterLogEvents`

use api::{
    Modeled as _,
    logs::{
        Error, FilteredLogEvent,
        filter_log_events::{FilterLogEvents, Input, Output},
    },
};
use store::logs::{ChunkOrder, Streams};

use super::{
    errors, locate,
    pattern::Pattern,
    reading::{self, Found, Position, Wanted},
};
use crate::{Cx, Operation};

const DEFAULT_LIMIT: usize = 10_000;

impl Operation for FilterLogEvents {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, identifier) = (&input.log_group_name, &input.log_group_identifier);
        let located =
            locate::by_name_or_identifier(cx, name.as_deref(), identifier.as_deref()).await?;
        let group = located.authorize(cx, Self::ACTION)?;
        let streams = match (&input.log_stream_names, &input.log_stream_name_prefix) {
            (Some(_), Some(_)) => {
                return Err(errors::invalid(
                    "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
                ));
            }
            (Some(names), None) => Streams::Named(names),
            (None, Some(prefix)) => Streams::Prefix(prefix),
            (None, None) => Streams::All,
        };
        let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())?;
        let after = match input.next_token.as_deref() {
            Some(token) => Some(Position::parse(token).ok_or_else(errors::invalid_token)?),
            None => None,
        };
        let wanted = Wanted {
            streams,
            order: ChunkOrder::Forward,
            start: input.start_time.unwrap_or(0),
            end: input.end_time.unwrap_or(i64::MAX),
            after,
            limit: input
                .limit
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(DEFAULT_LIMIT),
            matches: &|line| pattern.matches(line),
        };
        let page = reading::page(cx, &group, &wanted).await?;
        Ok(Output {
            events: Some(page.lines.into_iter().map(event).collect()),
            // AWS: empty for years now.
            searched_log_streams: Some(Vec::new()),
            next_token: page.next.map(Position::digits),
        })
    }
}

fn event(found: Found) -> FilteredLogEvent {
    FilteredLogEvent {
        event_id: Some(found.position.digits()),
        log_stream_name: Some(found.stream),
        timestamp: Some(found.line.at),
        message: Some(found.line.message),
        ingestion_time: Some(found.ingested.as_millis()),
    }
}
