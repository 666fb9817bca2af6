//! The event log in a SQLite file: durable, ordered, shared by all processes that open the file.
//!
//! One writer per process commits the appends of many callers together; readers never wait for it (write-ahead
//! log). Waiting readers are woken at once by their own process and within milliseconds by others.

mod assignment;
mod catalog;
mod compaction;
mod connection;
mod group;
mod headers;
mod membership;
mod reader;
mod signal;
mod writer;

use crate::error::{Error, Result};
use crate::log::{
    Event, EventLog, GroupReader, NewEvent, Position, Progress, StartAt, TopicDescription, TopicPartition,
    TopicSpec,
};
use async_trait::async_trait;
use sqlx::SqlitePool;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What may be set on an embedded log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteLogOptions {
    /// A group member that is silent for longer loses its partitions to the others.
    pub session_timeout: Duration,
    /// How long a tombstone outlives the values that it ends, so that slow consumers still see it.
    pub tombstone_retention: Duration,
    /// The largest value plus key that an append takes, in bytes.
    pub event_size_max: usize,
}

impl Default for SqliteLogOptions {
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_secs(10),
            tombstone_retention: Duration::from_hours(7 * 24),
            event_size_max: 16 * 1024 * 1024,
        }
    }
}

/// An event log in a SQLite file; clones share it.
#[derive(Clone, Debug)]
pub struct SqliteLog {
    shared: Arc<Shared>,
}

/// What a log, its clones and its group members hold together.
#[derive(Debug)]
struct Shared {
    options: SqliteLogOptions,
    writer: writer::Writer,
    readers: SqlitePool,
    catalog: catalog::Catalog,
    signal: signal::Signal,
}

impl SqliteLog {
    /// Opens the log in this file, and makes it if it is not there.
    ///
    /// # Errors
    /// `Transient` when the file is locked for long or cannot be written, `Corrupt` when it is no event log.
    pub async fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, SqliteLogOptions::default()).await
    }

    /// Opens the log in this file with other settings than the usual.
    ///
    /// # Errors
    /// As [`SqliteLog::open`].
    pub async fn open_with(path: &Path, options: SqliteLogOptions) -> Result<Self> {
        let writing = connection::open_writer(path).await?;
        let readers = connection::open_readers(path).await?;
        let signal = signal::Signal::start(connection::open_watcher(path).await?);
        let writer = writer::Writer::start(writing, signal.clone());
        let catalog = catalog::Catalog::default();
        Ok(Self { shared: Arc::new(Shared { options, writer, readers, catalog, signal }) })
    }

    /// Removes from a compacted topic all but the newest event of each key, and tombstones past their
    /// retention; returns how many events went. Offsets stay as they are. Writers wait for no longer than one
    /// small step, and a second call is harmless.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic.
    pub async fn compact(&self, topic: &str) -> Result<u64> {
        compaction::compact(&self.shared, &*self.shared.topic(topic).await?).await
    }

    /// Keeps the file small: compacts the topics that have much to compact and ends events past their
    /// retention; returns how many events went. Meant to be called every minute or so, by any process.
    ///
    /// # Errors
    /// `Transient` when the file is locked for long.
    pub async fn maintain(&self) -> Result<u64> {
        compaction::maintain(&self.shared).await
    }
}

impl Shared {
    async fn topic(&self, name: &str) -> Result<Arc<catalog::Topic>> {
        self.catalog.topic(&self.readers, name).await
    }

    async fn partition_id(&self, at: &TopicPartition) -> Result<i64> {
        self.topic(&at.topic).await?.partition_id(at.partition)
    }

    async fn placed(&self, events: Vec<NewEvent>) -> Result<Vec<writer::Placed>> {
        let max = self.options.event_size_max;
        let mut placed = Vec::with_capacity(events.len());
        for event in events {
            let size = event.key.len() + event.value.as_ref().map_or(0, Vec::len);
            if size > max {
                return Err(Error::TooLarge { topic: event.topic, size, max });
            }
            let partition_id = self.topic(&event.topic).await?.partition_id(event.partition)?;
            let headers = headers::encode(&event.headers);
            placed.push(writer::Placed { partition_id, key: event.key, value: event.value, headers });
        }
        Ok(placed)
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn create_topics(&self, specs: &[TopicSpec]) -> Result<()> {
        catalog::create(&self.shared.writer, specs).await
    }

    async fn topics(&self) -> Result<Vec<TopicDescription>> {
        catalog::describe(&self.shared.readers).await
    }

    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<i64>> {
        let placed = self.shared.placed(events).await?;
        self.shared.writer.append(placed).await
    }

    async fn read(&self, from: &Position, max: usize, wait: Duration) -> Result<Vec<Event>> {
        reader::read(&self.shared, from, max, wait).await
    }

    async fn offset_at(&self, at: &TopicPartition, start: StartAt) -> Result<i64> {
        let partition_id = self.shared.partition_id(at).await?;
        reader::offset_at(&self.shared.readers, partition_id, start).await
    }

    async fn join(&self, group: &str, topics: &[String]) -> Result<Box<dyn GroupReader>> {
        for topic in topics {
            self.shared.topic(topic).await?;
        }
        Ok(Box::new(group::Member::new(Arc::clone(&self.shared), group, topics).await?))
    }

    async fn progress(&self, group: &str, topics: &[String]) -> Result<Vec<Progress>> {
        for topic in topics {
            self.shared.topic(topic).await?;
        }
        membership::progress(&self.shared.readers, group, topics).await
    }

    async fn reset(&self, group: &str, positions: &[Position]) -> Result<()> {
        let mut places = Vec::with_capacity(positions.len());
        for position in positions {
            places.push((self.shared.partition_id(&position.at).await?, position.offset));
        }
        membership::reset(&self.shared.writer, group, &places).await
    }

    fn event_size_max(&self) -> usize {
        self.shared.options.event_size_max
    }
}
