//! The port: topics of partitions, each an ordered list of events that can be read again from any position.
//!
//! ```text
//! partition   start ▸ |e0|e1|e2|  …  |e41| ◂ end      offsets grow by at least one; compaction leaves gaps
//!                            ▲ committed: the next offset that the group has not finished
//! ```
//!
//! Promises that both adapters keep (`conformance` holds them to it): order per partition; an append that
//! returned is durable; a reader sees every event at least once; a committed position never moves for a member
//! that lost the partition.

use crate::error::Result;
use async_trait::async_trait;
use std::time::Duration;

/// How a topic is kept short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// The newest value of each key stays; tombstones go after the retention.
    Compact,
    /// Events go after the retention.
    Delete {
        /// How long they stay.
        retention: Duration,
    },
}

/// A topic to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Fixed for the life of a major version: keys keep their partition.
    pub partitions: i32,
    /// How it is kept short.
    pub cleanup: Cleanup,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// `compact` or `delete`, as the log reports it.
    pub cleanup: String,
    /// Per partition, the first offset kept and the next one to be written.
    pub partitions: Vec<PartitionRange>,
}

/// The offsets that a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRange {
    /// The partition.
    pub partition: i32,
    /// The first offset kept.
    pub start: i64,
    /// The offset of the next event.
    pub end: i64,
}

/// Header names and values, in order.
pub type Headers = Vec<(String, Vec<u8>)>;

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The topic.
    pub topic: String,
    /// The partition, from [`crate::partitioner::partition_of`].
    pub partition: i32,
    /// The key, UTF-8 text on our topics.
    pub key: Vec<u8>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
}

/// An event as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// When it was appended, milliseconds since 1970.
    pub time_ms: i64,
    /// The key; empty when another producer sent none.
    pub key: Vec<u8>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
}

impl Event {
    /// The header's value as text, if it is there and is UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The position after this event: what a group commits once it has finished with it.
    #[must_use]
    pub fn next_position(&self) -> Position {
        let at = TopicPartition { topic: self.topic.clone(), partition: self.partition };
        Position { at, offset: self.offset + 1 }
    }
}

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

/// Where in a partition: the next offset to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The partition.
    pub at: TopicPartition,
    /// The next offset.
    pub offset: i64,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The first event kept.
    Earliest,
    /// After the last event of now.
    Latest,
    /// The first event appended at or after this time (milliseconds since 1970); the end if there is none.
    Time(i64),
}

/// How far a group has got in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The partition.
    pub at: TopicPartition,
    /// The next offset that the group has not finished; `None` before its first commit.
    pub committed: Option<i64>,
    /// The first offset kept.
    pub start: i64,
    /// The offset of the next event.
    pub end: i64,
}

impl Progress {
    /// Events not finished yet (an upper bound once compaction has left gaps).
    #[must_use]
    pub fn lag(&self) -> i64 {
        (self.end - self.committed.unwrap_or(self.start).max(self.start)).max(0)
    }
}

/// What one call of [`GroupReader::next`] brings. A partition that is both in `revoked` and in `assigned` went
/// and came back: what was read from it before is void.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Partitions newly given to this member; their events come with later calls, so that the caller may
    /// [`GroupReader::seek`] first.
    pub assigned: Vec<TopicPartition>,
    /// Partitions taken away: what was read from them and not committed must be dropped.
    pub revoked: Vec<TopicPartition>,
    /// Events, ordered within each partition. Empty when nothing came in time.
    pub events: Vec<Event>,
}

/// A log of topics.
#[async_trait]
pub trait EventLog: Send + Sync + std::fmt::Debug {
    /// Creates the topics that are not there; harmless when called again.
    ///
    /// # Errors
    /// `Invalid` when a topic exists with another number of partitions: keys would change places.
    async fn create_topics(&self, specs: &[TopicSpec]) -> Result<()>;

    /// All topics, sorted by name, without the log's internal ones.
    async fn topics(&self) -> Result<Vec<TopicDescription>>;

    /// Appends in the given order per partition and returns the offsets once all are durable. On an error
    /// some may have been appended: the caller appends all of them again (at least once).
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<i64>>;

    /// Up to `max` events from `from` on; waits up to `wait` for the first. Belongs to no group. Where events
    /// are gone it goes on with the next one kept; beyond the end it finds nothing.
    async fn read(&self, from: &Position, max: usize, wait: Duration) -> Result<Vec<Event>>;

    /// The offset at which reading begins.
    async fn offset_at(&self, at: &TopicPartition, start: StartAt) -> Result<i64>;

    /// Joins a group that shares the partitions of these topics among its members; a member that stays silent
    /// for the session timeout loses them to the others. A group's first read begins at the earliest event.
    async fn join(&self, group: &str, topics: &[String]) -> Result<Box<dyn GroupReader>>;

    /// How far a group has got, for every partition of the topics.
    async fn progress(&self, group: &str, topics: &[String]) -> Result<Vec<Progress>>;

    /// Moves a group's positions, for a replay; the group must have no members.
    async fn reset(&self, group: &str, positions: &[Position]) -> Result<()>;

    /// The largest value plus key that an append takes, in bytes.
    fn event_size_max(&self) -> usize;
}

/// A member of a group.
#[async_trait]
pub trait GroupReader: Send + std::fmt::Debug {
    /// The next events of this member's partitions, up to `max`; waits up to `wait` for the first. It also
    /// keeps the membership alive: call it at least every few seconds, or hold the batch and call
    /// [`GroupReader::keep_alive`].
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Delivery>;

    /// Keeps the membership alive while the caller works on a batch, without reading.
    async fn keep_alive(&mut self) -> Result<()>;

    /// Records that everything before these positions is finished; durable when it returns.
    ///
    /// # Errors
    /// `Fenced` when one of the partitions belongs to another member now; nothing is recorded for it.
    async fn commit(&mut self, positions: &[Position]) -> Result<()>;

    /// Reads on from here instead; for members that keep their position elsewhere.
    async fn seek(&mut self, position: &Position) -> Result<()>;

    /// Leaves, so that the others take over at once.
    async fn leave(self: Box<Self>) -> Result<()>;
}
