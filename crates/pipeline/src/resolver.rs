//! Pairs to clusters: the components that a change touches are clustered again, what differs is written and
//! published. One process at a time; others stand by.

mod clustering;
mod redirects;

use crate::board::Board;
use crate::error::{Error, Result, chain};
use crate::publisher::{Envelope, Publisher};
use crate::stop::Stop;
use entity::event::{ClusterChanged, Op};
use entity::{ClusterId, Version};
use events::NewEvent;
use events::topics::Product;
pub use redirects::RedirectFollower;
use scoring::Model;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::resolution::OutboxRow;
use store::{Lease, Resolution};

/// Resolves what the queue names and publishes `resolution.duplicate-cluster.v1`.
#[derive(Debug)]
pub struct Resolver {
    /// Pairs in, clusters out.
    pub resolution: Arc<dyn Resolution>,
    /// The topic.
    pub publisher: Publisher,
    /// Prior, threshold, explanations.
    pub model: Arc<Model>,
    /// The number of the generation: each has a resolver.
    pub generation: i64,
    /// The stage's name on the board and in metrics.
    pub stage: String,
    /// Who we are, for the leases.
    pub holder: String,
    /// Where progress shows.
    pub board: Board,
    /// When to end.
    pub stop: Stop,
    /// Records resolved in one go.
    pub batch_size_max: usize,
}

const LEASE: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(5);
const STANDBY: Duration = Duration::from_millis(500);
const BACKOFF: Duration = Duration::from_millis(500);
const OUTBOX_BATCH: usize = 500;
/// One process publishes at a time, whichever generation is live: events keep the order of their numbers.
const OUTBOX: &str = "cluster-outbox";

/// The right to publish.
#[derive(Debug)]
struct Outbox {
    lease: Lease,
    epoch: i64,
}

impl Resolver {
    /// Resolves until it is stopped; failures are waited out.
    pub async fn run(mut self) {
        self.board.started(&self.stage);
        while !self.stop.is_stopped() {
            match self.hold().await {
                Ok(()) => {}
                Err(Error::Fenced) => tracing::info!("another process resolves now"),
                Err(error) => {
                    let trouble = chain(&error);
                    tracing::warn!(error = trouble, "the resolver waits and tries again");
                    self.board.failed(&self.stage, trouble);
                    self.stop.sleep(BACKOFF).await;
                }
            }
        }
    }

    /// One tenure: from taking the lease to losing it or being stopped.
    async fn hold(&mut self) -> Result<()> {
        let Some(mut lease) = self.resolution.acquire(&self.lease(), &self.holder, LEASE).await? else {
            self.board.progressed(&self.stage, 0, 0);
            self.stop.sleep(STANDBY).await;
            return Ok(());
        };
        let mut outbox = None;
        let mut renewed = Instant::now();
        while !self.stop.is_stopped() {
            if renewed.elapsed() > RENEW {
                lease = self.renew(&lease).await?;
                outbox = None;
                renewed = Instant::now();
            }
            let resolved = self.resolve().await?;
            let published = self.publish(&mut outbox).await?;
            self.board.progressed(&self.stage, resolved, published);
            if resolved == 0 && published == 0 {
                self.stop.sleep(POLL).await;
            }
        }
        if let Some(outbox) = outbox {
            self.resolution.release(&outbox.lease).await?;
        }
        self.resolution.release(&lease).await?;
        Ok(())
    }

    fn lease(&self) -> String {
        format!("resolver.g{}", self.generation)
    }

    async fn renew(&self, lease: &Lease) -> Result<Lease> {
        let renewed = self.resolution.acquire(&self.lease(), &self.holder, LEASE).await?;
        renewed.filter(|renewed| renewed.fence == lease.fence).ok_or(Error::Fenced)
    }

    /// The epoch of cluster versions: past whatever the topic holds, when this store has none or lags behind it.
    async fn epoch(&self) -> Result<i64> {
        let epoch = self.resolution.corpus().await?.event_epoch;
        let last = self.publisher.last_version(Product::DuplicateCluster).await?;
        if epoch > 0 && epoch >= last.epoch() {
            return Ok(epoch);
        }
        let next = last.epoch() + 1;
        self.resolution.set_event_epoch(next).await?;
        Ok(next)
    }

    /// Resolves a piece of the queue; how many records it named.
    async fn resolve(&self) -> Result<usize> {
        let batch = self.resolution.resolve_batch(self.batch_size_max).await?;
        if batch.seqs.is_empty() {
            return Ok(0);
        }
        let corpus = self.resolution.corpus().await?;
        let prior = self.model.prior(corpus.record_count);
        let rows = self.resolution.components(&batch.records, self.model.threshold() - prior).await?;
        let clusters = clustering::clusters(&rows, &self.model, corpus.record_count)?;
        let ids: HashSet<ClusterId> = clusters.iter().map(|cluster| cluster.id).collect();
        let ended: Vec<_> =
            rows.clusters.iter().map(|cluster| cluster.id).filter(|id| !ids.contains(id)).collect();
        let changed: Vec<_> =
            clusters.into_iter().filter(|cluster| !rows.clusters.contains(cluster)).collect();
        self.resolution.apply_clusters(&changed, &ended, &batch.seqs).await?;
        Ok(batch.records.len())
    }

    /// Publishes what the outbox holds, under a lease that is kept in `outbox` until it is to be renewed; how many
    /// events it was.
    async fn publish(&self, outbox: &mut Option<Outbox>) -> Result<usize> {
        let epoch = match outbox {
            Some(outbox) => outbox.epoch,
            None if self.resolution.outbox(1).await?.is_empty() => return Ok(0),
            None => {
                let Some(lease) = self.resolution.acquire(OUTBOX, &self.holder, LEASE).await? else {
                    return Ok(0);
                };
                outbox.insert(Outbox { lease, epoch: self.epoch().await? }).epoch
            }
        };
        let rows = self.resolution.outbox(OUTBOX_BATCH).await?;
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

    fn events_of(&self, epoch: i64, row: OutboxRow) -> Result<Vec<NewEvent>> {
        let version = Version::new(epoch, row.seq)
            .ok_or_else(|| Error::Misconfigured("the numbers of cluster events have run out".into()))?;
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
