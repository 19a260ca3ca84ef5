//! `logs:GetLogEvents`

use api::{
    Modeled as _,
    logs::{
        Error, OutputLogEvent,
        get_log_events::{GetLogEvents, Input, Output},
    },
};
use store::logs::{ChunkOrder, Streams};

use super::{
    errors, locate,
    reading::{self, Found, Position, Wanted},
};
use crate::{Cx, Operation};

const DEFAULT_LIMIT: usize = 10_000;

impl Operation for GetLogEvents {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, identifier) = (&input.log_group_name, &input.log_group_identifier);
        let stream = input.log_stream_name;
        let located =
            locate::by_name_or_identifier(cx, name.as_deref(), identifier.as_deref()).await?;
        let group = located.authorize_stream(cx, Self::ACTION, &stream)?;
        if cx.db.log_stream(&group.id, &stream).await?.is_none() {
            return Err(errors::no_stream());
        }
        let token = input.next_token.as_deref().map(Token::parse).transpose()?;
        let order = match &token {
            Some(token) => token.order,
            None if input.start_from_head == Some(true) => ChunkOrder::Forward,
            None => ChunkOrder::Backward,
        };
        let wanted = Wanted {
            streams: Streams::Named(std::slice::from_ref(&stream)),
            order,
            start: input.start_time.unwrap_or(0),
            end: input.end_time.unwrap_or(i64::MAX),
            after: token.as_ref().map(|token| token.position),
            limit: input
                .limit
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(DEFAULT_LIMIT),
            matches: &|_| true,
        };
        let page = reading::page(cx, &group, &wanted).await?;
        let mut lines = page.lines;
        if order == ChunkOrder::Backward {
            lines.reverse();
        }
        // AWS: where nothing is left, the token that is given back is the one that was given.
        let at = |found: Option<&Found>| match (found, &token) {
            (Some(found), _) => found.position,
            (None, Some(token)) => token.position,
            (None, None) => NOWHERE,
        };
        Ok(Output {
            next_forward_token: Some(Token::write(ChunkOrder::Forward, at(lines.last()))),
            next_backward_token: Some(Token::write(ChunkOrder::Backward, at(lines.first()))),
            events: Some(lines.into_iter().map(event).collect()),
        })
    }
}

/// Where an empty stream is read on.
const NOWHERE: Position = Position {
    at: 0,
    chunk: 0,
    index: 0,
};

/// `f/DIGITS/s` leads forward, `b/DIGITS/s` backward.
struct Token {
    order: ChunkOrder,
    position: Position,
}

impl Token {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut parts = text.split('/');
        let order = match parts.next() {
            Some("f") => ChunkOrder::Forward,
            Some("b") => ChunkOrder::Backward,
            _ => return Err(errors::invalid_token()),
        };
        let position = parts.next().and_then(Position::parse);
        let position = position.ok_or_else(errors::invalid_token)?;
        Ok(Self { order, position })
    }

    fn write(order: ChunkOrder, position: Position) -> String {
        let letter = match order {
            ChunkOrder::Forward => 'f',
            ChunkOrder::Backward => 'b',
        };
        format!("{letter}/{}/s", position.digits())
    }
}

fn event(found: Found) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: Some(found.line.at),
        message: Some(found.line.message),
        ingestion_time: Some(found.ingested.as_millis()),
    }
}
