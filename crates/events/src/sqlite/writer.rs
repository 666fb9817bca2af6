//! The one connection of this process that writes, and the task that commits many callers' appends together.

use super::connection::is_corrupt;
use super::signal::Signal;
use crate::error::{Error, Result};
use entity::clock;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Sqlite, Transaction};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};

/// Offsets take the low 40 bits of a place, the partition's id the rest.
const OFFSET_BITS: u32 = 40;
/// One transaction takes no more than about this, so that other writers get their turn.
const TRANSACTION_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rows of one INSERT: more no longer gain, and each size is a statement to keep prepared.
const ROWS_MAX: usize = 128;

/// Where the event with this offset lies in the table.
pub(super) fn place_of(partition_id: i64, offset: i64) -> i64 {
    (partition_id << OFFSET_BITS) + offset.clamp(0, (1 << OFFSET_BITS) - 1)
}

/// The offset of the event at this place.
pub(super) fn offset_of(place: i64) -> i64 {
    place & ((1 << OFFSET_BITS) - 1)
}

/// An event that knows its partition.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) partition_id: i64,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Option<Vec<u8>>,
}

impl Placed {
    fn size(&self) -> usize {
        let optional = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        self.key.len() + optional(&self.value) + optional(&self.headers)
    }
}

/// Appends of one caller.
struct Append {
    events: Vec<Placed>,
    reply: oneshot::Sender<Result<Vec<i64>>>,
}

/// Writes for all callers of this process.
pub(super) struct Writer {
    connection: Arc<Mutex<SqliteConnection>>,
    queue: mpsc::Sender<Append>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the task that commits; it ends with the writer.
    pub(super) fn start(connection: SqliteConnection, signal: Signal) -> Self {
        let connection = Arc::new(Mutex::new(connection));
        let (queue, waiting) = mpsc::channel(1024);
        tokio::spawn(commit_appends(Arc::clone(&connection), waiting, signal));
        Self { connection, queue }
    }

    /// The connection, for a short transaction of groups, topics or compaction.
    pub(super) async fn connection(&self) -> Writing<'_> {
        Writing(self.connection.lock().await)
    }

    /// Appends and returns the offsets once they are durable.
    pub(super) async fn append(&self, events: Vec<Placed>) -> Result<Vec<i64>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let gone = || Error::transient("appending events", "the writer of the event log has stopped");
        let (reply, replied) = oneshot::channel();
        self.queue.send(Append { events, reply }).await.map_err(|_| gone())?;
        replied.await.map_err(|_| gone())?
    }
}

/// The writing connection, held for one transaction.
pub(super) struct Writing<'a>(MutexGuard<'a, SqliteConnection>);

impl Writing<'_> {
    /// Begins a transaction that already holds the file's write lock, so that it never has to start over.
    pub(super) async fn begin(&mut self) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
        self.0.begin_with("BEGIN IMMEDIATE").await
    }
}

/// Takes what is waiting, commits it in one transaction, answers everybody, and begins again.
async fn commit_appends(
    connection: Arc<Mutex<SqliteConnection>>,
    mut waiting: mpsc::Receiver<Append>,
    signal: Signal,
) {
    while let Some(first) = waiting.recv().await {
        let mut bytes = size_of_append(&first);
        let mut appends = vec![first];
        while bytes < TRANSACTION_BYTES_MAX
            && let Ok(next) = waiting.try_recv()
        {
            bytes += size_of_append(&next);
            appends.push(next);
        }
        let (events, replies): (Vec<_>, Vec<_>) =
            appends.into_iter().map(|append| (append.events, append.reply)).unzip();
        let outcome = append_all(&mut *connection.lock().await, events).await;
        if outcome.is_ok() {
            signal.raise();
        }
        answer(replies, outcome);
    }
}

fn size_of_append(append: &Append) -> usize {
    append.events.iter().map(Placed::size).sum()
}

fn answer(replies: Vec<oneshot::Sender<Result<Vec<i64>>>>, outcome: Result<Vec<Vec<i64>>, sqlx::Error>) {
    // A caller that no longer waits does not need its answer.
    match outcome {
        Ok(offsets) => {
            for (reply, offsets) in replies.into_iter().zip(offsets) {
                let _ = reply.send(Ok(offsets));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for reply in replies {
                let _ = reply.send(Err(append_failed(&error)));
            }
        }
    }
}

fn append_failed(error: &Arc<sqlx::Error>) -> Error {
    if is_corrupt(error) {
        return Error::Corrupt(format!("appending events: {error}"));
    }
    Error::transient("appending events", Arc::clone(error))
}

/// One transaction: offsets for every partition touched, then the rows.
async fn append_all(
    connection: &mut SqliteConnection,
    appends: Vec<Vec<Placed>>,
) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    let mut writing = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut partitions = reserve(&mut writing, &appends).await?;
    let mut offsets = Vec::with_capacity(appends.len());
    let mut rows = Vec::new();
    for append in appends {
        let mut own = Vec::with_capacity(append.len());
        for event in append {
            let next = partitions.get_mut(&event.partition_id).ok_or(sqlx::Error::RowNotFound)?;
            own.push(next.offset);
            let place = place_of(event.partition_id, next.offset);
            rows.push(Row { place, time_ms: next.time_ms, event });
            next.offset += 1;
        }
        offsets.push(own);
    }
    // In the order of the tree: neighbours share pages.
    rows.sort_by_key(|row| row.place);
    insert(&mut writing, rows).await?;
    writing.commit().await?;
    Ok(offsets)
}

/// What the next event of a partition gets.
struct Next {
    offset: i64,
    time_ms: i64,
}

async fn reserve(
    writing: &mut SqliteConnection,
    appends: &[Vec<Placed>],
) -> Result<BTreeMap<i64, Next>, sqlx::Error> {
    let mut counts = BTreeMap::<i64, i64>::new();
    for event in appends.iter().flatten() {
        *counts.entry(event.partition_id).or_default() += 1;
    }
    let now_ms = clock::now().timestamp_millis();
    let mut partitions = BTreeMap::new();
    for (partition_id, count) in counts {
        let (end, time_ms): (i64, i64) = sqlx::query_as(
            "UPDATE topic_partition SET next_offset = next_offset + ?, time_ms = max(time_ms, ?) WHERE id = ?
             RETURNING next_offset, time_ms",
        )
        .bind(count)
        .bind(now_ms)
        .bind(partition_id)
        .fetch_one(&mut *writing)
        .await?;
        partitions.insert(partition_id, Next { offset: end - count, time_ms });
    }
    Ok(partitions)
}

struct Row {
    place: i64,
    time_ms: i64,
    event: Placed,
}

/// Inserts in statements of 128, 64, … 1 rows: few round trips, and few statements to keep prepared.
async fn insert(writing: &mut SqliteConnection, rows: Vec<Row>) -> Result<(), sqlx::Error> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let count = ROWS_MAX.min(1 << left.ilog2());
        let sql = format!(
            "INSERT INTO event (place, time_ms, key, value, headers) VALUES (?,?,?,?,?){}",
            ",(?,?,?,?,?)".repeat(count - 1)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for Row { place, time_ms, event } in rows.by_ref().take(count) {
            query = query.bind(place).bind(time_ms).bind(event.key).bind(event.value).bind(event.headers);
        }
        query.execute(&mut *writing).await?;
        left -= count;
    }
    Ok(())
}
