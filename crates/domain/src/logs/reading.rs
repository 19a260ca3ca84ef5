//! From chunks to pages of lines.
//!
//! A page begins after a [`Position`] and goes forward or backward through a group. Chunks come in the order of their
//! first (backward: last) lines; what was opened is settled up to where the next chunk begins, and a page ends there or
//! where it is full.

use std::fmt::Write as _;

use api::logs::Error;
use store::logs::{ChunkOrder, ChunkQuery, LogChunk, LogGroup, Streams};
use types::Timestamp;

use super::chunk::{self, Line};
use crate::Cx;

/// What AWS puts into one answer at most.
const MOST_BYTES: usize = 1 << 20;
/// Chunks that one request opens at most, whether their lines match or not.
const MOST_OPENED: usize = 200;
const CHUNKS_AT_ONCE: i64 = 20;

/// A line's place among all lines of its group: its time, its chunk, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) at: i64,
    pub(super) chunk: i64,
    pub(super) index: i64,
}

/// A line, found.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) position: Position,
    pub(super) stream: String,
    pub(super) ingested: Timestamp,
    pub(super) line: Line,
}

/// Which lines.
pub(super) struct Wanted<'a> {
    pub(super) streams: Streams<'a>,
    pub(super) order: ChunkOrder,
    /// From here, this moment included.
    pub(super) start: i64,
    /// To here, this moment not included.
    pub(super) end: i64,
    pub(super) after: Option<Position>,
    pub(super) limit: usize,
    pub(super) matches: &'a (dyn Fn(&str) -> bool + Send + Sync),
}

/// A page of lines, in the order in which they were read.
pub(super) struct Page {
    pub(super) lines: Vec<Found>,
    /// Where the next page begins; `None` where nothing is left.
    pub(super) next: Option<Position>,
}

impl Position {
    /// After everything before this moment.
    fn before(at: i64) -> Self {
        Self {
            at: at.saturating_sub(1),
            chunk: i64::MAX,
            index: i64::MAX,
        }
    }

    /// Before everything after this moment, for whoever reads backward.
    fn after(at: i64) -> Self {
        Self {
            at: at.saturating_add(1),
            chunk: 0,
            index: 0,
        }
    }

    /// 56 digits, as AWS writes event ids.
    pub(super) fn digits(self) -> String {
        let mut text = String::with_capacity(56);
        let _ = write!(text, "{:018}{:019}{:019}", self.at, self.chunk, self.index);
        text
    }

    /// Reads [`digits`](Self::digits).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| {
            text.get(range)?.parse::<i64>().ok().filter(|n| *n >= 0)
        };
        (text.len() == 56).then_some(())?;
        Some(Self {
            at: number(0..18)?,
            chunk: number(18..37)?,
            index: number(37..56)?,
        })
    }
}

/// Reads a page.
pub(super) async fn page(
    cx: &mut Cx,
    group: &LogGroup,
    wanted: &Wanted<'_>,
) -> Result<Page, Error> {
    let key = chunk::open_key(&cx.world, group)?;
    let mut reader = Reader::new(wanted);
    let mut after = None;
    loop {
        let chunks = cx
            .db
            .log_chunks(ChunkQuery {
                group_id: &group.id,
                streams: wanted.streams,
                order: wanted.order,
                from: Timestamp::from_millis(reader.from()),
                until: Timestamp::from_millis(reader.until()),
                after,
                limit: CHUNKS_AT_ONCE,
            })
            .await?;
        let whole = i64::try_from(chunks.len()).is_ok_and(|n| n == CHUNKS_AT_ONCE);
        for chunk in chunks {
            after = Some((edge(&chunk, wanted.order), chunk.id));
            if reader.is_done_before(&chunk) {
                return Ok(reader.finish_before(&chunk));
            }
            let lines = chunk::open(&key, &chunk)?;
            reader.add(&chunk, lines);
        }
        if !whole {
            return Ok(reader.finish());
        }
    }
}

/// The time that a chunk is ordered by.
fn edge(chunk: &LogChunk, order: ChunkOrder) -> Timestamp {
    match order {
        ChunkOrder::Forward => chunk.first,
        ChunkOrder::Backward => chunk.last,
    }
}

/// The pure part: takes chunks in their order, and says when a page is complete.
struct Reader<'w> {
    wanted: &'w Wanted<'w>,
    found: Vec<Found>,
    opened: usize,
}

impl<'w> Reader<'w> {
    fn new(wanted: &'w Wanted<'w>) -> Self {
        Self {
            wanted,
            found: Vec::new(),
            opened: 0,
        }
    }

    /// Lines before this moment are not wanted.
    fn from(&self) -> i64 {
        match (self.wanted.order, self.wanted.after) {
            (ChunkOrder::Forward, Some(after)) => after.at.max(self.wanted.start),
            _ => self.wanted.start,
        }
    }

    /// Lines after this moment are not wanted.
    fn until(&self) -> i64 {
        let end = self.wanted.end.saturating_sub(1);
        match (self.wanted.order, self.wanted.after) {
            (ChunkOrder::Backward, Some(after)) => after.at.min(end),
            _ => end,
        }
    }

    fn is_wanted(&self, position: Position, message: &str) -> bool {
        let beyond = match (self.wanted.order, self.wanted.after) {
            (_, None) => true,
            (ChunkOrder::Forward, Some(after)) => position > after,
            (ChunkOrder::Backward, Some(after)) => position < after,
        };
        beyond
            && (self.from()..=self.until()).contains(&position.at)
            && (self.wanted.matches)(message)
    }

    fn add(&mut self, chunk: &LogChunk, lines: Vec<Line>) {
        self.opened += 1;
        for (index, line) in (0..).zip(lines) {
            let position = Position {
                at: line.at,
                chunk: chunk.id,
                index,
            };
            if self.is_wanted(position, &line.message) {
                self.found.push(Found {
                    position,
                    stream: chunk.stream.clone(),
                    ingested: chunk.ingested,
                    line,
                });
            }
        }
    }

    /// Whether the lines settled before this chunk fill a page, or enough work was done for one.
    fn is_done_before(&self, chunk: &LogChunk) -> bool {
        let settled = self
            .found
            .iter()
            .filter(|found| self.is_settled(found, chunk));
        let (lines, bytes) = settled.fold((0, 0), |(lines, bytes), found| {
            (lines + 1, bytes + found.line.message.len())
        });
        lines >= self.wanted.limit || bytes >= MOST_BYTES || self.opened >= MOST_OPENED
    }

    /// Whether nothing in this chunk or the following ones comes before the line.
    fn is_settled(&self, found: &Found, next: &LogChunk) -> bool {
        let edge = edge(next, self.wanted.order).as_millis();
        match self.wanted.order {
            ChunkOrder::Forward => found.position.at < edge,
            ChunkOrder::Backward => found.position.at > edge,
        }
    }

    /// The page, where this chunk was left for the next one.
    fn finish_before(mut self, chunk: &LogChunk) -> Page {
        let found = std::mem::take(&mut self.found);
        let settled = found
            .into_iter()
            .filter(|found| self.is_settled(found, chunk));
        self.found = settled.collect();
        let edge = edge(chunk, self.wanted.order).as_millis();
        let rest = match self.wanted.order {
            ChunkOrder::Forward => Position::before(edge),
            ChunkOrder::Backward => Position::after(edge),
        };
        let page = self.finish();
        Page {
            next: page.next.or(Some(rest)),
            lines: page.lines,
        }
    }

    /// The page, where no chunk is left.
    fn finish(mut self) -> Page {
        self.found.sort_by_key(|found| found.position);
        if self.wanted.order == ChunkOrder::Backward {
            self.found.reverse();
        }
        let mut bytes = 0;
        let fits = self
            .found
            .iter()
            .take(self.wanted.limit)
            .take_while(|found| {
                bytes += found.line.message.len();
                // One line is always given, however long: otherwise nobody would come past it.
                bytes <= MOST_BYTES || bytes == found.line.message.len()
            });
        let fits = fits.count();
        let more = self.found.len() > fits;
        self.found.truncate(fits);
        let next = self.found.last().map(|found| found.position);
        Page {
            next: next.filter(|_| more),
            lines: self.found,
        }
    }
}

#[cfg(test)]
mod tests;
