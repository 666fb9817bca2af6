//! Notes what a rebalance gives and takes, until the member tells its caller.

use super::client::partitions_of;
use crate::log::TopicPartition;
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// One step of a rebalance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// These are new.
    Assigned(Vec<TopicPartition>),
    /// These are gone.
    Revoked(Vec<TopicPartition>),
}

/// What librdkafka calls during a poll.
#[derive(Debug, Default)]
pub(super) struct Rebalances {
    changes: Mutex<Vec<Change>>,
    changed: Notify,
}

impl Rebalances {
    /// The changes since the last call, in order.
    pub(super) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns once there are changes that nobody has taken.
    pub(super) async fn wait(&self) {
        self.changed.notified().await;
    }

    fn note(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        self.changed.notify_one();
    }
}

impl ClientContext for Rebalances {}

impl ConsumerContext for Rebalances {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            self.note(Change::Revoked(partitions_of(partitions)));
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => self.note(Change::Assigned(partitions_of(partitions))),
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "a rebalance failed"),
        }
    }
}
