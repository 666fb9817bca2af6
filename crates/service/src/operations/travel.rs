//! A change on its way: where the newest merge has come out by now, and how long that took.

use crate::ports::Ports;
use chrono::{DateTime, Utc};
use entity::{Merge, MergeId};
use events::log::{Position, TopicPartition};
use events::partitioner::partition_of;
use events::topics::Product;
use std::time::Duration;

/// Events looked at per partition, the newest: a merge that is further back has long arrived.
const LOOKED_AT: i64 = 300;

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
}

impl Travel {
    /// Whether it has come out everywhere.
    fn has_arrived(&self) -> bool {
        self.stops.iter().all(|stop| stop.after_ms.is_some())
    }
}

/// Looks where the newest change is by now; what has arrived everywhere is not looked for again.
pub(super) async fn look(ports: &Ports, last: Option<&Travel>) -> Option<Travel> {
    let merge = ports.organizations.merges(None, 1).await.ok()?.pop()?;
    let undo = merge.undo.clone();
    let (by, at) =
        undo.map_or((merge.merged_by.clone(), merge.merged_at), |undo| (undo.undone_by, undo.undone_at));
    if let Some(last) = last.filter(|last| last.merge == merge.id && last.at == at && last.has_arrived()) {
        return Some(last.clone());
    }
    let mut stops = Vec::new();
    for (name, product, key) in itinerary(ports, &merge).await {
        let topic = ports.codec.names().name(product).to_owned();
        let after_ms = first_since(ports, &topic, &key, at).await.unwrap_or(None);
        stops.push(Stop { name, topic, after_ms });
    }
    Some(Travel { merge: merge.id, undone: merge.undo.is_some(), by, at, stops })
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

/// How long after `since` the first event of a key came.
async fn first_since(
    ports: &Ports,
    topic: &str,
    key: &str,
    since: DateTime<Utc>,
) -> events::Result<Option<i64>> {
    let topics = ports.log.topics().await?;
    let Some(found) = topics.iter().find(|described| described.name == topic) else { return Ok(None) };
    let Ok(count) = i32::try_from(found.partitions.len()) else { return Ok(None) };
    let partition = partition_of(key.as_bytes(), count);
    let Some(range) = found.partitions.iter().find(|range| range.partition == partition) else {
        return Ok(None);
    };
    let at = TopicPartition { topic: topic.to_owned(), partition };
    let from = Position { at, offset: range.start.max(range.end - LOOKED_AT) };
    let max = usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
    let since_ms = since.timestamp_millis();
    let events = ports.log.read(&from, max, Duration::ZERO).await?;
    let first = events.iter().find(|event| event.key == key.as_bytes() && event.time_ms >= since_ms);
    Ok(first.map(|event| event.time_ms - since_ms))
}
