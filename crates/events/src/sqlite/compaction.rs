//! Keeps the file small, in steps so small that writers hardly wait.
//!
//! A pass notes the newest offset of every key in the part not yet compacted, then walks the partition from its
//! start and drops what is superseded: no index on keys slows the appends down. The last event of a partition
//! stays, so that a group which has read everything has no lag.

use super::Shared;
use super::catalog::Topic;
use super::connection::failed;
use super::reader;
use super::writer::{offset_of, place_of};
use crate::error::Result;
use entity::clock;
use std::collections::HashMap;
use std::time::Duration;

/// Rows looked at in one step, and so the most that one transaction drops.
const STEP_ROWS: i64 = 1_000;
/// Keys noted in one pass: about 30 MB. More keys take more passes.
const PASS_KEYS_MAX: usize = 200_000;
/// Below this many new events a pass is not worth its walk,
const DIRTY_EVENTS_MIN: i64 = 10_000;
/// unless the oldest of them is older than this: what was overwritten does not stay for ever.
const DIRTY_AGE_MAX: Duration = Duration::from_hours(24);

/// Compacts the topics that have much to compact, and ends events past their retention.
pub(super) async fn maintain(shared: &Shared) -> Result<u64> {
    let topics: Vec<(String, String, i64)> = sqlx::query_as("SELECT name, cleanup, retention_ms FROM topic")
        .fetch_all(&shared.readers)
        .await
        .map_err(failed("listing topics"))?;
    let mut dropped = 0;
    for (name, cleanup, retention_ms) in topics {
        let topic = shared.topic(&name).await?;
        for partition_id in &topic.partitions {
            let cleaner = Cleaner { shared, topic: &topic, partition_id: *partition_id };
            if cleanup == "delete" {
                dropped += cleaner.expire(retention_ms).await?;
            } else if cleaner.is_worth_compacting().await? {
                dropped += cleaner.compact().await?;
            }
        }
    }
    Ok(dropped)
}

/// Compacts every partition of a topic.
pub(super) async fn compact(shared: &Shared, topic: &Topic) -> Result<u64> {
    let mut dropped = 0;
    for partition_id in &topic.partitions {
        dropped += Cleaner { shared, topic, partition_id: *partition_id }.compact().await?;
    }
    Ok(dropped)
}

struct Cleaner<'a> {
    shared: &'a Shared,
    topic: &'a Topic,
    partition_id: i64,
}

/// An event as far as compaction cares.
#[derive(sqlx::FromRow)]
struct Kept {
    place: i64,
    key: Vec<u8>,
    is_tombstone: bool,
    time_ms: i64,
}

/// What a pass found: the newest offset of each key between two offsets.
struct Pass {
    newest: HashMap<Vec<u8>, i64>,
    upto: i64,
    /// Tombstones older than this have been seen by everybody who will.
    tombstones_before_ms: i64,
    end: i64,
}

impl Pass {
    fn drops(&self, event: &Kept) -> bool {
        let offset = offset_of(event.place);
        let superseded = self.newest.get(&event.key).is_some_and(|newest| *newest > offset);
        let expired = event.is_tombstone && event.time_ms < self.tombstones_before_ms;
        offset + 1 < self.end && (superseded || expired)
    }
}

impl Cleaner<'_> {
    fn failed(&self) -> impl FnOnce(sqlx::Error) -> crate::Error {
        failed(format!("compacting topic {}", self.topic.name))
    }

    /// Whether half of the partition or more is new since the last pass, or some of it has waited for long.
    async fn is_worth_compacting(&self) -> Result<bool> {
        let (start, end) =
            reader::range(&self.shared.readers, self.partition_id).await.map_err(self.failed())?;
        let compacted_to = self.compacted_to().await?.max(start);
        let dirty = end - compacted_to;
        let has_waited_since_ms = clock::now().timestamp_millis() - millis(DIRTY_AGE_MAX);
        let first = self.step(compacted_to, end, 1).await?;
        let has_waited = first.iter().any(|event| event.time_ms < has_waited_since_ms);
        Ok(has_waited || (dirty >= DIRTY_EVENTS_MIN && dirty >= compacted_to - start))
    }

    async fn compact(&self) -> Result<u64> {
        let mut dropped = 0;
        loop {
            let (start, end) =
                reader::range(&self.shared.readers, self.partition_id).await.map_err(self.failed())?;
            let from = self.compacted_to().await?.max(start);
            let pass = self.note_newest(from, end).await?;
            dropped += self.drop_superseded(start, &pass).await?;
            self.record(pass.upto).await?;
            // What arrived during the pass is left for the next call.
            if pass.upto >= end {
                return Ok(dropped);
            }
        }
    }

    async fn note_newest(&self, from: i64, end: i64) -> Result<Pass> {
        let retention = self.shared.options.tombstone_retention;
        let tombstones_before_ms = clock::now().timestamp_millis() - millis(retention);
        let mut pass = Pass { newest: HashMap::new(), upto: from, tombstones_before_ms, end };
        while pass.upto < end && pass.newest.len() < PASS_KEYS_MAX {
            let step = self.step(pass.upto, end, STEP_ROWS).await?;
            pass.upto = step.last().map_or(end, |event| offset_of(event.place) + 1);
            pass.newest.extend(step.into_iter().map(|event| (event.key, offset_of(event.place))));
        }
        Ok(pass)
    }

    async fn drop_superseded(&self, start: i64, pass: &Pass) -> Result<u64> {
        let mut dropped = 0;
        let mut offset = start;
        while offset < pass.upto {
            let step = self.step(offset, pass.upto, STEP_ROWS).await?;
            offset = step.last().map_or(pass.upto, |event| offset_of(event.place) + 1);
            let places: Vec<i64> =
                step.iter().filter(|event| pass.drops(event)).map(|event| event.place).collect();
            dropped += self.drop_places(&places).await?;
        }
        Ok(dropped)
    }

    async fn step(&self, from: i64, upto: i64, max: i64) -> Result<Vec<Kept>> {
        sqlx::query_as(
            "SELECT place, key, value IS NULL AS is_tombstone, time_ms FROM event
             WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
        )
        .bind(place_of(self.partition_id, from))
        .bind(place_of(self.partition_id, upto))
        .bind(max)
        .fetch_all(&self.shared.readers)
        .await
        .map_err(self.failed())
    }

    async fn drop_places(&self, places: &[i64]) -> Result<u64> {
        if places.is_empty() {
            return Ok(0);
        }
        let mut connection = self.shared.writer.connection().await;
        let mut dropping = connection.begin().await.map_err(self.failed())?;
        let dropped = sqlx::query("DELETE FROM event WHERE place IN (SELECT value FROM json_each(?))")
            .bind(sqlx::types::Json(places))
            .execute(&mut *dropping)
            .await
            .map_err(self.failed())?;
        dropping.commit().await.map_err(self.failed())?;
        Ok(dropped.rows_affected())
    }

    async fn compacted_to(&self) -> Result<i64> {
        sqlx::query_scalar("SELECT compacted_to FROM topic_partition WHERE id = ?")
            .bind(self.partition_id)
            .fetch_one(&self.shared.readers)
            .await
            .map_err(self.failed())
    }

    async fn record(&self, upto: i64) -> Result<()> {
        let mut connection = self.shared.writer.connection().await;
        let mut recording = connection.begin().await.map_err(self.failed())?;
        sqlx::query("UPDATE topic_partition SET compacted_to = max(compacted_to, ?) WHERE id = ?")
            .bind(upto)
            .bind(self.partition_id)
            .execute(&mut *recording)
            .await
            .map_err(self.failed())?;
        recording.commit().await.map_err(self.failed())
    }

    /// Drops events older than the retention: the oldest come first, so it stops at the first younger one.
    async fn expire(&self, retention_ms: i64) -> Result<u64> {
        let before_ms = clock::now().timestamp_millis().saturating_sub(retention_ms);
        let mut dropped = 0;
        loop {
            let oldest = self.step(0, i64::MAX, STEP_ROWS).await?;
            let places: Vec<i64> = oldest
                .iter()
                .take_while(|event| event.time_ms < before_ms)
                .map(|event| event.place)
                .collect();
            if places.is_empty() {
                return Ok(dropped);
            }
            dropped += self.drop_places(&places).await?;
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
