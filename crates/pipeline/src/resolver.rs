//! Pairs to clusters: the components that a change touches are clustered again, what differs is written and
//! published. One process at a time; others stand by.

mod clustering;
mod outbox;
mod redirects;

use crate::board::Board;
use crate::error::{Error, Result, chain};
use crate::publisher::Publisher;
use crate::stop::Stop;
use entity::ClusterId;
pub use redirects::RedirectFollower;
use scoring::Model;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
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
    /// How long the store tells what became of clusters.
    pub transitions_kept: chrono::Duration,
}

const LEASE: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);
/// Between two looks at an empty queue, at first and at most: the first change after a quiet spell waits 25 ms on average, and an
/// idle process has little to do.
const POLL_FIRST: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(50);
const STANDBY: Duration = Duration::from_millis(500);
const BACKOFF: Duration = Duration::from_millis(500);
/// How often old transitions are forgotten.
const FORGET: Duration = Duration::from_secs(10 * 60);

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
        let mut forgot: Option<Instant> = None;
        let mut worked = Instant::now();
        while !self.stop.is_stopped() {
            if renewed.elapsed() > RENEW {
                lease = self.renew(&lease).await?;
                outbox = None;
                renewed = Instant::now();
            }
            if forgot.is_none_or(|at| at.elapsed() > FORGET) {
                self.resolution.forget_transitions(entity::clock::now() - self.transitions_kept).await?;
                forgot = Some(Instant::now());
            }
            let resolved = self.resolve().await?;
            let published = self.publish(&mut outbox).await?;
            self.board.progressed(&self.stage, resolved, published);
            if resolved == 0 && published == 0 {
                self.stop.sleep_longer(worked, POLL_FIRST, POLL_MAX).await;
            } else {
                worked = Instant::now();
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

    /// Resolves a piece of the queue; how many records it named. Whoever calls it holds the resolver's lease, or is alone.
    ///
    /// # Errors
    /// When a store is away, or holds pairs that do not fit the model.
    pub async fn resolve(&self) -> Result<usize> {
        let batch = self.resolution.resolve_batch(self.batch_size_max).await?;
        if batch.seqs.is_empty() {
            return Ok(0);
        }
        let prior = self.model.prior(batch.record_count);
        let rows = self.resolution.components(&batch.records, self.model.threshold() - prior).await?;
        let clusters = clustering::clusters(&rows, &self.model, batch.record_count)?;
        let ids: HashSet<ClusterId> = clusters.iter().map(|cluster| cluster.id).collect();
        let ended: Vec<_> =
            rows.clusters.iter().map(|cluster| cluster.id).filter(|id| !ids.contains(id)).collect();
        let changed: Vec<_> =
            clusters.into_iter().filter(|cluster| !rows.clusters.contains(cluster)).collect();
        self.resolution.apply_clusters(&changed, &ended, &batch.seqs).await?;
        Ok(batch.records.len())
    }
}
