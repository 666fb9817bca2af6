//! Reading all partitions of a topic as one, each call within bounds of number, bytes and time.

use super::{Room, cursor};
use crate::problem::Result;
use events::EventLog;
use events::log::{Event, Position, StartAt, TopicPartition};
use events::partitioner::partition_of;
use events::topics::Product;
use futures::StreamExt;
use futures::future::try_join_all;
use futures::stream::FuturesUnordered;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of values in one answer, about.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Events looked at for one answer when only one key is wanted.
const SCANNED_MAX: usize = 20_000;
/// Events of one partition asked for at once: an event may have a mebibyte.
const READ_AT_ONCE: usize = 50;
/// Events of all partitions looked at at once when most are passed over.
const SCANNED_AT_ONCE: usize = 2_000;

/// A reader of one topic that belongs to no group.
#[derive(Debug)]
pub(super) struct Reader {
    log: Arc<dyn EventLog>,
    topic: String,
    partitions: Vec<i32>,
    offsets: Vec<i64>,
    key: Option<Vec<u8>>,
    /// Indexes of the partitions to look at.
    wanted: Vec<usize>,
}

/// An event, and where to go on after it.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) event: Event,
    pub(super) next: String,
}

/// Where reading begins.
#[derive(Debug)]
pub(super) enum From<'a> {
    Start(StartAt),
    Cursor(&'a str),
}

impl Reader {
    pub(super) async fn open(
        room: &Room,
        topic: String,
        partitions: Vec<i32>,
        from: &From<'_>,
    ) -> Result<Self> {
        let offsets = match from {
            From::Cursor(text) => cursor::read(text, &topic, partitions.len())?,
            From::Start(start) => {
                let mut offsets = Vec::with_capacity(partitions.len());
                for partition in &partitions {
                    let at = TopicPartition { topic: topic.clone(), partition: *partition };
                    offsets.push(room.log.offset_at(&at, *start).await?);
                }
                offsets
            }
        };
        let wanted = (0..partitions.len()).collect();
        Ok(Self { log: Arc::clone(&room.log), topic, partitions, offsets, key: None, wanted })
    }

    /// Only events of this key from here on.
    pub(super) fn only(mut self, key: &str, product: Product) -> Self {
        // Locations and services lie where their organization's key leads.
        let by_own_key = !matches!(product, Product::Location | Product::Service);
        if by_own_key && let Ok(count) = i32::try_from(self.partitions.len()) {
            let partition = partition_of(key.as_bytes(), count);
            self.wanted.retain(|index| self.partitions[*index] == partition);
        }
        self.key = Some(key.as_bytes().to_vec());
        self
    }

    /// Where the next call goes on.
    pub(super) fn cursor(&self) -> String {
        cursor::write(&self.topic, &self.offsets)
    }

    /// Up to `limit` events; waits up to `wait` for the first.
    pub(super) async fn next(&mut self, limit: usize, wait: Duration) -> Result<Vec<Placed>> {
        let events = self.available(limit).await?;
        if !events.is_empty() || wait.is_zero() || !self.arrival(wait).await? {
            return Ok(events);
        }
        self.available(limit).await
    }

    /// What is there: rounds of a share from each partition, so that none keeps the others waiting.
    async fn available(&mut self, limit: usize) -> Result<Vec<Placed>> {
        let (mut taken, mut bytes, mut scanned) = (Vec::new(), 0, 0);
        let share = self.share(limit);
        loop {
            let reader = &*self;
            let read = |index: &usize| {
                let from = reader.position(*index);
                async move { reader.log.read(&from, share, Duration::ZERO).await }
            };
            let round = try_join_all(reader.wanted.iter().map(read)).await?;
            let more = round.iter().any(|events| events.len() == share);
            let moved = round.iter().any(|events| !events.is_empty());
            for (index, events) in self.wanted.clone().into_iter().zip(round) {
                for event in events {
                    if taken.len() == limit || bytes > BYTES_MAX || scanned == SCANNED_MAX {
                        return Ok(taken);
                    }
                    self.offsets[index] = event.offset + 1;
                    scanned += 1;
                    if self.key.as_ref().is_none_or(|key| *key == event.key) {
                        bytes += event.value.as_ref().map_or(0, Vec::len);
                        let next = self.cursor();
                        taken.push(Placed { event, next });
                    }
                }
            }
            if !moved || (!more && !taken.is_empty()) {
                return Ok(taken);
            }
        }
    }

    /// How many events of each partition to ask for at once.
    fn share(&self, limit: usize) -> usize {
        let partitions = self.wanted.len().max(1);
        match self.key {
            Some(_) => SCANNED_AT_ONCE / partitions,
            None => limit.div_ceil(partitions).min(READ_AT_ONCE),
        }
        .max(1)
    }

    /// Whether an event arrived in time, on whichever partition.
    async fn arrival(&self, wait: Duration) -> Result<bool> {
        let read = |index: &usize| {
            let from = self.position(*index);
            async move { self.log.read(&from, 1, wait).await }
        };
        let mut reads: FuturesUnordered<_> = self.wanted.iter().map(read).collect();
        while let Some(events) = reads.next().await {
            if !events?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn position(&self, index: usize) -> Position {
        let at = TopicPartition { topic: self.topic.clone(), partition: self.partitions[index] };
        Position { at, offset: self.offsets[index] }
    }
}
