//! Measures the loop: import to the last cluster, and commit → topic → index → cluster at 50 changes a second.
//!
//! Prints one JSON document. The same rows inserted raw stand beside it (`import_speed` of the store).
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
mod latency;

use backend::Ports;
use deployment::Deployment;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const ALL: &str = "poller,indexer,scorer,resolver,service";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    let organizations = value("--organizations").map_or(100_000, |n| n.parse().unwrap());
    let changes = value("--changes").map_or(1000, |n| n.parse().unwrap());
    let on = value("--on").unwrap_or_else(|| "embedded".into());
    let ports = match on.as_str() {
        "embedded" => Ports::Embedded,
        "real" => Ports::Real,
        other => panic!("--on takes embedded or real, not {other}"),
    };
    let Some(deployment) = Deployment::start(ports, &[ALL]).await else { return };
    let throughput = throughput(&deployment, organizations).await;
    let memory_after_import = memory(&deployment);
    let latency = latency::measure(&deployment, changes).await;
    let memory = json!({"after_import": memory_after_import, "at_the_end": memory(&deployment)});
    println!("{}", json!({"on": on, "throughput": throughput, "latency_ms": latency, "memory_mib": memory}));
    deployment.end().await;
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn throughput(deployment: &Deployment, organizations: usize) -> Value {
    let sample = deployment.sample(organizations, 1);
    let start = Instant::now();
    let importing = async {
        import(deployment, &sample.join("orgs.json")).await;
        start.elapsed()
    };
    let (imported, stages) = tokio::join!(importing, watch(deployment, start));
    let settled = start.elapsed();
    json!({
        "organizations": organizations,
        "import_seconds": imported.as_secs_f64(),
        "settled_seconds": settled.as_secs_f64(),
        "organizations_per_second": organizations as f64 / settled.as_secs_f64(),
        "finished_at_seconds": stages,
    })
}

async fn import(deployment: &Deployment, file: &Path) {
    let mut command = deployment.command(&["import", &file.display().to_string(), "--source", "bench"]);
    let status = tokio::task::spawn_blocking(move || command.status()).await.unwrap().unwrap();
    assert!(status.success(), "the import ended with {status}");
}

/// Memory of all processes, in MiB: their own, pages of files that they have mapped, and the most of both so far.
fn memory(deployment: &Deployment) -> Value {
    let [own, mapped, peak] = ["RssAnon:", "RssFile:", "VmHWM:"].map(|field| memory_mib(deployment, field));
    json!({"own": own, "mapped_files": mapped, "peak": peak})
}

/// Memory of all processes by a field of their status, in MiB.
fn memory_mib(deployment: &Deployment, field: &str) -> u64 {
    let of = |process: &deployment::Process| -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    deployment.processes.iter().filter_map(of).sum::<u64>() / 1024
}

/// Waits until nothing is under way; when each stage last had work.
async fn watch(deployment: &Deployment, start: Instant) -> Value {
    let backend = &deployment.backend;
    let (organizations, changes) = backend.organizations().await;
    let resolution = backend.resolution().await;
    let log = backend.log().await;
    let topics = [backend.names.record.clone()];
    let mut finished = [0.0; 4];
    let mut quiet = 0;
    while quiet < 5 {
        let position = changes.capture_state().await.unwrap().position;
        let waiting = changes.waiting(position.as_deref()).await.unwrap();
        let mut lags = Vec::new();
        for stage in ["indexer.g1", "scorer.g1"] {
            let progress = log.progress(&backend.group(stage), &topics).await.unwrap();
            lags.push(progress.iter().map(events::log::Progress::lag).sum::<i64>());
        }
        let (rescore, resolve) = resolution.queue_lengths().await.unwrap();
        let outbox = resolution.outbox(1).await.unwrap().len() as u64;
        let there = organizations.record_count().await.unwrap() > 0;
        let busy =
            [waiting > 0 || !there, lags[0] > 0, lags[1] > 0 || rescore > 0, resolve > 0 || outbox > 0];
        for (at, busy) in busy.iter().enumerate() {
            if *busy {
                finished[at] = start.elapsed().as_secs_f64();
            }
        }
        quiet = if busy.contains(&true) { 0 } else { quiet + 1 };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    json!({"poller": finished[0], "indexer": finished[1], "scorer": finished[2], "resolver": finished[3]})
}
