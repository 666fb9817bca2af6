//! Reads events of one partition, and finds offsets.

use super::Shared;
use super::connection::failed;
use super::headers;
use super::signal::deadline_after;
use super::writer::{offset_of, place_of};
use crate::error::Result;
use crate::log::{Event, Position, StartAt, TopicPartition};
use futures::TryStreamExt;
use sqlx::SqlitePool;
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// One fetch stops after about this much, so that large events do not fill the memory.
const FETCH_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Up to `max` events from a position on; waits for the first.
pub(super) async fn read(shared: &Shared, from: &Position, max: usize, wait: Duration) -> Result<Vec<Event>> {
    let partition_id = shared.partition_id(&from.at).await?;
    let deadline = deadline_after(wait);
    let mut listener = shared.signal.listen();
    loop {
        let events = fetch(&shared.readers, partition_id, from, max).await?;
        if !events.is_empty() || max == 0 || Instant::now() >= deadline {
            return Ok(events);
        }
        listener.wait_until(deadline).await;
    }
}

/// Up to `max` events of a partition from a position on, of those there are now.
pub(super) async fn fetch(
    readers: &SqlitePool,
    partition_id: i64,
    from: &Position,
    max: usize,
) -> Result<Vec<Event>> {
    let doing = || failed(format!("reading {} {} from {}", from.at.topic, from.at.partition, from.offset));
    let mut rows = sqlx::query_as::<_, Row>(
        "SELECT place, time_ms, key, value, headers FROM event WHERE place >= ? AND place < ?
         ORDER BY place LIMIT ?",
    )
    .bind(place_of(partition_id, from.offset))
    .bind(place_of(partition_id + 1, 0))
    .bind(i64::try_from(max).unwrap_or(i64::MAX))
    .fetch(readers);
    let mut events = Vec::new();
    let mut bytes = 0;
    while bytes < FETCH_BYTES_MAX
        && let Some(row) = rows.try_next().await.map_err(doing())?
    {
        let event = row.into_event(&from.at)?;
        bytes += event.key.len() + event.value.as_ref().map_or(0, Vec::len);
        events.push(event);
    }
    Ok(events)
}

#[derive(sqlx::FromRow)]
struct Row {
    place: i64,
    time_ms: i64,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    headers: Option<Vec<u8>>,
}

impl Row {
    fn into_event(self, at: &TopicPartition) -> Result<Event> {
        Ok(Event {
            topic: at.topic.clone(),
            partition: at.partition,
            offset: offset_of(self.place),
            time_ms: self.time_ms,
            key: self.key,
            value: self.value,
            headers: headers::decode(&self.headers.unwrap_or_default())?,
        })
    }
}

/// The first offset kept and the next to be written.
pub(super) async fn range(readers: &SqlitePool, partition_id: i64) -> Result<(i64, i64), sqlx::Error> {
    let (first, end): (Option<i64>, i64) = sqlx::query_as(
        "SELECT (SELECT place FROM event WHERE place >= ? AND place < ? ORDER BY place LIMIT 1), next_offset
         FROM topic_partition WHERE id = ?",
    )
    .bind(place_of(partition_id, 0))
    .bind(place_of(partition_id + 1, 0))
    .bind(partition_id)
    .fetch_one(readers)
    .await?;
    Ok((first.map_or(end, offset_of), end))
}

/// The offset at which reading begins.
pub(super) async fn offset_at(readers: &SqlitePool, partition_id: i64, start: StartAt) -> Result<i64> {
    let doing = || failed("looking for an offset");
    let (first, end) = range(readers, partition_id).await.map_err(doing())?;
    match start {
        StartAt::Earliest => Ok(first),
        StartAt::Latest => Ok(end),
        StartAt::Time(time_ms) => at_time(readers, partition_id, first..end, time_ms).await.map_err(doing()),
    }
}

/// Halves the range: times never fall within a partition, but compaction leaves gaps in the offsets.
async fn at_time(
    readers: &SqlitePool,
    partition_id: i64,
    offsets: Range<i64>,
    time_ms: i64,
) -> Result<i64, sqlx::Error> {
    // Invariant: all before `low` is earlier, nothing from `high` on is.
    let (mut low, mut high) = (offsets.start, offsets.end);
    while low < high {
        let middle = low + (high - low) / 2;
        match first_between(readers, partition_id, middle..high).await? {
            Some((offset, time)) if time < time_ms => low = offset + 1,
            _ => high = middle,
        }
    }
    let found = first_between(readers, partition_id, low..offsets.end).await?;
    Ok(found.map_or(offsets.end, |(offset, _)| offset))
}

/// Offset and time of the first event in a range of offsets.
async fn first_between(
    readers: &SqlitePool,
    partition_id: i64,
    offsets: Range<i64>,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let found: Option<(i64, i64)> = sqlx::query_as(
        "SELECT place, time_ms FROM event WHERE place >= ? AND place < ? ORDER BY place LIMIT 1",
    )
    .bind(place_of(partition_id, offsets.start))
    .bind(place_of(partition_id, offsets.end))
    .fetch_optional(readers)
    .await?;
    Ok(found.map(|(place, time)| (offset_of(place), time)))
}
