//! `logs:DescribeLogStreams`

use api::{
    Modeled as _,
    logs::{
        Error, OrderBy,
        describe_log_streams::{DescribeLogStreams, Input, Output},
    },
};
use serde::{Deserialize, Serialize};
use store::logs::{LogStream, StreamOrder};
use types::Timestamp;

use super::{errors, locate};
use crate::{Cx, Operation, page_token};

const DEFAULT_PAGE: usize = 50;
const MOST_SCANNED: usize = 5000;

impl Operation for DescribeLogStreams {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, identifier) = (&input.log_group_name, &input.log_group_identifier);
        let located =
            locate::by_name_or_identifier(cx, name.as_deref(), identifier.as_deref()).await?;
        let group = located.authorize(cx, Self::ACTION)?;
        let order = match input.order_by {
            Some(OrderBy::LastEventTime) => StreamOrder::LastEvent,
            Some(OrderBy::LogStreamName) | None => StreamOrder::Name,
        };
        if order == StreamOrder::LastEvent && input.log_stream_name_prefix.is_some() {
            return Err(errors::invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        let place = match input.next_token.as_deref() {
            Some(token) => {
                Some(page_token::read::<Place>(token).ok_or_else(errors::invalid_token)?)
            }
            None => None,
        };
        let listing = Listing {
            group_id: &group.id,
            order,
            descending: input.descending.unwrap_or_default(),
            prefix: input.log_stream_name_prefix.as_deref().unwrap_or_default(),
        };
        let size = input.limit.and_then(|n| usize::try_from(n).ok());
        let (streams, last) = listing
            .page(
                cx,
                place.map(|place| place.stream(&group.id)),
                size.unwrap_or(DEFAULT_PAGE),
            )
            .await?;
        let group_arn = locate::group_arn(cx, &group.name);
        let described = streams
            .into_iter()
            .map(|stream| describe(&group_arn, stream));
        Ok(Output {
            log_streams: Some(described.collect()),
            next_token: last.map(|stream| page_token::write(&Place::of(&stream))),
        })
    }
}

/// The last stream of a page.
#[derive(Serialize, Deserialize)]
struct Place {
    name: String,
    last: Option<i64>,
}

impl Place {
    fn of(stream: &LogStream) -> Self {
        Self {
            name: stream.name.clone(),
            last: stream.last.map(Timestamp::as_millis),
        }
    }

    /// What a page can follow: the members that a list is ordered by.
    fn stream(self, group_id: &str) -> LogStream {
        LogStream {
            group_id: group_id.to_owned(),
            name: self.name,
            created: Timestamp::from_millis(0),
            first: None,
            last: self.last.map(Timestamp::from_millis),
            ingested: None,
        }
    }
}

struct Listing<'a> {
    group_id: &'a str,
    order: StreamOrder,
    descending: bool,
    prefix: &'a str,
}

impl Listing<'_> {
    /// The streams that match, and the one that the next page follows where there may be more.
    async fn page(
        &self,
        cx: &mut Cx,
        mut after: Option<LogStream>,
        size: usize,
    ) -> Result<(Vec<LogStream>, Option<LogStream>), Error> {
        let (mut found, mut scanned) = (Vec::new(), 0);
        loop {
            let (order, descending) = (self.order, self.descending);
            let streams = cx
                .db
                .log_streams(self.group_id, order, descending, after.as_ref(), 100)
                .await?;
            let whole = streams.len() == 100;
            for stream in streams {
                if stream.name.starts_with(self.prefix) {
                    if found.len() == size {
                        return Ok((found, after));
                    }
                    found.push(stream.clone());
                }
                after = Some(stream);
                scanned += 1;
            }
            if !whole {
                return Ok((found, None));
            }
            if scanned >= MOST_SCANNED {
                return Ok((found, after));
            }
        }
    }
}

fn describe(group_arn: &str, stream: LogStream) -> api::logs::LogStream {
    api::logs::LogStream {
        creation_time: Some(stream.created.as_millis()),
        first_event_timestamp: stream.first.map(Timestamp::as_millis),
        last_event_timestamp: stream.last.map(Timestamp::as_millis),
        last_ingestion_time: stream.ingested.map(Timestamp::as_millis),
        arn: Some(format!("{group_arn}:log-stream:{}", stream.name)),
        // AWS: always zero since 2019; the group has the figure.
        stored_bytes: Some(0),
        log_stream_name: Some(stream.name),
        ..api::logs::LogStream::default()
    }
}
