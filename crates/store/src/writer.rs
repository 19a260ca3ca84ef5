//! Group commit: writes in flight together share one flush.
//!
//! One task owns the connection that writes. It lends the connection to one writer after the other, each inside a
//! savepoint of one open transaction, and commits when nobody waits any more, or after [`MOST_WRITES_PER_FLUSH`]. Only
//! then are the writers of that transaction answered, so an answered write is on the disk. Writers that come while a
//! commit runs queue up and share the next one.
//!
//! A writer that goes away (a cancelled request, a panic) hands the connection back by being dropped; the task rolls
//! its savepoint back. A writer that goes away while it waits for the flush changes nothing for the others.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sqlx::{AnyConnection, Connection as _, any::AnyConnectOptions};
use tokio::sync::{mpsc, oneshot};
use types::Fault;

use crate::{dialect::Dialect, open::connect_writer, read_model::ReadModel, tables::TableSet};

/// So many writes at most wait for one flush, which bounds how long the first of them waits.
const MOST_WRITES_PER_FLUSH: usize = 64;

/// A queue for turns on the connection that writes.
pub(crate) struct Writer {
    queue: mpsc::Sender<Request>,
    counters: Arc<Counters>,
}

/// How many writes were answered, and how many flushes they took together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterCounters {
    pub writes: u64,
    pub flushes: u64,
}

#[derive(Default)]
struct Counters {
    writes: AtomicU64,
    flushes: AtomicU64,
}

enum Request {
    Turn(oneshot::Sender<Result<Turn, WriteLost>>),
    Wipe(oneshot::Sender<Result<(), WriteLost>>),
    Close(oneshot::Sender<()>),
}

/// A write did not reach the disk, through no fault of its own statements.
#[derive(Clone, Debug, thiserror::Error)]
enum WriteLost {
    #[error("the database could not be reached: {0}")]
    Unreachable(Arc<sqlx::Error>),
    #[error("the flush that this write shared failed: {0}")]
    Flush(Arc<sqlx::Error>),
    #[error("the store is closed")]
    Closed,
}

impl Writer {
    /// Starts the task that owns `connection`, which was set up and migrated before. `options` make a new one when it
    /// is lost.
    pub(crate) fn start(
        dialect: Dialect,
        options: AnyConnectOptions,
        connection: AnyConnection,
        read_model: Arc<ReadModel>,
    ) -> Self {
        let (queue, requests) = mpsc::channel(1024);
        let counters = Arc::new(Counters::default());
        let keeper = Keeper {
            dialect,
            options,
            connection: Kept::Idle(connection),
            counters: Arc::clone(&counters),
            read_model,
        };
        tokio::spawn(keeper.serve(requests));
        Self { queue, counters }
    }

    /// Waits for the connection.
    pub(crate) async fn turn(&self) -> Result<Turn, Fault> {
        let (answer, turn) = oneshot::channel();
        self.queue
            .send(Request::Turn(answer))
            .await
            .map_err(|_| Fault::new(WriteLost::Closed))?;
        turn.await
            .unwrap_or(Err(WriteLost::Closed))
            .map_err(Fault::new)
    }

    pub(crate) fn counters(&self) -> WriterCounters {
        WriterCounters {
            writes: self.counters.writes.load(Ordering::Relaxed),
            flushes: self.counters.flushes.load(Ordering::Relaxed),
        }
    }

    /// Between two transactions, has what was overwritten leave the disk.
    pub(crate) async fn wipe(&self) -> Result<(), Fault> {
        let (answer, wiped) = oneshot::channel();
        self.queue
            .send(Request::Wipe(answer))
            .await
            .map_err(|_| Fault::new(WriteLost::Closed))?;
        wiped
            .await
            .unwrap_or(Err(WriteLost::Closed))
            .map_err(Fault::new)
    }

    pub(crate) async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.queue.send(Request::Close(answer)).await.is_ok() {
            // Either it says so, or it is gone: closed both ways.
            let _ = closed.await;
        }
    }
}

/// The connection, lent to one writer. Goes back when it is committed, rolled back or dropped.
pub(crate) struct Turn {
    /// `None` only once it has been handed back.
    lent: Option<Lent>,
}

struct Lent {
    connection: AnyConnection,
    back: oneshot::Sender<Returned>,
}

struct Returned {
    connection: AnyConnection,
    outcome: Outcome,
}

enum Outcome {
    /// To be kept; what it changed, and whom to tell when it is on the disk.
    Keep(TableSet, oneshot::Sender<Result<(), WriteLost>>),
    Undo,
}

impl Turn {
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, Fault> {
        match &mut self.lent {
            Some(lent) => Ok(&mut lent.connection),
            None => Err(Fault::new(WriteLost::Closed)),
        }
    }

    pub(crate) async fn commit(mut self, changed: TableSet) -> Result<(), Fault> {
        let (answer, flushed) = oneshot::channel();
        self.hand_back(Outcome::Keep(changed, answer));
        flushed
            .await
            .unwrap_or(Err(WriteLost::Closed))
            .map_err(Fault::new)
    }

    pub(crate) fn rollback(mut self) {
        self.hand_back(Outcome::Undo);
    }

    fn hand_back(&mut self, outcome: Outcome) {
        if let Some(Lent { connection, back }) = self.lent.take() {
            // The task is gone only when the whole store is; then there is nobody to keep or undo anything.
            let _ = back.send(Returned {
                connection,
                outcome,
            });
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.hand_back(Outcome::Undo);
    }
}

/// The task's own state.
struct Keeper {
    dialect: Dialect,
    options: AnyConnectOptions,
    connection: Kept,
    counters: Arc<Counters>,
    read_model: Arc<ReadModel>,
}

/// The connection, while nobody has it.
enum Kept {
    /// No transaction is open.
    Idle(AnyConnection),
    /// In the transaction that writers share.
    Open(AnyConnection),
    /// Lent, or lost by an error; the next transaction makes a new one.
    Gone,
}

/// Those whose savepoints the open transaction contains, and what they changed.
#[derive(Default)]
struct Batch {
    writers: Vec<oneshot::Sender<Result<(), WriteLost>>>,
    changed: TableSet,
}

impl Keeper {
    async fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some(first) = requests.recv().await {
            let mut batch = Batch::default();
            let mut outcome = Ok(());
            let mut wiping = None;
            let mut closing = None;
            let mut next = Some(first);
            while let Some(request) = next {
                match request {
                    Request::Turn(writer) => outcome = self.lend(writer, &mut batch).await,
                    Request::Wipe(answer) => wiping = Some(answer),
                    Request::Close(answer) => closing = Some(answer),
                }
                if outcome.is_err()
                    || wiping.is_some()
                    || closing.is_some()
                    || batch.writers.len() >= MOST_WRITES_PER_FLUSH
                {
                    break;
                }
                next = requests.try_recv().ok();
            }
            if outcome.is_ok() {
                outcome = self.flush(!batch.writers.is_empty()).await;
            }
            // After a failed flush too: nobody knows whether it reached the disk.
            self.read_model.changed(batch.changed);
            self.answer(batch, &outcome);
            if let Some(answer) = wiping {
                // Nobody waiting for it any more is fine.
                let _ = answer.send(self.wipe().await);
            }
            if let Some(answer) = closing {
                requests.close();
                self.close().await;
                // Nobody waiting for it any more is fine.
                let _ = answer.send(());
            }
        }
    }

    /// Lends the connection to one writer, inside a savepoint, and adds it to the batch if it wants its work kept.
    /// An error means that the whole transaction is lost, and everyone in the batch with it.
    async fn lend(
        &mut self,
        writer: oneshot::Sender<Result<Turn, WriteLost>>,
        batch: &mut Batch,
    ) -> Result<(), WriteLost> {
        if writer.is_closed() {
            return Ok(());
        }
        let connection = match self.open_savepoint().await {
            Ok(connection) => connection,
            Err(lost) => {
                // A writer who gave up waiting needs no answer.
                let _ = writer.send(Err(lost.clone()));
                return Err(lost);
            }
        };
        let (back, returned) = oneshot::channel();
        // A writer who gave up in this moment drops the turn, and that hands the connection back at once.
        let _ = writer.send(Ok(Turn {
            lent: Some(Lent { connection, back }),
        }));
        let Returned {
            mut connection,
            outcome,
        } = returned.await.map_err(|_| WriteLost::Closed)?;
        match outcome {
            Outcome::Keep(changed, answer) => {
                batch.writers.push(answer);
                batch.changed = batch.changed.with(changed);
            }
            Outcome::Undo => run(&mut connection, "ROLLBACK TO SAVEPOINT one_write").await?,
        }
        // Fails where the database gave up the whole transaction by itself, as SQLite does on a full disk.
        run(&mut connection, "RELEASE SAVEPOINT one_write").await?;
        self.connection = Kept::Open(connection);
        Ok(())
    }

    /// The connection, in the shared transaction and a fresh savepoint of it.
    async fn open_savepoint(&mut self) -> Result<AnyConnection, WriteLost> {
        let mut connection = match std::mem::replace(&mut self.connection, Kept::Gone) {
            Kept::Open(connection) => connection,
            Kept::Idle(connection) => match begin(self.dialect, connection).await {
                Ok(connection) => connection,
                // The database server may have been restarted since.
                Err(_) => self.reconnect().await?,
            },
            Kept::Gone => self.reconnect().await?,
        };
        run(&mut connection, "SAVEPOINT one_write").await?;
        Ok(connection)
    }

    async fn reconnect(&mut self) -> Result<AnyConnection, WriteLost> {
        let connection = connect_writer(self.dialect, &self.options)
            .await
            .map_err(|error| WriteLost::Unreachable(Arc::new(error)))?;
        begin(self.dialect, connection).await
    }

    /// Ends the shared transaction: onto the disk, or away where nobody wants anything of it.
    async fn flush(&mut self, keep: bool) -> Result<(), WriteLost> {
        let mut connection = match std::mem::replace(&mut self.connection, Kept::Gone) {
            Kept::Open(connection) => connection,
            other => {
                self.connection = other;
                return Ok(());
            }
        };
        let outcome = run(&mut connection, if keep { "COMMIT" } else { "ROLLBACK" }).await;
        if keep && outcome.is_ok() {
            self.counters.flushes.fetch_add(1, Ordering::Relaxed);
        }
        // After a failed COMMIT the transaction may or may not be open still: a clean end of it, or a new connection.
        if outcome.is_ok() || run(&mut connection, "ROLLBACK").await.is_ok() {
            self.connection = Kept::Idle(connection);
        }
        outcome
    }

    /// A failure changes nothing: what is on the disk is as good as before.
    async fn wipe(&mut self) -> Result<(), WriteLost> {
        match (self.dialect.wipe(), &mut self.connection) {
            (Some(sql), Kept::Idle(connection)) => run(connection, sql).await,
            _ => Ok(()),
        }
    }

    /// Tells everyone of the batch how their shared flush went.
    fn answer(&self, batch: Batch, outcome: &Result<(), WriteLost>) {
        for writer in batch.writers {
            if outcome.is_ok() {
                self.counters.writes.fetch_add(1, Ordering::Relaxed);
            }
            // A cancelled request does not wait for its answer.
            let _ = writer.send(outcome.clone());
        }
    }

    async fn close(&mut self) {
        if let Kept::Idle(connection) | Kept::Open(connection) =
            std::mem::replace(&mut self.connection, Kept::Gone)
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the writing connection did not close cleanly");
        }
    }
}

async fn begin(
    dialect: Dialect,
    mut connection: AnyConnection,
) -> Result<AnyConnection, WriteLost> {
    run(&mut connection, dialect.begin()).await?;
    Ok(connection)
}

/// Runs one of the statements that shape the transaction. Without a result they are prepared once.
async fn run(connection: &mut AnyConnection, sql: &'static str) -> Result<(), WriteLost> {
    sqlx::query(sql)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|error| WriteLost::Flush(Arc::new(error)))
}

#[cfg(test)]
mod tests;
