//! Measures merges over REST: how many a second, and how long until a merge stands on the clean topic.
//!
//! Each is a preview and the merge that cites it, as any client does it. Prints one JSON document.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that fails says so and ends"
)]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the harness of the whole-loop tests is shared; not all is used"
)]

#[path = "../whole_loop/backend.rs"]
mod backend;
#[path = "../whole_loop/deployment.rs"]
mod deployment;
#[path = "../whole_loop/end_state.rs"]
mod end_state;
#[path = "../bench_loop/latency.rs"]
mod latency;

use backend::Ports;
use deployment::Deployment;
use entity::event::{Op, OrganizationChanged};
use entity::{Organization, Record, RecordId};
use futures::StreamExt as _;
use latency::{ends, percentiles, read, since};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

const ALL: &str = "poller,indexer,scorer,resolver,service";
/// Clients at once while merges a second are counted.
const CLIENTS: usize = 8;
/// Merges a second while the way to the topic is measured.
const PER_SECOND: u64 = 20;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    let merges: usize = value("--merges").map_or(1000, |n| n.parse().unwrap());
    let on = value("--on").unwrap_or_else(|| "embedded".into());
    let ports = match on.as_str() {
        "embedded" => Ports::Embedded,
        "real" => Ports::Real,
        other => panic!("--on takes embedded or real, not {other}"),
    };
    let Some(deployment) = Deployment::start(ports, &[ALL]).await else { return };
    let pairs = pairs(&deployment, merges * 2).await;
    let (first, second) = pairs.split_at(merges);
    let throughput = throughput(&deployment, first).await;
    let latency = latency(&deployment, second).await;
    println!("{}", json!({"on": on, "throughput": throughput, "latency_ms": latency}));
    deployment.end().await;
}

/// Pairs of records of one organization each, published before anything is measured.
async fn pairs(deployment: &Deployment, count: usize) -> Vec<[RecordId; 2]> {
    let (organizations, changes) = deployment.backend.organizations().await;
    let mut pairs = Vec::with_capacity(count);
    for (number, generated) in sample::generate(count, 1, chrono::DateTime::UNIX_EPOCH).enumerate() {
        let twin = Record {
            id: entity::id::derive("bench-twins", "organization", &number.to_string()).into(),
            source: "bench-twins".into(),
            source_id: number.to_string(),
            created_at: generated.record.created_at,
            organization: Organization {
                name: generated.record.organization.name.clone(),
                ..Organization::default()
            },
        };
        pairs.push([generated.record.id, twin.id]);
        organizations.upsert(vec![generated.record, twin]).await.unwrap();
    }
    loop {
        let position = changes.capture_state().await.unwrap().position;
        if changes.waiting(position.as_deref()).await.unwrap() == 0 {
            return pairs;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A preview and its merge; how long each took, in milliseconds.
async fn merge(deployment: &Deployment, [survivor, absorbed]: [RecordId; 2]) -> (f64, f64) {
    let start = Instant::now();
    let body = json!({"survivor": survivor, "organizations": [absorbed]});
    let preview = deployment.post("/v1/merge-previews", &body).await;
    let previewed = start.elapsed();
    let body = json!({
        "survivor": survivor, "organizations": [absorbed],
        "preview_digest": preview["digest"], "expected_versions": preview["expected_versions"],
    });
    deployment.post("/v1/merges", &body).await;
    (previewed.as_secs_f64() * 1000.0, (start.elapsed() - previewed).as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn throughput(deployment: &Deployment, pairs: &[[RecordId; 2]]) -> Value {
    let start = Instant::now();
    let merges = futures::stream::iter(pairs).map(|pair| merge(deployment, *pair)).buffer_unordered(CLIENTS);
    let times: Vec<(f64, f64)> = merges.collect().await;
    let seconds = start.elapsed().as_secs_f64();
    let (previews, merges) = times.into_iter().unzip();
    json!({
        "merges": pairs.len(),
        "clients": CLIENTS,
        "seconds": seconds,
        "merges_per_second": pairs.len() as f64 / seconds,
        "preview_ms": percentiles(previews),
        "merge_ms": percentiles(merges),
    })
}

/// From the request to merge until the redirect stands on the clean topic.
async fn latency(deployment: &Deployment, pairs: &[[RecordId; 2]]) -> Value {
    let topic = &deployment.backend.names.organization;
    let starts = ends(deployment, topic).await;
    let start = Instant::now();
    let mut asked: HashMap<RecordId, i64> = HashMap::new();
    let mut answered = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        let due = Duration::from_micros(at as u64 * 1_000_000 / PER_SECOND);
        tokio::time::sleep_until((start + due).into()).await;
        asked.insert(pair[1], entity::clock::now().timestamp_millis());
        let (preview, merge) = merge(deployment, *pair).await;
        answered.push(preview + merge);
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut told: HashMap<RecordId, i64> = HashMap::new();
        for (_, time_ms, value) in read::<OrganizationChanged>(deployment, topic, &starts).await {
            if value.op == Op::Redirect {
                told.entry(value.id.into()).or_insert(time_ms);
            }
        }
        if asked.keys().all(|id| told.contains_key(id)) || Instant::now() > deadline {
            let on_topic = asked.iter().filter_map(|(id, at)| told.get(id).map(|time| since(*at, *time)));
            return json!({
                "merges": pairs.len(),
                "merges_per_second": PER_SECOND,
                "answered": percentiles(answered),
                "topic": percentiles(on_topic.collect()),
            });
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
