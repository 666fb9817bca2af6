//! Commit → topic → index → cluster, at 50 changes a second: each change is a duplicate of a record that is there.

use crate::deployment::Deployment;
use entity::event::{ClusterChanged, RecordChanged};
use entity::{Record, RecordId};
use events::log::{Position, StartAt, TopicPartition};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PER_SECOND: u64 = 50;

pub(crate) async fn measure(deployment: &Deployment, count: usize) -> Value {
    let backend = &deployment.backend;
    let (organizations, _) = backend.organizations().await;
    let index = backend.index().await;
    let originals: Vec<Record> =
        sample::generate(count, 1, chrono::DateTime::UNIX_EPOCH).map(|g| g.record).collect();
    let topic_starts = ends(deployment, &backend.names.record).await;
    let cluster_starts = ends(deployment, &backend.names.duplicate_cluster).await;
    let mut committed: HashMap<RecordId, i64> = HashMap::new();
    let mut indexed = Vec::new();
    let start = Instant::now();
    for (at, original) in originals.into_iter().enumerate() {
        let due = Duration::from_micros(at as u64 * 1_000_000 / PER_SECOND);
        tokio::time::sleep_until((start + due).into()).await;
        let twin = twin_of(original, at);
        let id = twin.id;
        organizations.upsert(vec![twin]).await.unwrap();
        let at_ms = entity::clock::now().timestamp_millis();
        committed.insert(id, at_ms);
        let index = Arc::clone(&index);
        indexed.push(tokio::spawn(async move {
            let committed = Instant::now();
            while index.documents(&[id]).await.unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            committed.elapsed().as_secs_f64() * 1000.0
        }));
    }
    let mut index_ms = Vec::new();
    for task in indexed {
        index_ms.push(task.await.unwrap());
    }
    let clusters = cluster_times(deployment, &cluster_starts, &committed).await;
    let mut topic_ms = Vec::new();
    for (_, time_ms, value) in read::<RecordChanged>(deployment, &backend.names.record, &topic_starts).await {
        topic_ms.extend(committed.get(&value.id).map(|committed| since(*committed, time_ms)));
    }
    let cluster_ms =
        committed.iter().filter_map(|(id, at)| clusters.get(id).map(|time| since(*at, *time))).collect();
    json!({
        "changes": count,
        "changes_per_second": PER_SECOND,
        "topic": percentiles(topic_ms),
        "index": percentiles(index_ms),
        "cluster": percentiles(cluster_ms),
    })
}

/// The same organization, told by another source.
fn twin_of(mut record: Record, at: usize) -> Record {
    record.source = "bench-twins".into();
    record.source_id = format!("twin-{at}");
    record.id = entity::id::derive(&record.source, "organization", &record.source_id).into();
    record.created_at = entity::clock::now();
    record.organization.services.clear();
    record.organization.identifiers.clear();
    let own = |kind: &str, n: usize| {
        let source_id = format!("twin-{at}/{kind}/{n}");
        (entity::id::derive("bench-twins", kind, &source_id), source_id)
    };
    for (n, phone) in record.organization.phones.iter_mut().enumerate() {
        (phone.id, phone.source_id) = own("phone", n);
    }
    for (n, location) in record.organization.locations.iter_mut().enumerate() {
        let (id, source_id) = own("location", n);
        (location.id, location.source_id) = (id.into(), source_id);
        location.phones.clear();
        for (m, address) in location.addresses.iter_mut().enumerate() {
            (address.id, address.source_id) = own("address", n * 100 + m);
        }
    }
    record
}

/// When each record first stood in a published cluster; waits for all that come within a bound.
async fn cluster_times(
    deployment: &Deployment,
    starts: &[Position],
    committed: &HashMap<RecordId, i64>,
) -> HashMap<RecordId, i64> {
    let topic = &deployment.backend.names.duplicate_cluster;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let mut times: HashMap<RecordId, i64> = HashMap::new();
        for (_, time_ms, value) in read::<ClusterChanged>(deployment, topic, starts).await {
            for member in value.members.unwrap_or_default() {
                if committed.contains_key(&member.record_id) {
                    let first = times.entry(member.record_id).or_insert(time_ms);
                    *first = (*first).min(time_ms);
                }
            }
        }
        if times.len() == committed.len() || Instant::now() > deadline {
            return times;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

pub(crate) async fn ends(deployment: &Deployment, topic: &str) -> Vec<Position> {
    let log = deployment.backend.log().await;
    let mut ends = Vec::new();
    for partition in 0..3 {
        let at = TopicPartition { topic: topic.to_owned(), partition };
        let offset = log.offset_at(&at, StartAt::Latest).await.unwrap();
        ends.push(Position { at, offset });
    }
    ends
}

pub(crate) async fn read<T: DeserializeOwned>(
    deployment: &Deployment,
    topic: &str,
    starts: &[Position],
) -> Vec<(String, i64, T)> {
    let log = deployment.backend.log().await;
    let codec = deployment.backend.codec().await;
    let mut values = Vec::new();
    for (start, end) in starts.iter().zip(ends(deployment, topic).await) {
        let mut position = start.clone();
        while position.offset < end.offset {
            let events = log.read(&position, 1000, Duration::from_secs(1)).await.unwrap();
            let Some(last) = events.last() else { break };
            position.offset = last.offset + 1;
            for event in events {
                if let Some(value) = &event.value {
                    let key = String::from_utf8_lossy(&event.key).into_owned();
                    values.push((key, event.time_ms, codec.decode(value).await.unwrap()));
                }
            }
        }
    }
    values
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a few minutes")]
pub(crate) fn since(committed_ms: i64, time_ms: i64) -> f64 {
    (time_ms - committed_ms).max(0) as f64
}

pub(crate) fn percentiles(mut figures: Vec<f64>) -> Value {
    if figures.is_empty() {
        return Value::Null;
    }
    figures.sort_by(f64::total_cmp);
    let at = |percent: usize| figures[(figures.len() - 1) * percent / 100];
    json!({"count": figures.len(), "p50": at(50), "p90": at(90), "p99": at(99), "max": at(100)})
}
