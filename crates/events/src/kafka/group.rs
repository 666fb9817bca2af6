//! A member of a consumer group.

use super::KafkaConfig;
use super::client::{
    Closing, REQUEST_TIMEOUT, base, blocking, event_of, failed, is_missing, is_passing, list_of_positions,
    refused,
};
use super::rebalance::{Change, Rebalances};
use crate::error::{Error, Result};
use crate::log::{Delivery, Event, GroupReader, Position, TopicPartition};
use async_trait::async_trait;
use futures::FutureExt;
use rdkafka::Offset;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

type GroupConsumer = StreamConsumer<Rebalances>;

/// A member that is silent for longer loses its partitions, unless the settings say otherwise.
const SESSION_TIMEOUT_MS: &str = "10000";
/// How often a call that waits for a rebalance looks again.
const PAUSE: Duration = Duration::from_millis(20);

/// A member of a group.
pub(super) struct Member {
    group: String,
    consumer: Closing<GroupConsumer>,
    session_timeout: Duration,
    /// What the caller knows to be its own.
    owned: BTreeSet<TopicPartition>,
    /// Changes that the caller does not know yet.
    untold: Delivery,
    /// Events that came while the caller asked for something else.
    early: VecDeque<Event>,
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Member");
        debug.field("group", &self.group).field("owned", &self.owned).finish_non_exhaustive()
    }
}

impl Member {
    pub(super) fn join(config: &KafkaConfig, group: &str, topics: &[String]) -> Result<Self> {
        let session_timeout_ms = config.property("session.timeout.ms").unwrap_or(SESSION_TIMEOUT_MS);
        let millis = session_timeout_ms.parse().map_err(|_| {
            Error::Invalid("kafka setting session.timeout.ms is no number of milliseconds".to_owned())
        })?;
        let consumer: GroupConsumer = settings(config, group, session_timeout_ms)
            .create_with_context(Rebalances::default())
            .map_err(|error| refused(&error))?;
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(failed(format!("joining group {group}")))?;
        Ok(Self {
            group: group.to_owned(),
            consumer: Closing::new(consumer),
            session_timeout: Duration::from_millis(millis),
            owned: BTreeSet::new(),
            untold: Delivery::default(),
            early: VecDeque::new(),
        })
    }

    /// Notes what a rebalance gave and took; whether it did.
    fn note_changes(&mut self) -> bool {
        let changes = self.consumer.shared().context().take();
        let changed = !changes.is_empty();
        for change in changes {
            match change {
                Change::Assigned(partitions) => self.untold.assigned.extend(partitions),
                Change::Revoked(partitions) => partitions.into_iter().for_each(|at| self.lose(at)),
            }
        }
        changed
    }

    fn lose(&mut self, at: TopicPartition) {
        self.early.retain(|event| event.topic != at.topic || event.partition != at.partition);
        self.untold.assigned.retain(|assigned| *assigned != at);
        // What the caller never heard of it need not give back.
        if self.owned.remove(&at) {
            self.untold.revoked.push(at);
        }
    }

    /// The changes for the caller, who knows them from now on.
    fn tell(&mut self) -> Option<Delivery> {
        let delivery = std::mem::take(&mut self.untold);
        self.owned.extend(delivery.assigned.iter().cloned());
        (delivery != Delivery::default()).then_some(delivery)
    }

    /// Takes one event or change that is there already; this is what keeps the membership alive.
    fn poll(&mut self) -> Result<()> {
        let consumer = self.consumer.shared();
        if let Some(Some(event)) = receive(&consumer, &self.group).now_or_never().transpose()? {
            self.early.push_back(event);
        }
        self.note_changes();
        Ok(())
    }

    fn fenced(&self, doing: &str) -> Error {
        Error::Fenced { doing: format!("{doing} of group {}", self.group) }
    }

    /// Commits positions of partitions that are its own, through rebalances that leave them so.
    async fn commit_owned(&mut self, positions: &[Position]) -> Result<()> {
        let doing = format!("committing positions of group {}", self.group);
        let deadline = Instant::now() + self.session_timeout.max(REQUEST_TIMEOUT);
        loop {
            let (consumer, list) = (self.consumer.shared(), list_of_positions(positions)?);
            let committing = blocking(&doing, move || consumer.commit(&list, CommitMode::Sync));
            let committed = tokio::time::timeout_at(deadline, committing).await;
            let committed = committed.map_err(|error| Error::transient(doing.clone(), error))??;
            match committed {
                Err(error) if is_rebalance(&error) && Instant::now() < deadline => {
                    self.poll()?;
                    if !self.owns(positions) {
                        return Err(self.fenced("committing positions"));
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done.map_err(failed(doing)),
            }
        }
    }

    fn owns(&self, positions: &[Position]) -> bool {
        positions.iter().all(|position| self.owned.contains(&position.at))
    }
}

fn settings(config: &KafkaConfig, group: &str, session_timeout_ms: &str) -> rdkafka::ClientConfig {
    let heartbeat_ms = (session_timeout_ms.parse::<u64>().unwrap_or(10_000) / 4).to_string();
    let defaults = [
        ("session.timeout.ms", session_timeout_ms),
        ("heartbeat.interval.ms", heartbeat_ms.as_str()),
        // librdkafka's own heartbeats would keep a member alive that no longer calls.
        ("max.poll.interval.ms", session_timeout_ms),
        // Members keep what they have while others come and go.
        ("partition.assignment.strategy", "cooperative-sticky"),
        // A new partition or a seek waits for the question that is under way.
        ("fetch.wait.max.ms", "50"),
        ("fetch.queue.backoff.ms", "20"),
        ("queued.max.messages.kbytes", "32768"),
    ];
    let mut client = base(config, &defaults);
    client
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.min.bytes", "1")
        .set("allow.auto.create.topics", "false");
    client
}

/// The next event; `None` for news that need no answer.
async fn receive(consumer: &GroupConsumer, group: &str) -> Result<Option<Event>> {
    match consumer.recv().await {
        Ok(message) => Ok(Some(event_of(&message))),
        Err(KafkaError::PartitionEOF(_)) => Ok(None),
        Err(error) if is_passing(&error) => {
            tracing::debug!(%error, group, "the connection of a group member is disturbed");
            Ok(None)
        }
        Err(error) if is_missing(&error) => {
            Err(Error::NotFound(format!("a topic of group {group} ({error})")))
        }
        Err(error) => Err(failed(format!("reading for group {group}"))(error)),
    }
}

/// Whether the group is sharing out anew, or holds this member for gone.
fn is_rebalance(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::AssignmentLost
        )
    )
}

#[async_trait]
impl GroupReader for Member {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Delivery> {
        // The caller hears of new partitions before it asks again, and librdkafka brings no event unasked: so it
        // may seek first.
        if let Some(changes) = self.tell() {
            return Ok(changes);
        }
        let deadline = Instant::now() + wait.min(Duration::from_hours(24));
        let consumer = self.consumer.shared();
        let mut full = self.early.len() >= max;
        while !full {
            let received = if self.early.is_empty() {
                tokio::select! {
                    biased;
                    () = consumer.context().wait() => None,
                    received = receive(&consumer, &self.group) => Some(received?),
                    () = tokio::time::sleep_until(deadline) => None,
                }
            } else {
                receive(&consumer, &self.group).now_or_never().transpose()?
            };
            // From here to the end of the round nothing waits: a call that is dropped loses no event.
            let nothing_more = received.is_none();
            self.early.extend(received.flatten());
            if self.note_changes() || (nothing_more && (!self.early.is_empty() || Instant::now() >= deadline))
            {
                break;
            }
            full = self.early.len() >= max;
        }
        if let Some(changes) = self.tell() {
            return Ok(changes);
        }
        let count = max.min(self.early.len());
        Ok(Delivery { events: self.early.drain(..count).collect(), ..Delivery::default() })
    }

    async fn keep_alive(&mut self) -> Result<()> {
        self.poll()
    }

    async fn commit(&mut self, positions: &[Position]) -> Result<()> {
        self.note_changes();
        let owned: Vec<Position> =
            positions.iter().filter(|position| self.owned.contains(&position.at)).cloned().collect();
        if !owned.is_empty() {
            self.commit_owned(&owned).await?;
        }
        if owned.len() < positions.len() {
            return Err(self.fenced("committing positions"));
        }
        Ok(())
    }

    async fn seek(&mut self, position: &Position) -> Result<()> {
        self.note_changes();
        if !self.owned.contains(&position.at) {
            return Err(self.fenced("seeking a position"));
        }
        let doing = format!("seeking in {} {}", position.at.topic, position.at.partition);
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        loop {
            let (consumer, to) = (self.consumer.shared(), position.clone());
            let offset = Offset::Offset(position.offset.max(0));
            let seeking = move || consumer.seek(&to.at.topic, to.at.partition, offset, REQUEST_TIMEOUT);
            match blocking(&doing, seeking).await? {
                Ok(()) => break,
                // A partition that was given a moment ago does not take a seek before it has found its start.
                Err(_) if Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(failed(doing)(error)),
            }
        }
        self.early
            .retain(|event| event.topic != position.at.topic || event.partition != position.at.partition);
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<()> {
        // Closing tells the group.
        self.consumer.close("leaving a group").await
    }
}
