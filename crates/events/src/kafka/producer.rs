//! Appends: idempotent, acknowledged by all replicas in sync, in the order of the call.

use super::KafkaConfig;
use super::client::{base, failed, is_missing, refused};
use crate::error::{Error, Result};
use crate::log::NewEvent;
use futures::future::join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer};
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// What brokers take unless they are told otherwise, less room for headers and framing.
const EVENT_SIZE_MAX: usize = 1_000_000;

/// Appends for all callers of this process.
pub(super) struct Appender {
    config: KafkaConfig,
    event_size_max: usize,
    /// Replaced after an error that librdkafka calls fatal for the instance.
    producer: RwLock<FutureProducer>,
}

impl fmt::Debug for Appender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Appender")
            .field("event_size_max", &self.event_size_max)
            .finish_non_exhaustive()
    }
}

impl Appender {
    pub(super) fn new(config: &KafkaConfig) -> Result<Self> {
        let limit = config.property("message.max.bytes").map_or(Ok(EVENT_SIZE_MAX), str::parse);
        let event_size_max = limit.map_err(|_| {
            Error::Invalid("kafka setting message.max.bytes is no number of bytes".to_owned())
        })?;
        let producer = RwLock::new(produce(config)?);
        Ok(Self { config: config.clone(), event_size_max, producer })
    }

    pub(super) fn event_size_max(&self) -> usize {
        self.event_size_max
    }

    pub(super) fn check_sizes(&self, events: &[NewEvent]) -> Result<()> {
        let too_large = events.iter().find(|event| size_of_event(event) > self.event_size_max);
        too_large.map_or(Ok(()), |event| Err(self.too_large(event)))
    }

    fn too_large(&self, event: &NewEvent) -> Error {
        let (topic, size) = (event.topic.clone(), size_of_event(event));
        Error::TooLarge { topic, size, max: self.event_size_max }
    }

    /// Appends all and returns the offsets once every one is acknowledged.
    pub(super) async fn append(&self, events: &[NewEvent]) -> Result<Vec<i64>> {
        let producer = self.producer.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut deliveries = Vec::with_capacity(events.len());
        for event in events {
            match enqueue(&producer, event).await {
                Ok(delivery) => deliveries.push(delivery),
                Err(error) => {
                    // What was taken before must be settled first: the caller will send it again.
                    join_all(deliveries).await;
                    self.replace_if_broken(&producer)?;
                    return Err(self.append_failed(event, error));
                }
            }
        }
        let mut offsets = Vec::with_capacity(events.len());
        let mut first_error = None;
        for (delivered, event) in join_all(deliveries).await.into_iter().zip(events) {
            match delivered {
                Ok(Ok(delivery)) => offsets.push(delivery.offset),
                Ok(Err((error, _))) => {
                    first_error = first_error.or_else(|| Some(self.append_failed(event, error)))
                }
                Err(canceled) => {
                    first_error = first_error.or_else(|| Some(Error::transient(doing(event), canceled)));
                }
            }
        }
        match first_error {
            None => Ok(offsets),
            Some(error) => {
                self.replace_if_broken(&producer)?;
                Err(error)
            }
        }
    }

    fn append_failed(&self, event: &NewEvent, error: KafkaError) -> Error {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            return self.too_large(event);
        }
        if is_missing(&error) {
            return Error::NotFound(format!("partition {} of topic {}", event.partition, event.topic));
        }
        failed(doing(event))(error)
    }

    fn replace_if_broken(&self, producer: &FutureProducer) -> Result<()> {
        if producer.client().fatal_error().is_none() {
            return Ok(());
        }
        let mut current = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        // Another caller may have been first.
        if current.client().fatal_error().is_some() {
            *current = produce(&self.config)?;
        }
        Ok(())
    }
}

fn produce(config: &KafkaConfig) -> Result<FutureProducer> {
    let defaults = [
        ("linger.ms", "2"),
        ("compression.type", "lz4"),
        ("message.timeout.ms", "30000"),
        ("queue.buffering.max.kbytes", "131072"),
    ];
    let mut client = base(config, &defaults);
    client.set("enable.idempotence", "true").set("acks", "all");
    if config.property("message.max.bytes").is_none() {
        // Headers count for librdkafka, but not for our limit.
        client.set("message.max.bytes", "1048576");
    }
    client.create().map_err(|error| refused(&error))
}

fn size_of_event(event: &NewEvent) -> usize {
    event.key.len() + event.value.as_ref().map_or(0, Vec::len)
}

fn doing(event: &NewEvent) -> String {
    format!("appending to {} {}", event.topic, event.partition)
}

/// Hands an event to librdkafka, waiting while its queue is full.
async fn enqueue(producer: &FutureProducer, event: &NewEvent) -> Result<DeliveryFuture, KafkaError> {
    let mut record = FutureRecord::<[u8], [u8]>::to(&event.topic).partition(event.partition).key(&event.key);
    record.payload = event.value.as_deref();
    if !event.headers.is_empty() {
        let headers = OwnedHeaders::new_with_capacity(event.headers.len());
        let add = |headers: OwnedHeaders, (name, value): &(String, Vec<u8>)| {
            headers.insert(Header { key: name, value: Some(value) })
        };
        record = record.headers(event.headers.iter().fold(headers, add));
    }
    loop {
        match producer.send_result(record) {
            Ok(delivery) => return Ok(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                record = same;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err((error, _)) => return Err(error),
        }
    }
}
