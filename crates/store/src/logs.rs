//! Log groups, their streams, and the lines of the streams in sealed chunks.

use sqlx::AssertSqlSafe;
use types::{AccountId, Fault, Region, Tag, Timestamp};

use crate::{Arg, Row, Session, args};

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    pub id: String,
    pub account: AccountId,
    pub region: Region,
    pub name: String,
    /// `None` where lines are kept for as long as there is room.
    pub retention_days: Option<i64>,
    /// The key of the group's lines, sealed by the root key.
    pub sealed_key: Vec<u8>,
    pub tags: Vec<Tag>,
    pub created: Timestamp,
}

/// A log stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    pub group_id: String,
    pub name: String,
    pub created: Timestamp,
    /// Of its lines, by their own times, and `None` before the first.
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub ingested: Option<Timestamp>,
}

/// The lines of one PutLogEvents, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    pub group_id: String,
    pub stream: String,
    /// Unique within the group; later chunks mostly have larger ones.
    pub id: i64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub ingested: Timestamp,
    /// What the lines count for at AWS: their bytes and 26 more for each.
    pub bytes: i64,
    pub sealed: Vec<u8>,
}

/// Which streams of a group.
#[derive(Clone, Copy, Debug)]
pub enum Streams<'a> {
    All,
    Prefix(&'a str),
    Named(&'a [String]),
}

/// Which way lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkOrder {
    /// By the first line of each chunk, oldest first.
    Forward,
    /// By the last line of each chunk, newest first.
    Backward,
}

/// Which chunks of a group, in which order.
#[derive(Clone, Copy, Debug)]
pub struct ChunkQuery<'a> {
    pub group_id: &'a str,
    pub streams: Streams<'a>,
    pub order: ChunkOrder,
    /// Chunks with lines at or after this moment, and at or before that.
    pub from: Timestamp,
    pub until: Timestamp,
    /// The last chunk of the page before: the time it is ordered by, and its id.
    pub after: Option<(Timestamp, i64)>,
    pub limit: i64,
}

/// The order of a list of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamOrder {
    Name,
    LastEvent,
}

impl LogGroup {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.text("id")?,
            account: row.parse("account")?,
            region: row.parse("region")?,
            name: row.text("name")?,
            retention_days: row.opt_int("retention_days")?,
            sealed_key: row.bytes("sealed_key")?,
            tags: row.opt_tags("tags")?.unwrap_or_default(),
            created: row.timestamp("created_at")?,
        })
    }
}

impl LogStream {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            group_id: row.text("group_id")?,
            name: row.text("name")?,
            created: row.timestamp("created_at")?,
            first: row.opt_timestamp("first_at")?,
            last: row.opt_timestamp("last_at")?,
            ingested: row.opt_timestamp("ingested_at")?,
        })
    }
}

impl LogChunk {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            group_id: row.text("group_id")?,
            stream: row.text("stream")?,
            id: row.int("id")?,
            first: row.timestamp("first_at")?,
            last: row.timestamp("last_at")?,
            ingested: row.timestamp("ingested_at")?,
            bytes: row.int("bytes")?,
            sealed: row.bytes("sealed")?,
        })
    }
}

/// Log groups.
impl Session {
    pub async fn log_group(
        &mut self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<Option<LogGroup>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM log_groups WHERE account = $1 AND region = $2 AND name = $3",
            args![account, region, name],
        )
        .await?
        .map(|row| LogGroup::from_row(&row))
        .transpose()
    }

    /// The groups whose names follow `after`, in the order of their names.
    pub async fn log_groups(
        &mut self,
        account: &AccountId,
        region: &Region,
        after: &str,
        limit: i64,
    ) -> Result<Vec<LogGroup>, Fault> {
        self.fetch_all(
            "SELECT * FROM log_groups WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4",
            args![account, region, after, limit],
        )
        .await?
        .iter()
        .map(LogGroup::from_row)
        .collect()
    }

    /// Adds a group; false where its name is taken.
    pub async fn insert_log_group(&mut self, group: &LogGroup) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO log_groups (id, account, region, name, retention_days, sealed_key, tags, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
                args![
                    &group.id,
                    &group.account,
                    &group.region,
                    &group.name,
                    group.retention_days,
                    &group.sealed_key,
                    group.tags.as_slice(),
                    group.created,
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// Saves what can change about a group: its retention and its tags.
    pub async fn update_log_group(&mut self, group: &LogGroup) -> Result<(), Fault> {
        self.execute(
            "UPDATE log_groups SET retention_days = $2, tags = $3 WHERE id = $1",
            args![&group.id, group.retention_days, group.tags.as_slice()],
        )
        .await?;
        Ok(())
    }

    /// Removes a group with its streams and their lines.
    pub async fn delete_log_group(&mut self, id: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM log_groups WHERE id = $1", args![id])
            .await?;
        Ok(())
    }

    /// What the lines of a group count for.
    pub async fn log_group_bytes(&mut self, id: &str) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM log_chunks WHERE group_id = $1",
            args![id],
        )
        .await?
        .int("bytes")
    }
}

/// Log streams.
impl Session {
    pub async fn log_stream(
        &mut self,
        group_id: &str,
        name: &str,
    ) -> Result<Option<LogStream>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM log_streams WHERE group_id = $1 AND name = $2",
            args![group_id, name],
        )
        .await?
        .map(|row| LogStream::from_row(&row))
        .transpose()
    }

    /// A page of the streams of a group. `after` is the last one of the page before.
    pub async fn log_streams(
        &mut self,
        group_id: &str,
        order: StreamOrder,
        descending: bool,
        after: Option<&LogStream>,
        limit: i64,
    ) -> Result<Vec<LogStream>, Fault> {
        let key = match order {
            StreamOrder::Name => "''",
            StreamOrder::LastEvent => "COALESCE(last_at, 0)",
        };
        let (beyond, direction) = if descending {
            ("<", "DESC")
        } else {
            (">", "ASC")
        };
        let mut args = args![group_id, limit];
        let mut following = String::new();
        match (after, order) {
            (None, _) => {}
            (Some(last), StreamOrder::Name) => {
                following = format!(" AND name {beyond} $3");
                args.push(Arg::from(&last.name));
            }
            (Some(last), StreamOrder::LastEvent) => {
                following = format!(" AND ({key}, name) {beyond} ($3, $4)");
                args.push(Arg::from(last.last.map_or(0, Timestamp::as_millis)));
                args.push(Arg::from(&last.name));
            }
        }
        let order = match order {
            StreamOrder::Name => String::new(),
            StreamOrder::LastEvent => format!("{key} {direction}, "),
        };
        let sql = format!(
            "SELECT * FROM log_streams WHERE group_id = $1{following} ORDER BY {order}name {direction} LIMIT $2"
        );
        self.fetch_all(AssertSqlSafe(sql), args)
            .await?
            .iter()
            .map(LogStream::from_row)
            .collect()
    }

    /// Adds a stream; false where its name is taken.
    pub async fn insert_log_stream(&mut self, stream: &LogStream) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO log_streams (group_id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                args![&stream.group_id, &stream.name, stream.created],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// Removes a stream with its lines; false where there is none.
    pub async fn delete_log_stream(&mut self, group_id: &str, name: &str) -> Result<bool, Fault> {
        let deleted = self
            .execute(
                "DELETE FROM log_streams WHERE group_id = $1 AND name = $2",
                args![group_id, name],
            )
            .await?;
        Ok(deleted == 1)
    }
}

/// The lines.
impl Session {
    /// Adds lines to a stream, and their times to what the stream tells of itself.
    pub async fn insert_log_chunk(&mut self, chunk: &LogChunk) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO log_chunks (group_id, stream, id, first_at, last_at, ingested_at, bytes, sealed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                &chunk.group_id,
                &chunk.stream,
                chunk.id,
                chunk.first,
                chunk.last,
                chunk.ingested,
                chunk.bytes,
                &chunk.sealed,
            ],
        )
        .await?;
        self.execute(
            "UPDATE log_streams SET ingested_at = $3,
             first_at = CASE WHEN first_at IS NULL OR first_at > $4 THEN $4 ELSE first_at END,
             last_at = CASE WHEN last_at IS NULL OR last_at < $5 THEN $5 ELSE last_at END
             WHERE group_id = $1 AND name = $2",
            args![
                &chunk.group_id,
                &chunk.stream,
                chunk.ingested,
                chunk.first,
                chunk.last,
            ],
        )
        .await?;
        Ok(())
    }

    /// A page of chunks.
    pub async fn log_chunks(&mut self, query: ChunkQuery<'_>) -> Result<Vec<LogChunk>, Fault> {
        let (key, beyond, direction) = match query.order {
            ChunkOrder::Forward => ("first_at", ">", "ASC"),
            ChunkOrder::Backward => ("last_at", "<", "DESC"),
        };
        let mut args = args![query.group_id, query.from, query.until, query.limit];
        let mut narrowed = String::new();
        match query.streams {
            Streams::All => {}
            Streams::Prefix(prefix) => {
                args.push(Arg::from(prefix));
                args.push(Arg::from(
                    i64::try_from(prefix.chars().count()).map_err(Fault::new)?,
                ));
                narrowed.push_str(" AND SUBSTR(stream, 1, CAST($6 AS INTEGER)) = $5");
            }
            Streams::Named(names) => {
                let first = args.len() + 1;
                args.extend(names.iter().map(Arg::from));
                let numbers = (first..=args.len()).map(|n| format!("${n}"));
                let numbers = numbers.collect::<Vec<_>>().join(", ");
                narrowed = format!(" AND stream IN ({numbers})");
            }
        }
        if let Some((at, id)) = query.after {
            let first = args.len() + 1;
            args.extend([Arg::from(at), Arg::from(id)]);
            narrowed = format!(
                "{narrowed} AND ({key}, id) {beyond} (${first}, ${})",
                first + 1
            );
        }
        let sql = format!(
            "SELECT * FROM log_chunks WHERE group_id = $1 AND last_at >= $2 AND first_at <= $3{narrowed}
             ORDER BY {key} {direction}, id {direction} LIMIT $4"
        );
        self.fetch_all(AssertSqlSafe(sql), args)
            .await?
            .iter()
            .map(LogChunk::from_row)
            .collect()
    }

    /// Removes the lines whose group does not keep them so long, and says how many chunks those were.
    pub async fn delete_expired_log_chunks(&mut self, now: Timestamp) -> Result<u64, Fault> {
        const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
        self.execute(
            "DELETE FROM log_chunks WHERE EXISTS (SELECT 1 FROM log_groups
             WHERE log_groups.id = log_chunks.group_id AND log_groups.retention_days IS NOT NULL
             AND log_chunks.last_at < $1 - log_groups.retention_days * $2)",
            args![now, DAY_MILLIS],
        )
        .await
    }

    /// What all lines of all groups take on the disk.
    pub async fn log_storage(&mut self) -> Result<i64, Fault> {
        self.fetch_one(
            "SELECT CAST(COALESCE(SUM(LENGTH(sealed)), 0) AS BIGINT) AS bytes FROM log_chunks",
            args![],
        )
        .await?
        .int("bytes")
    }

    /// Removes the oldest chunks, as many as together take at least `bytes`.
    pub async fn delete_oldest_log_chunks(&mut self, bytes: i64) -> Result<u64, Fault> {
        let oldest = self
            .fetch_all(
                "SELECT last_at, CAST(SUM(LENGTH(sealed)) AS BIGINT) AS bytes FROM log_chunks
                 GROUP BY last_at ORDER BY last_at LIMIT 10000",
                args![],
            )
            .await?;
        let (mut freed, mut until) = (0, None);
        for row in oldest {
            if freed >= bytes {
                break;
            }
            freed += row.int("bytes")?;
            until = Some(row.timestamp("last_at")?);
        }
        let Some(until) = until else { return Ok(0) };
        self.execute("DELETE FROM log_chunks WHERE last_at <= $1", args![until])
            .await
    }
}

#[cfg(test)]
mod tests;
