//! What was read lately, for as long as nothing that it was read from has changed.
//!
//! A session that reads asks here before it asks the database: the same statement with the same arguments gets the rows
//! it got before, unless one of its tables was written since. Rows are what the database holds, so whatever is
//! confidential in them is sealed.
//!
//! INVARIANT: nobody is answered from rows that an answered write has replaced. On SQLite every write goes through this
//! process, and its tables are marked as changed after it is on the disk and before it is answered. On PostgreSQL other
//! servers write too, so each session asks first which transactions it sees (`pg_current_snapshot`), and rows are good
//! for sessions that see the very same ones.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Arg, Row,
    tables::{self, TableSet},
};

/// About so many bytes of rows are kept at most. More, and everything is forgotten: a simple bound, rarely met.
const CAPACITY: usize = 64 << 20;

/// An answer with more bytes than this is read anew each time.
const LARGEST_ANSWER: usize = 256 << 10;

/// Statements are few, but lists of values give some of them several lengths.
const MOST_STATEMENTS: usize = 4096;

/// The answers that are still good.
pub(crate) struct ReadModel {
    known: RwLock<Known>,
    /// One for each table, counting the flushes that wrote it.
    changes: Vec<AtomicU64>,
    /// The snapshot that a session saw last, and a number for it.
    seen: Mutex<(String, u64)>,
}

/// The moment that rows belong to: equal stamps of one statement mean equal answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

#[derive(Default)]
struct Known {
    statements: HashMap<Box<str>, Statement>,
    size: usize,
}

struct Statement {
    tables: TableSet,
    answers: HashMap<Vec<Arg>, Answer>,
}

struct Answer {
    stamp: Stamp,
    rows: Arc<[Row]>,
    size: usize,
}

impl Default for ReadModel {
    fn default() -> Self {
        Self {
            known: RwLock::default(),
            changes: (0..tables::count()).map(|_| AtomicU64::new(0)).collect(),
            seen: Mutex::default(),
        }
    }
}

impl ReadModel {
    /// The stamp of what this statement would read now, from the writes of this process.
    pub(crate) fn stamp_of(&self, sql: &str) -> Stamp {
        let tables = self.tables_of(sql);
        let changes = tables.iter().filter_map(|table| self.changes.get(table));
        // Each counter only grows, so the sum stays the same only as long as every one of them does.
        Stamp(changes.map(|counter| counter.load(Ordering::Acquire)).sum())
    }

    /// The stamp of a PostgreSQL snapshot, as its text says it.
    pub(crate) fn stamp_of_snapshot(&self, snapshot: String) -> Stamp {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != snapshot {
            *seen = (snapshot, seen.1 + 1);
        }
        Stamp(seen.1)
    }

    /// The rows that this statement gave at this stamp.
    pub(crate) fn get(&self, sql: &str, args: &[Arg], stamp: Stamp) -> Option<Arc<[Row]>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let answer = known.statements.get(sql)?.answers.get(args)?;
        (answer.stamp == stamp).then(|| Arc::clone(&answer.rows))
    }

    /// Remembers what a statement gave. The stamp is from before it ran.
    pub(crate) fn put(&self, sql: &str, args: Vec<Arg>, stamp: Stamp, rows: &Arc<[Row]>) {
        let size = sql.len()
            + args.iter().map(Arg::size).sum::<usize>()
            + rows.iter().map(Row::size).sum::<usize>();
        if size > LARGEST_ANSWER {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.size + size > CAPACITY || known.statements.len() >= MOST_STATEMENTS {
            *known = Known::default();
        }
        let rows = Arc::clone(rows);
        let statement = known
            .statements
            .entry(sql.into())
            .or_insert_with(|| Statement::new(sql));
        let replaced = statement.answers.insert(args, Answer { stamp, rows, size });
        known.size += size;
        known.size -= replaced.map_or(0, |answer| answer.size);
    }

    /// Marks the tables as changed. Called between a flush and the answers to its writers.
    pub(crate) fn changed(&self, tables: TableSet) {
        for counter in tables.iter().filter_map(|table| self.changes.get(table)) {
            counter.fetch_add(1, Ordering::Release);
        }
    }

    fn tables_of(&self, sql: &str) -> TableSet {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.statements.get(sql) {
            Some(statement) => statement.tables,
            None => TableSet::named_in(sql),
        }
    }
}

impl Statement {
    fn new(sql: &str) -> Self {
        Self {
            tables: TableSet::named_in(sql),
            answers: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
