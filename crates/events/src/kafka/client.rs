//! Settings of every librdkafka client, and what its errors mean to a caller.

use super::KafkaConfig;
use crate::error::{Error, Result};
use crate::log::{Event, Headers, Position, TopicPartition};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::Duration;

/// How long a question to the cluster may take before the caller is told to come back.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// What every client starts from. Later settings win, so each role adds what must not be changed.
pub(super) fn base(config: &KafkaConfig, defaults: &[(&str, &str)]) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &config.bootstrap);
    client.set("socket.nagle.disable", "true");
    // After a restart of the broker the first new connection matters more than a quiet network.
    client.set("reconnect.backoff.max.ms", "1000");
    for (name, value) in defaults {
        client.set(*name, *value);
    }
    for (name, value) in &config.properties {
        client.set(name, value);
    }
    client
}

/// Turns a refused setting into our error.
pub(super) fn refused(error: &KafkaError) -> Error {
    Error::Invalid(format!("kafka settings: {error}"))
}

/// Turns an error of librdkafka into ours, saying what we were doing.
pub(super) fn failed(doing: impl Into<String>) -> impl FnOnce(KafkaError) -> Error {
    let doing = doing.into();
    move |error| match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::InvalidTopic
            | RDKafkaErrorCode::InvalidGroupId
            | RDKafkaErrorCode::InvalidConfig
            | RDKafkaErrorCode::PolicyViolation,
        ) => Error::Invalid(format!("{doing}: {error}")),
        _ => Error::transient(doing, error),
    }
}

/// Whether the topic or the partition is not there.
pub(super) fn is_missing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

/// Whether it is only news of one connection, which librdkafka makes again by itself.
pub(super) fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::PollExceeded
        )
    )
}

/// A client that is closed where blocking is allowed: closing waits for the cluster.
pub(super) struct Closing<C: Send + Sync + 'static>(Option<Arc<C>>);

impl<C: Send + Sync + 'static> Closing<C> {
    pub(super) fn new(client: C) -> Self {
        Self(Some(Arc::new(client)))
    }

    /// The client, for a call on another thread.
    pub(super) fn shared(&self) -> Arc<C> {
        Arc::clone(self.0.as_ref().expect("only closing takes the client, and it takes this too"))
    }

    /// Closes the client and waits until it is closed.
    pub(super) async fn close(mut self, doing: &str) -> Result<()> {
        let client = self.0.take();
        blocking(doing, move || drop(client)).await
    }
}

impl<C: Send + Sync + 'static> Drop for Closing<C> {
    fn drop(&mut self) {
        // Without a runtime there are no other tasks to hold up.
        if let Some(client) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(client));
        }
    }
}

/// Runs a call of librdkafka that blocks, where blocking is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    doing: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(call).await.map_err(|error| Error::transient(doing, error))
}

/// An event of ours from a message of theirs.
pub(super) fn event_of(message: &BorrowedMessage<'_>) -> Event {
    Event {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        time_ms: message.timestamp().to_millis().unwrap_or(0),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map_or_else(Headers::new, |headers| {
            let owned = |header: rdkafka::message::Header<'_, &[u8]>| {
                (header.key.to_owned(), header.value.unwrap_or_default().to_vec())
            };
            headers.iter().map(owned).collect()
        }),
    }
}

/// A list for librdkafka, each partition with an offset of its own.
pub(super) fn list_of<'a>(
    positions: impl IntoIterator<Item = (&'a TopicPartition, Offset)>,
) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (at, offset) in positions {
        let added = list.add_partition_offset(&at.topic, at.partition, offset);
        added.map_err(|error| Error::Invalid(format!("offset of {} {}: {error}", at.topic, at.partition)))?;
    }
    Ok(list)
}

/// The same for positions.
pub(super) fn list_of_positions(positions: &[Position]) -> Result<TopicPartitionList> {
    list_of(positions.iter().map(|position| (&position.at, Offset::Offset(position.offset.max(0)))))
}

/// The partitions of a list from librdkafka.
pub(super) fn partitions_of(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let partition = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| TopicPartition {
        topic: element.topic().to_owned(),
        partition: element.partition(),
    };
    list.elements().iter().map(partition).collect()
}
