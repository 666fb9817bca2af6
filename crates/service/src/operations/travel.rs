//! A change on its way: where the newest merge has come out by now, and how long that took.

use crate::ports::Ports;
use chrono::{DateTime, Utc};
use entity::{Merge, MergeId};
use events::log::{Event, Position, StartAt, TopicDescription, TopicPartition};
use events::partitioner::partition_of;
use events::topics::Product;
use std::time::Duration;

/// Events read per look and stop: the next look goes on behind them.
const LOOKED_AT: usize = 1000;

/// The newest change, and each place where it has come out.
#[derive(Clone, Debug)]
pub(super) struct Travel {
    /// The newest merge, or its undo.
    pub(super) merge: MergeId,
    /// Whether it was taken back.
    pub(super) undone: bool,
    /// Who did it.
    pub(super) by: String,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// Where it goes, in order.
    pub(super) stops: Vec<Stop>,
}

/// A place where a change comes out.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// What is told there.
    pub(super) name: &'static str,
    /// The topic.
    pub(super) topic: String,
    /// After how many milliseconds; `None` while it has not come.
    pub(super) after_ms: Option<i64>,
    /// Up to where it was looked for.
    seen: Option<Position>,
}

impl Travel {
    /// Whether it has come out everywhere.
    fn has_arrived(&self) -> bool {
        self.stops.iter().all(|stop| stop.after_ms.is_some())
    }
}

/// Looks where the newest change is by now: from its time on, and behind what the last look has read.
pub(super) async fn look(
    ports: &Ports,
    topics: &[TopicDescription],
    merge: &Merge,
    last: Option<&Travel>,
) -> Travel {
    let (by, at) = match &merge.undo {
        None => (merge.merged_by.clone(), merge.merged_at),
        Some(undo) => (undo.undone_by.clone(), undo.undone_at),
    };
    let last = last.filter(|last| last.merge == merge.id && last.at == at);
    if let Some(arrived) = last.filter(|last| last.has_arrived()) {
        return arrived.clone();
    }
    let mut stops = Vec::new();
    for (name, product, key) in itinerary(ports, merge).await {
        let topic = ports.codec.names().name(product);
        let before = last.and_then(|last| last.stops.iter().find(|stop| stop.topic == topic));
        let before = before.cloned();
        let mut stop =
            before.unwrap_or_else(|| Stop { name, topic: topic.to_owned(), after_ms: None, seen: None });
        if stop.after_ms.is_none() {
            let partitions = topics.iter().find(|described| described.name == topic);
            let partitions = partitions.and_then(|topic| i32::try_from(topic.partitions.len()).ok());
            // A topic that does not answer is asked again by the next look.
            let _ = look_on(ports, &mut stop, &key, partitions.unwrap_or(0), at.timestamp_millis()).await;
        }
        stops.push(stop);
    }
    Travel { merge: merge.id, undone: merge.undo.is_some(), by, at, stops }
}

/// Which topics tell of a merge, and under which key.
async fn itinerary(ports: &Ports, merge: &Merge) -> Vec<(&'static str, Product, String)> {
    let mut stops = vec![
        ("the fact", Product::Merge, merge.id.to_string()),
        ("the golden record", Product::Organization, merge.survivor.to_string()),
    ];
    if let Some(absorbed) = merge.absorbed.first() {
        stops.push(("where the old id leads", Product::Redirect, absorbed.to_string()));
    }
    // Of a merge that came from the review: its cluster is settled, or back.
    if let Ok(Some(decision)) = ports.resolution.decision_of_merge(merge.id).await {
        stops.push(("the cluster", Product::DuplicateCluster, decision.cluster_id.to_string()));
    }
    stops
}

/// Looks for the first event of a key since that time, a piece further than before.
async fn look_on(
    ports: &Ports,
    stop: &mut Stop,
    key: &str,
    partitions: i32,
    since_ms: i64,
) -> events::Result<()> {
    if partitions == 0 {
        return Ok(());
    }
    let from = match stop.seen.clone() {
        Some(seen) => seen,
        None => {
            let partition = partition_of(key.as_bytes(), partitions);
            let at = TopicPartition { topic: stop.topic.clone(), partition };
            let offset = ports.log.offset_at(&at, StartAt::Time(since_ms)).await?;
            Position { at, offset }
        }
    };
    let events = ports.log.read(&from, LOOKED_AT, Duration::ZERO).await?;
    let first = events.iter().find(|event| event.key == key.as_bytes() && event.time_ms >= since_ms);
    stop.after_ms = first.map(|event| event.time_ms - since_ms);
    stop.seen = Some(events.last().map_or(from, Event::next_position));
    Ok(())
}
