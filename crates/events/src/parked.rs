//! Parked events (dead letters): what could not be applied, with its reason, until somebody retries or drops it.
//!
//! A parked event is a key of a compacted topic; retrying it sends the original to the stage once more, dropping
//! it leaves a tombstone.

use crate::codec::Codec;
use crate::error::Result;
use crate::log::{Event, EventLog, Headers, NewEvent, Position, TopicPartition};
use crate::partitioner;
use crate::topics::Product;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// An event that could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParkedEvent {
    /// What `retry` and `drop` are told.
    pub id: String,
    /// The stage that could not apply it.
    pub stage: String,
    /// Why.
    pub reason: String,
    /// The event's topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key, as far as it is text.
    pub key: String,
    /// When it was parked, milliseconds since 1970.
    pub parked_at_ms: i64,
    /// The value's size in bytes; `None` for a tombstone.
    pub value_size: Option<usize>,
}

const STAGE: &str = "parked_stage";
const REASON: &str = "parked_reason";
const TOPIC: &str = "parked_topic";
const PARTITION: &str = "parked_partition";
const OFFSET: &str = "parked_offset";
const KEY: &str = "parked_key";
const TOMBSTONE: &str = "parked_tombstone";
const OURS: [&str; 7] = [STAGE, REASON, TOPIC, PARTITION, OFFSET, KEY, TOMBSTONE];

/// The parking place.
#[derive(Clone, Debug)]
pub struct Parking {
    log: Arc<dyn EventLog>,
    parked: String,
    retry: String,
}

impl Parking {
    /// The parking place of this log.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, codec: &Codec) -> Self {
        let name = |product| codec.names().name(product).to_owned();
        Self { log, parked: name(Product::Parked), retry: name(Product::ParkedRetry) }
    }

    /// The topic from which a stage takes what is to be tried again.
    #[must_use]
    pub fn retry_topic(&self) -> &str {
        &self.retry
    }

    /// Parks an event, durably.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn park(&self, stage: &str, event: &Event, reason: &str) -> Result<()> {
        let original = original(event);
        let id = format!("{stage}/{}/{}/{}", original.topic, original.partition, original.offset);
        tracing::warn!(stage, id, reason, "parked an event");
        metrics::counter!("orgloop_stage_parked_total", "stage" => stage.to_owned()).increment(1);
        let header = |name: &str, value: String| (name.to_owned(), value.into_bytes());
        let mut headers = original.headers.clone();
        headers.extend([
            header(STAGE, stage.to_owned()),
            header(REASON, reason.to_owned()),
            header(TOPIC, original.topic.clone()),
            header(PARTITION, original.partition.to_string()),
            header(OFFSET, original.offset.to_string()),
            (KEY.to_owned(), original.key.clone()),
        ]);
        if original.value.is_none() {
            headers.push(header(TOMBSTONE, "1".into()));
        }
        // A tombstone here would unpark it: an empty value stands for the original's none.
        let value = Some(original.value.unwrap_or_default());
        self.append(&self.parked, id.into_bytes(), value, headers).await
    }

    /// All that is parked, oldest first.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn list(&self) -> Result<Vec<ParkedEvent>> {
        let parked = self.read_all().await?;
        let mut list: Vec<_> = parked.into_iter().map(|(id, event)| describe(id, &event)).collect();
        list.sort_by(|a, b| (a.parked_at_ms, &a.id).cmp(&(b.parked_at_ms, &b.id)));
        Ok(list)
    }

    /// Sends a parked event to its stage once more; whether there was one.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn retry(&self, id: &str) -> Result<bool> {
        let Some(event) = self.read_all().await?.remove(id) else { return Ok(false) };
        // One append, the tombstone first: were it the last, it could end what the stage parks anew meanwhile.
        let ended = self.event(&self.parked, id.as_bytes().to_vec(), None, Vec::new()).await?;
        let again = self.event(&self.retry, event.key, event.value, event.headers).await?;
        self.log.append(vec![ended, again]).await?;
        Ok(true)
    }

    /// Drops a parked event for good; harmless when it is not there.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn drop(&self, id: &str) -> Result<()> {
        self.append(&self.parked, id.as_bytes().to_vec(), None, Vec::new()).await
    }

    async fn append(
        &self,
        topic: &str,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
        headers: Headers,
    ) -> Result<()> {
        self.log.append(vec![self.event(topic, key, value, headers).await?]).await?;
        Ok(())
    }

    async fn event(
        &self,
        topic: &str,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
        headers: Headers,
    ) -> Result<NewEvent> {
        let topics = self.log.topics().await?;
        let count = topics.iter().find(|known| known.name == topic).map_or(1, |known| known.partitions.len());
        let partition = partitioner::partition_of(&key, i32::try_from(count).unwrap_or(1));
        Ok(NewEvent { topic: topic.to_owned(), partition, key, value, headers })
    }

    async fn read_all(&self) -> Result<BTreeMap<String, Event>> {
        let mut parked = BTreeMap::new();
        self.read_on(&mut BTreeMap::new(), &mut parked, |_, event| event).await?;
        Ok(parked)
    }

    /// Takes in what was parked and unparked since these offsets, by partition.
    async fn read_on<T>(
        &self,
        offsets: &mut BTreeMap<i32, i64>,
        parked: &mut BTreeMap<String, T>,
        keep: impl Fn(&str, Event) -> T,
    ) -> Result<()> {
        let topics = self.log.topics().await?;
        let partitions: Vec<_> = topics
            .into_iter()
            .filter(|topic| topic.name == self.parked)
            .flat_map(|topic| topic.partitions)
            .collect();
        // Made anew: what was there is no more.
        if partitions
            .iter()
            .any(|range| offsets.get(&range.partition).is_some_and(|offset| *offset > range.end))
        {
            offsets.clear();
            parked.clear();
        }
        for range in partitions {
            let at = TopicPartition { topic: self.parked.clone(), partition: range.partition };
            let offset = offsets.entry(range.partition).or_insert(range.start);
            while *offset < range.end {
                let from = Position { at: at.clone(), offset: *offset };
                let read = self.log.read(&from, 500, Duration::from_millis(200)).await?;
                let Some(last) = read.last() else { break };
                *offset = last.offset + 1;
                for mut event in read {
                    let id = String::from_utf8_lossy(&std::mem::take(&mut event.key)).into_owned();
                    match event.value {
                        Some(_) => drop(parked.insert(id.clone(), keep(&id, event))),
                        None => drop(parked.remove(&id)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is parked, for somebody who looks again and again: only what came since the last look is read.
#[derive(Debug, Default)]
pub struct ParkedView {
    offsets: BTreeMap<i32, i64>,
    parked: BTreeMap<String, ParkedEvent>,
}

impl ParkedView {
    /// How many there are, and the newest of them, newest first.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn look(&mut self, parking: &Parking, newest: usize) -> Result<(usize, Vec<ParkedEvent>)> {
        let keep = |id: &str, event| describe(id.to_owned(), &event);
        parking.read_on(&mut self.offsets, &mut self.parked, keep).await?;
        let mut list: Vec<_> = self.parked.values().collect();
        list.sort_by(|a, b| (b.parked_at_ms, &b.id).cmp(&(a.parked_at_ms, &a.id)));
        Ok((list.len(), list.into_iter().take(newest).cloned().collect()))
    }
}

fn describe(id: String, event: &Event) -> ParkedEvent {
    let text = |name: &str| event.header(name).unwrap_or_default().to_owned();
    ParkedEvent {
        id,
        stage: text(STAGE),
        reason: text(REASON),
        topic: text(TOPIC),
        partition: text(PARTITION).parse().unwrap_or_default(),
        offset: text(OFFSET).parse().unwrap_or_default(),
        key: text(KEY),
        parked_at_ms: event.time_ms,
        value_size: event.header(TOMBSTONE).is_none().then(|| event.value.as_ref().map_or(0, Vec::len)),
    }
}

/// Whether a retried event is for this stage.
#[must_use]
pub fn is_for(event: &Event, stage: &str) -> bool {
    event.header(STAGE) == Some(stage)
}

/// The event as it stood on its own topic, also when it comes from the parking place.
#[must_use]
pub fn original(event: &Event) -> Event {
    let Some(topic) = event.header(TOPIC) else { return event.clone() };
    let number =
        |name: &str| event.header(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let key = event.headers.iter().find(|(name, _)| name == KEY).map(|(_, key)| key.clone());
    Event {
        topic: topic.to_owned(),
        partition: i32::try_from(number(PARTITION)).unwrap_or_default(),
        offset: number(OFFSET),
        time_ms: event.time_ms,
        key: key.unwrap_or_default(),
        value: event.value.clone().filter(|_| event.header(TOMBSTONE).is_none()),
        headers: event.headers.iter().filter(|(name, _)| !OURS.contains(&name.as_str())).cloned().collect(),
    }
}
