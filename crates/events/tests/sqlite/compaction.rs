//! Keeping the file small.

use super::folder;
use entity::clock;
use events::log::{Cleanup, NewEvent, Position, StartAt, TopicPartition, TopicSpec};
use events::sqlite::{SqliteLog, SqliteLogOptions};
use events::{Event, EventLog};
use std::time::Duration;

const TOPIC: &str = "organizations.organization.v1";

fn at() -> TopicPartition {
    TopicPartition { topic: TOPIC.to_owned(), partition: 0 }
}

async fn create(log: &SqliteLog, cleanup: Cleanup) {
    let spec = TopicSpec { name: TOPIC.to_owned(), partitions: 1, cleanup };
    log.create_topics(&[spec]).await.unwrap();
}

/// Appends `key=value`, and a tombstone for `key` alone.
async fn append(log: &SqliteLog, events: &[&str]) {
    let new = |text: &&str| {
        let (key, value) = text.split_once('=').map_or((*text, None), |(key, value)| (key, Some(value)));
        NewEvent {
            topic: TOPIC.to_owned(),
            partition: 0,
            key: key.as_bytes().to_vec(),
            value: value.map(|value| value.as_bytes().to_vec()),
            headers: Vec::new(),
        }
    };
    log.append(events.iter().map(new).collect()).await.unwrap();
}

async fn read(log: &SqliteLog, offset: i64) -> Vec<(i64, String)> {
    let text = |event: Event| {
        let key = String::from_utf8(event.key).unwrap();
        let value = event.value.map(|value| format!("={}", String::from_utf8(value).unwrap()));
        (event.offset, key + &value.unwrap_or_default())
    };
    let read = log.read(&Position { at: at(), offset }, 1_000, Duration::ZERO).await.unwrap();
    read.into_iter().map(text).collect()
}

fn expected(events: &[(i64, &str)]) -> Vec<(i64, String)> {
    events.iter().map(|(offset, text)| (*offset, (*text).to_owned())).collect()
}

#[tokio::test]
async fn keeps_the_newest_of_each_key_at_its_offset() {
    let log = folder_log(SqliteLogOptions::default()).await;
    create(&log.1, Cleanup::Compact).await;
    let log = &log.1;
    append(log, &["a=1", "b=1", "a=2", "c=1", "b", "a=3"]).await;
    assert_eq!(log.compact(TOPIC).await.unwrap(), 3);
    assert_eq!(read(log, 0).await, expected(&[(3, "c=1"), (4, "b"), (5, "a=3")]));
    assert_eq!(log.compact(TOPIC).await.unwrap(), 0, "a second call finds nothing");

    // A later pass reaches back into what was compacted before, and offsets go on where they were.
    append(log, &["c=2", "b=4"]).await;
    assert_eq!(log.compact(TOPIC).await.unwrap(), 2);
    assert_eq!(read(log, 0).await, expected(&[(5, "a=3"), (6, "c=2"), (7, "b=4")]));
    assert_eq!(read(log, 6).await, expected(&[(6, "c=2"), (7, "b=4")]));
    let range = log.topics().await.unwrap()[0].partitions[0];
    assert_eq!((range.start, range.end), (5, 8));
    assert_eq!(log.offset_at(&at(), StartAt::Earliest).await.unwrap(), 5);
    assert_eq!(log.offset_at(&at(), StartAt::Time(0)).await.unwrap(), 5);
}

#[tokio::test]
async fn drops_tombstones_after_their_retention_only() {
    let (folder, kept) = folder_log(SqliteLogOptions::default()).await;
    create(&kept, Cleanup::Compact).await;
    append(&kept, &["a=1", "a", "b=1", "c"]).await;
    assert_eq!(kept.compact(TOPIC).await.unwrap(), 1);
    assert_eq!(read(&kept, 0).await, expected(&[(1, "a"), (2, "b=1"), (3, "c")]));

    let hasty = SqliteLogOptions { tombstone_retention: Duration::ZERO, ..SqliteLogOptions::default() };
    let hasty = folder.open(hasty).await;
    pass_time().await;
    assert_eq!(hasty.compact(TOPIC).await.unwrap(), 1);
    // The last event stays, so that the end of the partition can be reached.
    assert_eq!(read(&hasty, 0).await, expected(&[(2, "b=1"), (3, "c")]));
    append(&hasty, &["d=1"]).await;
    assert_eq!(hasty.compact(TOPIC).await.unwrap(), 1);
    assert_eq!(read(&hasty, 0).await, expected(&[(2, "b=1"), (4, "d=1")]));
}

#[tokio::test]
async fn a_group_that_has_read_everything_has_no_lag_after_compaction() {
    let (_folder, log) = folder_log(SqliteLogOptions::default()).await;
    create(&log, Cleanup::Compact).await;
    append(&log, &["a=1", "b=1", "a=2", "b=2"]).await;
    let topics = [TOPIC.to_owned()];
    let mut member = log.join("group", &topics).await.unwrap();
    assert_eq!(member.next(10, Duration::ZERO).await.unwrap().assigned, [at()]);
    log.compact(TOPIC).await.unwrap();
    let events = member.next(10, Duration::ZERO).await.unwrap().events;
    assert_eq!(events.iter().map(|event| event.offset).collect::<Vec<_>>(), [2, 3]);
    member.commit(&[events[1].next_position()]).await.unwrap();
    assert_eq!(log.progress("group", &topics).await.unwrap()[0].lag(), 0);
}

#[tokio::test]
async fn compacts_while_others_write() {
    let (_folder, log) = folder_log(SqliteLogOptions::default()).await;
    create(&log, Cleanup::Compact).await;
    let writer = log.clone();
    let writing = tokio::spawn(async move {
        for round in 0..60 {
            let events: Vec<String> = (0..100).map(|key| format!("key-{key}={round}")).collect();
            append(&writer, &events.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
    });
    while !writing.is_finished() {
        log.compact(TOPIC).await.unwrap();
    }
    writing.await.unwrap();
    log.compact(TOPIC).await.unwrap();
    let left = read(&log, 0).await;
    let newest: Vec<(i64, String)> = (0..100).map(|key| (5_900 + key, format!("key-{key}=59"))).collect();
    assert_eq!(left, newest);
}

#[tokio::test]
async fn maintenance_compacts_what_is_worth_it() {
    let (_folder, log) = folder_log(SqliteLogOptions::default()).await;
    create(&log, Cleanup::Compact).await;
    append(&log, &["a=1", "a=2"]).await;
    assert_eq!(log.maintain().await.unwrap(), 0, "two events are not worth a walk");
    append(&log, &["a=3"; 20_000]).await;
    assert_eq!(log.maintain().await.unwrap(), 20_001);
    assert_eq!(log.maintain().await.unwrap(), 0);
}

#[tokio::test]
async fn maintenance_ends_events_past_their_retention() {
    let (_folder, log) = folder_log(SqliteLogOptions::default()).await;
    create(&log, Cleanup::Delete { retention: Duration::from_millis(300) }).await;
    append(&log, &["a=1", "b=1"]).await;
    assert_eq!(log.maintain().await.unwrap(), 0);
    let wait_for = clock::now() + Duration::from_millis(310);
    while clock::now() < wait_for {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    append(&log, &["a=2"]).await;
    assert_eq!(log.maintain().await.unwrap(), 2);
    assert_eq!(read(&log, 0).await, expected(&[(2, "a=2")]));
    let range = log.topics().await.unwrap()[0].partitions[0];
    assert_eq!((range.start, range.end), (2, 3));
}

async fn folder_log(options: SqliteLogOptions) -> (super::Folder, SqliteLog) {
    let folder = folder();
    let log = folder.open(options).await;
    (folder, log)
}

/// Until the clock, in milliseconds, has moved.
async fn pass_time() {
    let now_ms = clock::now().timestamp_millis();
    while clock::now().timestamp_millis() <= now_ms {
        tokio::task::yield_now().await;
    }
}
