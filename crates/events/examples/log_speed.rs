//! How fast a log is: appends, reads and the time from an append to its reader.
//!
//! `cargo run --release -p orgloop-events --example log_speed [-- HOST:PORT]`: in a SQLite file, or on Kafka.

use events::log::{Cleanup, StartAt, TopicSpec};
use events::partitioner::partition_of;
use events::sqlite::SqliteLog;
use events::{EventLog, NewEvent, Position, Result, TopicPartition};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const PARTITIONS: i32 = 12;
const EVENTS: usize = 200_000;
const BATCH: usize = 500;
const VALUE_BYTES: usize = 300;
const SINGLES: usize = 1_000;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the log");
    let log: Arc<dyn EventLog> = match std::env::args().nth(1) {
        None => Arc::new(SqliteLog::open(&folder.path().join("events.db")).await?),
        Some(bootstrap) => kafka(bootstrap)?,
    };
    let topic = format!("speed.{}", Uuid::now_v7().simple());
    let spec = TopicSpec { name: topic.clone(), partitions: PARTITIONS, cleanup: Cleanup::Compact };
    log.create_topics(&[spec]).await?;
    append(&*log, &topic, BATCH).await?;

    let began = Instant::now();
    for _ in 0..EVENTS / BATCH {
        append(&*log, &topic, BATCH).await?;
    }
    println!("append, one caller, batches of {BATCH}: {} events/s", rate(EVENTS, began.elapsed()));

    let began = Instant::now();
    let callers = (0..8).map(|_| append_singly(Arc::clone(&log), topic.clone(), SINGLES));
    futures::future::try_join_all(callers).await?;
    println!("append, eight callers, one by one: {} events/s", rate(8 * SINGLES, began.elapsed()));

    let began = Instant::now();
    let mut count = 0;
    for partition in 0..PARTITIONS {
        count += read_all(&*log, &topic, partition).await?;
    }
    println!("read, partition by partition: {} events/s", rate(count, began.elapsed()));

    let (appends, arrivals) = latencies(&log, &topic).await?;
    println!("single append until durable: {}", percentiles(appends));
    println!("single append until its waiting reader has it: {}", percentiles(arrivals));
    println!("the same for a member of a group: {}", percentiles(group_latencies(&log, &topic).await?));
    Ok(())
}

#[cfg(feature = "kafka")]
fn kafka(bootstrap: String) -> Result<Arc<dyn EventLog>> {
    use events::kafka::{KafkaConfig, KafkaLog};
    Ok(Arc::new(KafkaLog::connect(KafkaConfig { bootstrap, properties: Vec::new() })?))
}

#[cfg(not(feature = "kafka"))]
fn kafka(bootstrap: String) -> Result<Arc<dyn EventLog>> {
    Err(events::Error::Invalid(format!("{bootstrap} needs --features kafka")))
}

fn new_event(topic: &str) -> NewEvent {
    let key = Uuid::now_v7().to_string().into_bytes();
    NewEvent {
        topic: topic.to_owned(),
        partition: partition_of(&key, PARTITIONS),
        key,
        value: Some(vec![b'v'; VALUE_BYTES]),
        headers: vec![
            ("ce_id".to_owned(), b"0123456789".to_vec()),
            ("version".to_owned(), b"281474976710657".to_vec()),
        ],
    }
}

async fn append(log: &dyn EventLog, topic: &str, count: usize) -> Result<()> {
    log.append((0..count).map(|_| new_event(topic)).collect()).await.map(|_| ())
}

async fn append_singly(log: Arc<dyn EventLog>, topic: String, count: usize) -> Result<()> {
    for _ in 0..count {
        append(&*log, &topic, 1).await?;
    }
    Ok(())
}

async fn read_all(log: &dyn EventLog, topic: &str, partition: i32) -> Result<usize> {
    let at = TopicPartition { topic: topic.to_owned(), partition };
    let end = log.offset_at(&at, StartAt::Latest).await?;
    let mut from = Position { at, offset: 0 };
    let mut count = 0;
    while from.offset < end {
        let events = log.read(&from, 5_000, Duration::from_secs(5)).await?;
        count += events.len();
        from = events.last().map_or(from, events::Event::next_position);
    }
    Ok(count)
}

async fn latencies(log: &Arc<dyn EventLog>, topic: &str) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let at = TopicPartition { topic: topic.to_owned(), partition: 0 };
    let mut from = Position { offset: log.offset_at(&at, StartAt::Latest).await?, at };
    let (mut appends, mut arrivals) = (Vec::new(), Vec::new());
    for _ in 0..SINGLES {
        let (reader, position) = (Arc::clone(log), from.clone());
        let reading = tokio::spawn(async move {
            let events = reader.read(&position, 1, Duration::from_secs(10)).await;
            (events, Instant::now())
        });
        tokio::time::sleep(Duration::from_millis(2)).await;
        let mut event = new_event(topic);
        event.partition = 0;
        let began = Instant::now();
        log.append(vec![event]).await?;
        appends.push(began.elapsed());
        let (events, arrived) = reading.await.expect("the reader does not panic");
        from = events?.last().expect("the event arrives").next_position();
        arrivals.push(arrived - began);
    }
    Ok((appends, arrivals))
}

async fn group_latencies(log: &Arc<dyn EventLog>, topic: &str) -> Result<Vec<Duration>> {
    let mut member = log.join(&format!("{topic}.group"), &[topic.to_owned()]).await?;
    let assigned = member.next(1, Duration::from_secs(30)).await?.assigned;
    for at in assigned {
        let offset = log.offset_at(&at, StartAt::Latest).await?;
        member.seek(&Position { at, offset }).await?;
    }
    let mut arrivals = Vec::new();
    for _ in 0..SINGLES {
        let writer = Arc::clone(log);
        let event = new_event(topic);
        let appending = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let began = Instant::now();
            writer.append(vec![event]).await.map(|_| began)
        });
        let delivery = member.next(100, Duration::from_secs(10)).await?;
        let arrived = Instant::now();
        assert_eq!(delivery.events.len(), 1, "the event arrives alone");
        arrivals.push(arrived - appending.await.expect("the writer does not panic")?);
    }
    member.leave().await?;
    Ok(arrivals)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate to look at"
)]
fn rate(count: usize, elapsed: Duration) -> u64 {
    (count as f64 / elapsed.as_secs_f64()) as u64
}

fn percentiles(mut durations: Vec<Duration>) -> String {
    durations.sort();
    let at = |percent: usize| durations[(durations.len() - 1) * percent / 100];
    format!("p50 {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100))
}
