//! Change log to topics: every state change becomes events under one growing version.
//!
//! Alone and fenced: one process holds the lease. A batch is read in one snapshot, stamped with the next number,
//! sent, acknowledged; then the position moves. A batch sent again after a crash is read again under a new number,
//! so equal version means equal bytes.

mod changes;
mod children;
mod versions;

use crate::board::Board;
use crate::error::{Error, Result, chain};
use crate::parked::Parking;
use crate::publisher::Publisher;
use crate::stage;
use crate::stop::Stop;
pub use changes::{Published, children_embedded_max};
use changes::{Settings, events_of};
use events::topics::Product;
use events::{Event, NewEvent};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Capture, ChangeLog, Lease};
use tokio::sync::Notify;
use versions::Versions;

/// Publishes what changed in the organizations store.
#[derive(Debug)]
pub struct Poller {
    /// The change log and the rows.
    pub changes: Arc<dyn ChangeLog>,
    /// The topics.
    pub publisher: Publisher,
    /// Where events go that the log does not take.
    pub parking: Parking,
    /// Between two looks when nothing changed.
    pub poll_interval: Duration,
    /// Rows of the change log in a batch.
    pub batch_size_max: usize,
    /// Which products are published.
    pub products: HashSet<Product>,
    /// Rung by writers in the same process, so that their change need not wait for the interval.
    pub bell: Arc<Notify>,
    /// Who we are, for the lease.
    pub holder: String,
    /// Where progress shows.
    pub board: Board,
    /// When to end.
    pub stop: Stop,
}

const LEASE: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);
const STANDBY: Duration = Duration::from_millis(500);
const BACKOFF: Duration = Duration::from_millis(500);
const PRUNE: Duration = Duration::from_secs(30);

impl Poller {
    /// Polls until it is stopped; failures are waited out.
    pub async fn run(mut self) {
        self.board.started(stage::POLLER);
        while !self.stop.is_stopped() {
            match self.hold().await {
                Ok(()) => {}
                Err(Error::Fenced) => tracing::info!("another process polls now"),
                Err(error) => {
                    let trouble = chain(&error);
                    tracing::warn!(error = trouble, "the poller waits and tries again");
                    self.board.failed(stage::POLLER, trouble);
                    self.stop.sleep(BACKOFF).await;
                }
            }
        }
    }

    /// One tenure: from taking the lease to losing it or being stopped.
    async fn hold(&mut self) -> Result<()> {
        let Some(lease) = self.changes.acquire(stage::POLLER, &self.holder, LEASE).await? else {
            self.board.progressed(stage::POLLER, 0, 0);
            self.stop.sleep(STANDBY).await;
            return Ok(());
        };
        let mut tenure = self.begin(lease).await?;
        while !self.stop.is_stopped() {
            self.renew(&mut tenure).await?;
            let capture = match self.changes.capture(tenure.position.as_deref(), self.batch_size_max).await {
                // The database went back in time (a restore): what the topics hold is of another history.
                Err(store::Error::Invalid(problem)) => {
                    tracing::warn!(problem, "a new epoch begins");
                    let epoch = tenure.versions.epoch();
                    tenure.versions = Versions::begin(&*self.changes, &tenure.lease, epoch + 1).await?;
                    tenure.position = None;
                    continue;
                }
                captured => captured?,
            };
            let more = capture.more;
            let taken = capture.rows.len();
            let sent = self.publish(&mut tenure, capture).await?;
            self.board.progressed(stage::POLLER, taken, sent);
            self.prune(&mut tenure).await?;
            if !more {
                self.wait().await;
            }
        }
        self.changes.release(&tenure.lease).await?;
        Ok(())
    }

    async fn begin(&self, lease: Lease) -> Result<Tenure> {
        let versions = Versions::resume(&*self.changes, &self.publisher, &lease).await?;
        let position = self.changes.capture_state().await?.position;
        let now = Instant::now();
        Ok(Tenure { lease, versions, position, renewed: now, pruned: now })
    }

    async fn renew(&self, tenure: &mut Tenure) -> Result<()> {
        if tenure.renewed.elapsed() < RENEW {
            return Ok(());
        }
        let lease = self.changes.acquire(stage::POLLER, &self.holder, LEASE).await?;
        tenure.lease = lease.filter(|lease| lease.fence == tenure.lease.fence).ok_or(Error::Fenced)?;
        tenure.renewed = Instant::now();
        Ok(())
    }

    /// Sends a batch and moves the position once it is acknowledged; how many events it was.
    async fn publish(&self, tenure: &mut Tenure, capture: Capture) -> Result<usize> {
        let next = capture.next.clone();
        if capture.rows.is_empty() {
            // Nothing to acknowledge: the place is as good as the last stored one.
            tenure.position = Some(next);
            return Ok(0);
        }
        let version = tenure.versions.next(&*self.changes, &tenure.lease).await?;
        let settings = Settings { publisher: &self.publisher, products: &self.products, version };
        let events = events_of(&settings, &capture)?;
        let (events, oversize) = self.split_oversize(events);
        let sent = events.len();
        self.publisher.append(events).await?;
        for event in oversize {
            let size = event.value.as_ref().map_or(0, Vec::len);
            let reason =
                format!("{size} bytes are over the log's limit of {}", self.publisher.event_size_max());
            self.parking.park(stage::POLLER, &described(event), &reason).await?;
        }
        self.changes.advance(&tenure.lease, &next).await?;
        tenure.position = Some(next);
        Ok(sent)
    }

    fn split_oversize(&self, events: Vec<NewEvent>) -> (Vec<NewEvent>, Vec<NewEvent>) {
        let size_max = self.publisher.event_size_max();
        let size = |event: &NewEvent| event.key.len() + event.value.as_ref().map_or(0, Vec::len);
        events.into_iter().partition(|event| size(event) <= size_max)
    }

    async fn prune(&self, tenure: &mut Tenure) -> Result<()> {
        if tenure.pruned.elapsed() < PRUNE {
            return Ok(());
        }
        let pruned = self.changes.prune(&tenure.lease).await?;
        // More is left when a step was full: go on soon, a step at a time, so that no writer waits long.
        if pruned == 0 {
            tenure.pruned = Instant::now();
        }
        Ok(())
    }

    async fn wait(&mut self) {
        let bell = Arc::clone(&self.bell);
        tokio::select! {
            () = bell.notified() => {}
            () = self.stop.sleep(self.poll_interval) => {}
        }
    }
}

/// What a poller that holds the lease knows.
#[derive(Debug)]
struct Tenure {
    lease: Lease,
    versions: Versions,
    position: Option<String>,
    renewed: Instant,
    pruned: Instant,
}

/// An event that was never appended, as something to park: without its value, which is the problem.
fn described(event: NewEvent) -> Event {
    Event {
        topic: event.topic,
        partition: event.partition,
        offset: 0,
        time_ms: 0,
        key: event.key,
        value: None,
        headers: event.headers,
    }
}
