//! The counter behind versions: reserved durably in blocks before use, so that no number is used twice.

use crate::error::{Error, Result};
use crate::publisher::Publisher;
use entity::Version;
use events::topics::Product;
use store::{ChangeLog, Lease};

/// Numbers reserved at a time: one write to the store for so many batches.
const BLOCK: i64 = 1000;

/// Gives out versions, each greater than the last.
#[derive(Debug)]
pub(super) struct Versions {
    epoch: i64,
    last: i64,
    reserved: i64,
}

impl Versions {
    /// Goes on where the store's counter stands, or begins a new epoch when the topics hold versions that this
    /// store has not given out: it is new, or was restored.
    pub(super) async fn resume(
        changes: &dyn ChangeLog,
        publisher: &Publisher,
        lease: &Lease,
    ) -> Result<Self> {
        let state = changes.capture_state().await?;
        let mut last = Version::default();
        for product in [Product::Record, Product::Organization] {
            last = last.max(publisher.last_version(product).await?);
        }
        let known = Version::new(state.epoch, state.number_reserved).unwrap_or_default();
        if state.epoch == 0 || last > known {
            return Self::begin(changes, lease, last.epoch().max(state.epoch) + 1).await;
        }
        Ok(Self { epoch: state.epoch, last: state.number_reserved, reserved: state.number_reserved })
    }

    /// Begins an epoch: everything is published again under it.
    pub(super) async fn begin(changes: &dyn ChangeLog, lease: &Lease, epoch: i64) -> Result<Self> {
        tracing::info!(epoch, "an epoch of versions begins");
        changes.begin_epoch(lease, epoch).await?;
        Ok(Self { epoch, last: 0, reserved: 0 })
    }

    /// The epoch.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The next version.
    pub(super) async fn next(&mut self, changes: &dyn ChangeLog, lease: &Lease) -> Result<Version> {
        if self.last >= self.reserved {
            changes.reserve(lease, self.reserved + BLOCK).await?;
            self.reserved += BLOCK;
        }
        self.last += 1;
        Version::new(self.epoch, self.last)
            .ok_or_else(|| Error::Misconfigured("the numbers of versions have run out".into()))
    }
}
