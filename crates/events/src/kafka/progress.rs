//! Committed positions of any group, seen and moved from outside it.

use super::KafkaConfig;
use super::client::{REQUEST_TIMEOUT, base, blocking, failed, list_of, list_of_positions, refused};
use crate::error::{Error, Result};
use crate::log::{Position, TopicPartition};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One consumer for each group asked for; none of them ever subscribes.
pub(super) struct Groups {
    config: KafkaConfig,
    consumers: Mutex<HashMap<String, Arc<BaseConsumer>>>,
}

impl fmt::Debug for Groups {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Groups").finish_non_exhaustive()
    }
}

impl Groups {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        Self { config: config.clone(), consumers: Mutex::default() }
    }

    fn consumer(&self, group: &str) -> Result<Arc<BaseConsumer>> {
        let mut consumers = self.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(consumer) = consumers.get(group) {
            return Ok(Arc::clone(consumer));
        }
        let mut client = base(&self.config, &[]);
        client.set("group.id", group).set("enable.auto.commit", "false");
        let consumer: Arc<BaseConsumer> = Arc::new(client.create().map_err(|error| refused(&error))?);
        consumers.insert(group.to_owned(), Arc::clone(&consumer));
        Ok(consumer)
    }

    /// The committed position of each partition, `None` where there is none.
    pub(super) async fn committed(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<i64>>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let doing = || format!("reading the progress of group {group}");
        let consumer = self.consumer(group)?;
        let wanted = list_of(partitions.iter().map(|at| (at, Offset::Invalid)))?;
        let asked = blocking(&doing(), move || consumer.committed_offsets(wanted, REQUEST_TIMEOUT)).await?;
        let found = asked.map_err(failed(doing()))?;
        let mut committed = Vec::with_capacity(partitions.len());
        for at in partitions {
            let element = found.find_partition(&at.topic, at.partition);
            let offset =
                element.map_or(Ok(Offset::Invalid), |element| element.error().map(|()| element.offset()));
            match offset.map_err(failed(doing()))? {
                Offset::Offset(offset) => committed.push(Some(offset)),
                _ => committed.push(None),
            }
        }
        Ok(committed)
    }

    /// Moves a group's positions; the broker refuses while it has members.
    pub(super) async fn reset(&self, group: &str, positions: &[Position]) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        let doing = format!("resetting group {group}");
        let (consumer, list) = (self.consumer(group)?, list_of_positions(positions)?);
        let committed = blocking(&doing, move || consumer.commit(&list, CommitMode::Sync)).await?;
        committed.map_err(|error| match error {
            KafkaError::ConsumerCommit(
                RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::RebalanceInProgress,
            ) => Error::Invalid(format!("group {group} has members: stop them, then reset")),
            other => failed(doing)(other),
        })
    }
}
