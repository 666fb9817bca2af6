//! Values onto topics: encoded, keyed, with the headers that every event of the loop carries.

use crate::error::{Error, Result};
use entity::Version;
use events::codec::{Codec, cloud_event};
use events::log::{Position, StartAt, TopicPartition};
use events::topics::Product;
use events::{EventLog, NewEvent, partitioner};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Writes to the topics of the loop.
#[derive(Clone, Debug)]
pub struct Publisher {
    log: Arc<dyn EventLog>,
    codec: Arc<Codec>,
    /// `ce_source`: whose events these are.
    source: Arc<str>,
    partitions: Arc<HashMap<Product, i32>>,
}

/// What stands around a value.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The topic.
    pub product: Product,
    /// The key.
    pub key: &'a str,
    /// What decides the partition; the key itself on most topics.
    pub partition_key: &'a str,
    /// The version of the key.
    pub version: Version,
    /// What happened to the key.
    pub op: &'a str,
}

impl Publisher {
    /// A publisher to topics that exist.
    ///
    /// # Errors
    /// When a topic is missing or the log is away.
    pub async fn new(log: Arc<dyn EventLog>, codec: Arc<Codec>, source: &str) -> Result<Self> {
        let topics = log.topics().await?;
        let mut partitions = HashMap::new();
        for product in Product::ALL {
            let name = codec.names().name(product);
            let topic = topics.iter().find(|topic| topic.name == name);
            let topic = topic.ok_or_else(|| Error::Misconfigured(format!("topic {name} is not there")))?;
            partitions.insert(product, i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX));
        }
        Ok(Self { log, codec, source: source.into(), partitions: Arc::new(partitions) })
    }

    /// The codec.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// An event with a value.
    ///
    /// # Errors
    /// When the value does not fit its schema.
    pub fn event<T: Serialize>(&self, envelope: &Envelope<'_>, value: &T) -> Result<NewEvent> {
        let value = self.codec.encode(envelope.product, value)?;
        Ok(self.assemble(envelope, Some(value)))
    }

    /// A tombstone: compaction may forget the key.
    #[must_use]
    pub fn tombstone(&self, envelope: &Envelope<'_>) -> NewEvent {
        self.assemble(envelope, None)
    }

    fn assemble(&self, envelope: &Envelope<'_>, value: Option<Vec<u8>>) -> NewEvent {
        let topic = self.codec.names().name(envelope.product);
        let id = format!("{topic}/{}/{}", envelope.key, envelope.version);
        let headers = cloud_event::headers(&cloud_event::CloudEvent {
            id: &id,
            source: &self.source,
            event_type: topic,
            subject: envelope.key,
            time: entity::clock::now(),
            data_schema: None,
            version: envelope.version,
            op: envelope.op,
        });
        let partitions = self.partitions[&envelope.product];
        NewEvent {
            topic: topic.to_owned(),
            partition: partitioner::partition_of(envelope.partition_key.as_bytes(), partitions),
            key: envelope.key.as_bytes().to_vec(),
            value,
            headers,
        }
    }

    /// Appends in order; durable when it returns.
    ///
    /// # Errors
    /// When the log is away, or an event is over its limit (then nothing is appended).
    pub async fn append(&self, events: Vec<NewEvent>) -> Result<()> {
        self.log.append(events).await?;
        Ok(())
    }

    /// The largest event that an append takes, in bytes.
    #[must_use]
    pub fn event_size_max(&self) -> usize {
        self.log.event_size_max()
    }

    /// The highest version that stands at the end of a topic's partitions: what a new epoch must pass.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn last_version(&self, product: Product) -> Result<Version> {
        let topic = self.codec.names().name(product);
        let mut last = Version::default();
        for partition in 0..self.partitions[&product] {
            let at = TopicPartition { topic: topic.to_owned(), partition };
            let end = self.log.offset_at(&at, StartAt::Latest).await?;
            let start = self.log.offset_at(&at, StartAt::Earliest).await?;
            // Compaction leaves gaps: step back until the tail shows an event.
            let mut from = end;
            while from > start {
                from = (from - 64).max(start);
                let tail =
                    self.log.read(&Position { at: at.clone(), offset: from }, 64, Duration::ZERO).await?;
                let versions =
                    tail.iter().filter_map(|event| event.header(cloud_event::VERSION)?.parse().ok());
                if let Some(version) = versions.max() {
                    last = last.max(version);
                    break;
                }
            }
        }
        Ok(last)
    }
}
