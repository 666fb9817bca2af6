//! Reads without a group, through consumers that are kept for the next read: to make one costs far more than
//! to read, and the one that stands where the next read begins has its answer already.

use super::KafkaConfig;
use super::catalog::Catalog;
use super::client::{Closing, base, event_of, failed, is_missing, is_passing, list_of_positions, refused};
use crate::error::{Error, Result};
use crate::log::{Event, Position};
use futures::FutureExt;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A consumer that nobody needed for this long is closed.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// More idle consumers than this are closed at once: each has threads and a buffer.
const IDLE_READERS_MAX: usize = 16;
/// How long a read that has not heard from the broker yet waits beyond its time, so that a wait of zero
/// still brings what is there.
const GRACE: Duration = Duration::from_secs(5);

/// Consumers waiting to be used again.
pub(super) struct Pool {
    config: KafkaConfig,
    idle: Mutex<Vec<Idle>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").finish_non_exhaustive()
    }
}

struct Idle {
    reader: Reader,
    since: Instant,
}

/// A consumer of one partition.
struct Reader {
    consumer: Closing<StreamConsumer>,
    /// What it would deliver next.
    next: Position,
    /// Whether the broker has said that there is nothing more.
    at_end: bool,
}

impl Pool {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        Self { config: config.clone(), idle: Mutex::default() }
    }

    /// A consumer that stands at this position.
    fn take(&self, from: &Position) -> Result<Reader> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = idle.iter().position(|one| one.reader.next == *from) {
            return Ok(idle.swap_remove(index).reader);
        }
        let other = idle.pop();
        drop(idle);
        let consumer = match other {
            Some(other) => other.reader.consumer,
            None => Closing::new(self.consumer()?),
        };
        let mut reader = Reader { consumer, next: from.clone(), at_end: false };
        reader.assign(from)?;
        Ok(reader)
    }

    fn consumer(&self) -> Result<StreamConsumer> {
        let defaults = [
            // Short: a consumer that is sent elsewhere must not wait for its last question to be answered.
            ("fetch.wait.max.ms", "20"),
            ("fetch.queue.backoff.ms", "20"),
            ("queued.max.messages.kbytes", "16384"),
        ];
        let mut client = base(&self.config, &defaults);
        client
            // Needed by librdkafka, though nothing is ever committed under it.
            .set("group.id", "direct-reads")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.min.bytes", "1")
            .set("allow.auto.create.topics", "false")
            // An offset beyond the end must not turn into a replay of everything.
            .set("auto.offset.reset", "error");
        client.create().map_err(|error| refused(&error))
    }

    fn put_back(self: &Arc<Self>, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { reader, since: Instant::now() });
        if idle.len() > IDLE_READERS_MAX {
            idle.remove(0);
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(IDLE_MAX).await;
            if let Some(pool) = pool.upgrade() {
                pool.sweep();
            }
        });
    }

    fn sweep(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| one.since.elapsed() < IDLE_MAX);
    }
}

impl Reader {
    fn assign(&mut self, from: &Position) -> Result<()> {
        let doing = || format!("reading {} {}", from.at.topic, from.at.partition);
        let list = list_of_positions(std::slice::from_ref(from))?;
        self.consumer.shared().assign(&list).map_err(failed(doing()))?;
        self.next = from.clone();
        self.at_end = false;
        Ok(())
    }

    /// The next event, `None` at the end.
    fn heard(&mut self, heard: Result<Event, KafkaError>) -> Result<Option<Event>, KafkaError> {
        match heard {
            // Left over from where the consumer was before.
            Ok(event) if event.topic != self.next.at.topic || event.partition != self.next.at.partition => {
                Ok(None)
            }
            Ok(event) => {
                self.next = event.next_position();
                self.at_end = false;
                Ok(Some(event))
            }
            Err(KafkaError::PartitionEOF(_)) => {
                self.at_end = true;
                Ok(None)
            }
            // Who waits long enough is told in the end that no broker answers.
            Err(error) if is_passing(&error) || all_are_down(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Up to `max` events from a position on; waits for the first.
pub(super) async fn read(
    pool: &Arc<Pool>,
    catalog: &Catalog,
    from: &Position,
    max: usize,
    wait: Duration,
) -> Result<Vec<Event>> {
    let mut reader = pool.take(from)?;
    let consumer = reader.consumer.shared();
    let deadline = Instant::now() + wait.min(Duration::from_hours(24));
    let patience = deadline.max(Instant::now() + GRACE);
    let mut events = Vec::new();
    while events.len() < max {
        let heard = if events.is_empty() {
            let until = if reader.at_end { deadline } else { patience };
            tokio::time::timeout_at(until, receive(&consumer)).await.ok()
        } else {
            receive(&consumer).now_or_never()
        };
        match heard.map(|heard| reader.heard(heard)) {
            Some(Ok(Some(event))) => events.push(event),
            Some(Err(error)) => match recover(&mut reader, catalog, error).await? {
                Recovery::ReadOn => {}
                Recovery::WaitInVain => {
                    tokio::time::sleep_until(deadline).await;
                    return Ok(events);
                }
            },
            None | Some(Ok(None)) if !events.is_empty() => break,
            None | Some(Ok(None)) if reader.at_end && Instant::now() >= deadline => break,
            None | Some(Ok(None)) if Instant::now() >= patience => return Err(unanswered(from)),
            None | Some(Ok(None)) => {}
        }
    }
    pool.put_back(reader);
    Ok(events)
}

/// Neither an event nor the word that there is none.
fn unanswered(from: &Position) -> Error {
    let Position { at, offset } = from;
    Error::transient(format!("reading {} {} from {offset}", at.topic, at.partition), "no broker answers")
}

async fn receive(consumer: &StreamConsumer) -> Result<Event, KafkaError> {
    consumer.recv().await.map(|message| event_of(&message))
}

fn all_are_down(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown)
}

enum Recovery {
    /// The reader stands where it can read.
    ReadOn,
    /// The position lies beyond the end: nothing comes before the partition has grown that far.
    WaitInVain,
}

/// Retention or compaction may have taken the offset, or it was never there.
async fn recover(reader: &mut Reader, catalog: &Catalog, error: KafkaError) -> Result<Recovery> {
    let at = reader.next.at.clone();
    if is_missing(&error) {
        return Err(Error::NotFound(format!("partition {} of topic {}", at.partition, at.topic)));
    }
    let code = error.rdkafka_error_code();
    if !matches!(code, Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)) {
        return Err(failed(format!("reading {} {}", at.topic, at.partition))(error));
    }
    let ranges = catalog.ranges(std::slice::from_ref(&at)).await?;
    let (start, _) = ranges.first().copied().unwrap_or_default();
    if reader.next.offset >= start {
        return Ok(Recovery::WaitInVain);
    }
    reader.assign(&Position { at, offset: start })?;
    Ok(Recovery::ReadOn)
}
