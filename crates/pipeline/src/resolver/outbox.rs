//! What the resolver wrote goes to its topics: clusters as they are, and what became of them.

use super::{LEASE, Resolver};
use crate::error::{Error, Result};
use crate::publisher::Envelope;
use entity::event::{ClusterChanged, Op, TransitionChanged};
use entity::{ClusterTransition, Version};
use events::NewEvent;
use events::topics::Product;
use store::Lease;
use store::resolution::OutboxRow;

const BATCH: usize = 500;
/// One process publishes at a time, whichever generation is live: events keep the order of their numbers.
const OUTBOX: &str = "cluster-outbox";

/// The right to publish.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) lease: Lease,
    epoch: i64,
    /// Whether transitions may wait: always at first, then only beside clusters.
    transitions: bool,
}

impl Resolver {
    /// Publishes what waits, under a lease that is kept in `outbox` until it is to be renewed; how many events it was.
    pub(super) async fn publish(&self, outbox: &mut Option<Outbox>) -> Result<usize> {
        let rows = self.resolution.outbox(BATCH).await?;
        let waits = outbox.as_ref().is_none_or(|outbox| outbox.transitions) || !rows.is_empty();
        if !waits {
            return Ok(0);
        }
        let transitions = self.resolution.unsent_transitions(BATCH).await?;
        if rows.is_empty() && transitions.is_empty() && outbox.is_none() {
            return Ok(0);
        }
        let outbox = match outbox {
            Some(outbox) => outbox,
            None => {
                let Some(lease) = self.resolution.acquire(OUTBOX, &self.holder, LEASE).await? else {
                    return Ok(0);
                };
                outbox.insert(Outbox { lease, epoch: self.epoch().await?, transitions: true })
            }
        };
        outbox.transitions = transitions.len() == BATCH;
        Ok(self.publish_clusters(outbox.epoch, rows).await?
            + self.publish_transitions(outbox.epoch, transitions).await?)
    }

    async fn publish_clusters(&self, epoch: i64, rows: Vec<OutboxRow>) -> Result<usize> {
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(0) };
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            events.extend(self.events_of(epoch, row)?);
        }
        let count = events.len();
        self.publisher.append(events).await?;
        self.resolution.published(last).await?;
        Ok(count)
    }

    async fn publish_transitions(
        &self,
        epoch: i64,
        transitions: Vec<(i64, ClusterTransition)>,
    ) -> Result<usize> {
        let Some(last) = transitions.last().map(|(seq, _)| *seq) else { return Ok(0) };
        let mut events = Vec::with_capacity(transitions.len());
        for (seq, transition) in transitions {
            let (key, op) = (transition.id.to_string(), transition.kind.as_str());
            let version = version(epoch, seq)?;
            let envelope =
                Envelope { product: Product::ClusterTransition, key: &key, partition_key: &key, version, op };
            events.push(self.publisher.event(&envelope, &TransitionChanged::new(transition, version))?);
        }
        let count = events.len();
        self.publisher.append(events).await?;
        self.resolution.transitions_sent(last).await?;
        Ok(count)
    }

    /// The epoch of cluster versions: past whatever the topic holds, when this store has none or lags behind it.
    async fn epoch(&self) -> Result<i64> {
        let epoch = self.resolution.corpus().await?.event_epoch;
        let clusters = self.publisher.last_version(Product::DuplicateCluster).await?;
        let last = clusters.max(self.publisher.last_version(Product::ClusterTransition).await?);
        if epoch > 0 && epoch >= last.epoch() {
            return Ok(epoch);
        }
        let next = last.epoch() + 1;
        self.resolution.set_event_epoch(next).await?;
        Ok(next)
    }

    fn events_of(&self, epoch: i64, row: OutboxRow) -> Result<Vec<NewEvent>> {
        let version = version(epoch, row.seq)?;
        let key = row.id.to_string();
        let op = if row.cluster.is_some() { Op::Upsert } else { Op::Delete };
        let envelope = Envelope {
            product: Product::DuplicateCluster,
            key: &key,
            partition_key: &key,
            version,
            op: op.as_str(),
        };
        let withdrawn = row.cluster.is_none();
        let open = row.cluster.as_ref().map(entity::Cluster::is_open);
        let (members, probability, pairs, model_version) = match row.cluster {
            None => (None, None, None, None),
            Some(cluster) => (
                Some(cluster.members),
                Some(cluster.probability),
                Some(cluster.pairs),
                Some(cluster.model_version),
            ),
        };
        let value =
            ClusterChanged { id: row.id, version, op, members, probability, open, pairs, model_version };
        let mut events = vec![self.publisher.event(&envelope, &value)?];
        if withdrawn {
            events.push(self.publisher.tombstone(&envelope));
        }
        Ok(events)
    }
}

fn version(epoch: i64, seq: i64) -> Result<Version> {
    Version::new(epoch, seq)
        .ok_or_else(|| Error::Misconfigured("the numbers of cluster events have run out".into()))
}
