//! The event log on Kafka, through librdkafka.
//!
//! librdkafka reconnects by itself: a broker that restarts shows here as `Transient` errors and late answers,
//! never as a reader that has to be made anew.

mod catalog;
mod client;
mod group;
mod producer;
mod progress;
mod reader;
mod rebalance;

use crate::error::Result;
use crate::log::{
    Event, EventLog, GroupReader, NewEvent, Position, Progress, StartAt, TopicDescription, TopicPartition,
    TopicSpec,
};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Which cluster, and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaConfig {
    /// `host:port` of one or more brokers, separated by commas.
    pub bootstrap: String,
    /// Settings of librdkafka, for every client that the log makes: credentials, `session.timeout.ms`.
    pub properties: Vec<(String, String)>,
}

impl KafkaConfig {
    /// The value that was set for a property last.
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for KafkaConfig {
    /// Names the properties only: their values may be secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("KafkaConfig")
            .field("bootstrap", &self.bootstrap)
            .field("properties", &names)
            .finish()
    }
}

/// An event log on a Kafka cluster; clones share it.
#[derive(Clone, Debug)]
pub struct KafkaLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: KafkaConfig,
    catalog: catalog::Catalog,
    producer: producer::Appender,
    readers: Arc<reader::Pool>,
    groups: progress::Groups,
}

impl KafkaLog {
    /// Makes the clients. They connect by themselves: a cluster that is away shows with the first call.
    ///
    /// # Errors
    /// `Invalid` when librdkafka refuses a property.
    pub fn connect(config: KafkaConfig) -> Result<Self> {
        let shared = Shared {
            catalog: catalog::Catalog::new(&config)?,
            producer: producer::Appender::new(&config)?,
            readers: Arc::new(reader::Pool::new(&config)),
            groups: progress::Groups::new(&config),
            config,
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn create_topics(&self, specs: &[TopicSpec]) -> Result<()> {
        self.shared.catalog.create(specs).await
    }

    async fn topics(&self) -> Result<Vec<TopicDescription>> {
        self.shared.catalog.describe().await
    }

    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<i64>> {
        self.shared.producer.check_sizes(&events)?;
        for event in &events {
            self.shared.catalog.check(&event.topic, event.partition).await?;
        }
        let appended = self.shared.producer.append(&events).await;
        if appended.is_err() {
            // The topics may not be what they were.
            self.shared.catalog.forget();
        }
        appended
    }

    async fn read(&self, from: &Position, max: usize, wait: Duration) -> Result<Vec<Event>> {
        self.shared.catalog.check(&from.at.topic, from.at.partition).await?;
        let read = reader::read(&self.shared.readers, &self.shared.catalog, from, max, wait).await;
        if read.is_err() {
            self.shared.catalog.forget();
        }
        read
    }

    async fn offset_at(&self, at: &TopicPartition, start: StartAt) -> Result<i64> {
        self.shared.catalog.check(&at.topic, at.partition).await?;
        self.shared.catalog.offset_at(at, start).await
    }

    async fn join(&self, group: &str, topics: &[String]) -> Result<Box<dyn GroupReader>> {
        for topic in topics {
            self.shared.catalog.check(topic, 0).await?;
        }
        Ok(Box::new(group::Member::join(&self.shared.config, group, topics)?))
    }

    async fn progress(&self, group: &str, topics: &[String]) -> Result<Vec<Progress>> {
        let partitions = self.shared.catalog.partitions_of(topics).await?;
        let committed = self.shared.groups.committed(group, &partitions).await?;
        let ranges = self.shared.catalog.ranges(&partitions).await?;
        let all = partitions.into_iter().zip(committed).zip(ranges);
        Ok(all.map(|((at, committed), (start, end))| Progress { at, committed, start, end }).collect())
    }

    async fn reset(&self, group: &str, positions: &[Position]) -> Result<()> {
        for position in positions {
            self.shared.catalog.check(&position.at.topic, position.at.partition).await?;
        }
        self.shared.groups.reset(group, positions).await
    }

    fn event_size_max(&self) -> usize {
        self.shared.producer.event_size_max()
    }
}
