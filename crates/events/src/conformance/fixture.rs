//! Topics, events and group members for the cases.

use crate::log::{
    Cleanup, Event, EventLog, GroupReader, NewEvent, Position, Progress, TopicPartition, TopicSpec,
};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Longer than any rebalance of a busy test server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A name that no other case or run uses.
pub(super) fn fresh_name(what: &str) -> String {
    format!("conformance.{what}.{}", Uuid::now_v7().simple())
}

/// A new compacted topic.
pub(super) async fn fresh_topic(log: &dyn EventLog, partitions: i32) -> String {
    let spec = TopicSpec { name: fresh_name("topic"), partitions, cleanup: Cleanup::Compact };
    log.create_topics(std::slice::from_ref(&spec)).await.expect("the topic is created");
    spec.name
}

/// An event without headers.
pub(super) fn event(topic: &str, partition: i32, key: &str, value: &str) -> NewEvent {
    NewEvent {
        topic: topic.to_owned(),
        partition,
        key: key.as_bytes().to_vec(),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
    }
}

/// `count` events with the values `0`, `1`, … on each partition.
pub(super) async fn append_numbers(log: &dyn EventLog, topic: &str, partitions: i32, count: usize) {
    let numbers = (0..partitions).flat_map(|partition| (0..count).map(move |number| (partition, number)));
    let events = numbers.map(|(partition, number)| event(topic, partition, "key", &number.to_string()));
    log.append(events.collect()).await.expect("the events are appended");
}

/// A position.
pub(super) fn position(topic: &str, partition: i32, offset: i64) -> Position {
    Position { at: TopicPartition { topic: topic.to_owned(), partition }, offset }
}

/// The values of events as text.
pub(super) fn values<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<String> {
    let text =
        |event: &Event| String::from_utf8_lossy(event.value.as_deref().unwrap_or_default()).into_owned();
    events.into_iter().map(text).collect()
}

/// Everything of one partition from an offset on, `count` events long.
pub(super) async fn read_all(log: &dyn EventLog, from: Position, count: usize) -> Vec<Event> {
    let mut next = from;
    let mut events = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while events.len() < count {
        assert!(Instant::now() < deadline, "read {} of {count} events in time", events.len());
        events
            .extend(log.read(&next, 1_000, Duration::from_millis(200)).await.expect("the read goes through"));
        next = events.last().map_or(next, Event::next_position);
    }
    events
}

/// The progress of a group on a topic of one partition.
pub(super) async fn only_progress(log: &dyn EventLog, group: &str, topic: &str) -> Progress {
    let progress = log.progress(group, &[topic.to_owned()]).await.expect("the progress is known");
    assert_eq!(progress.len(), 1, "one partition");
    progress.into_iter().next().expect("one partition")
}

/// A member of a group that keeps what it was told.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) reader: Box<dyn GroupReader>,
    pub(super) owned: BTreeSet<i32>,
    pub(super) events: Vec<Event>,
}

impl Follower {
    pub(super) async fn join(log: &dyn EventLog, group: &str, topic: &str) -> Self {
        let reader = log.join(group, &[topic.to_owned()]).await.expect("the group takes the member");
        Self { reader, owned: BTreeSet::new(), events: Vec::new() }
    }

    /// One call of `next`, and its promises: partitions are announced before their events come.
    pub(super) async fn step(&mut self) {
        let delivery = self.reader.next(100, Duration::from_millis(50)).await.expect("the next events come");
        for at in &delivery.revoked {
            assert!(self.owned.remove(&at.partition), "{at:?} was revoked without having been assigned");
        }
        for event in &delivery.events {
            assert!(self.owned.contains(&event.partition), "an event of {} came early", event.partition);
        }
        for at in &delivery.assigned {
            assert!(self.owned.insert(at.partition), "{at:?} was assigned twice");
        }
        self.events.extend(delivery.events);
    }

    /// Commits everything read so far.
    pub(super) async fn commit_all(&mut self) {
        let mut positions: Vec<Position> = Vec::new();
        for event in &self.events {
            let next = event.next_position();
            positions.retain(|position| position.at != next.at);
            positions.push(next);
        }
        self.reader.commit(&positions).await.expect("the positions are committed");
    }
}

/// Steps the members in turn until the condition holds.
pub(super) async fn step_until<const N: usize>(
    mut followers: [&mut Follower; N],
    what: &str,
    holds: impl Fn(&[&mut Follower; N]) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !holds(&followers) {
        assert!(Instant::now() < deadline, "not in time: {what}; {followers:?}");
        for follower in &mut followers {
            follower.step().await;
        }
    }
}

/// Steps one member until it has read this many events.
pub(super) async fn step_until_read(follower: &mut Follower, count: usize) {
    step_until([follower], "the events are read", |[follower]| follower.events.len() >= count).await;
}
