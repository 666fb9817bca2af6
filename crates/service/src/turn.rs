//! Work that one process at a time does, of all that run the service: under a lease, round after round.

use crate::problem::chain;
use std::future::Future;
use std::time::Duration;
use store::Leases;
use tokio::sync::Notify;
use uuid::Uuid;

/// Between two looks when nobody rings, such as for what was written in another process.
const IDLE: Duration = Duration::from_secs(1);
/// After a failure.
const BACKOFF: Duration = Duration::from_millis(500);

/// Whether all that was waiting is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    Done,
    /// Something has to be tried again.
    Unfinished,
}

/// The right to do this work, as this process asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    role: &'static str,
    holder: String,
    lease: Duration,
}

impl Turn {
    /// `lease`: longer than one step of the work takes.
    pub(crate) fn new(role: &'static str, lease: Duration) -> Self {
        Self { role, holder: Uuid::now_v7().to_string(), lease }
    }

    /// Whether it is ours for the next step. Ask before each: a worker that slept past its lease must not go on beside the
    /// next one.
    pub(crate) async fn is_ours(&self, leases: &(impl Leases + ?Sized)) -> store::Result<bool> {
        Ok(leases.acquire(self.role, &self.holder, self.lease).await?.is_some())
    }

    /// Works until told to stop; what is in hand then is finished by the next start.
    pub(crate) async fn until(
        &self,
        stop: impl Future<Output = ()> + Send,
        leases: &(impl Leases + ?Sized),
        work: impl Future<Output = ()> + Send,
    ) {
        // Both are dropped here: work cut short would keep the store's connection from whoever gives the lease back.
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
        if let Ok(Some(lease)) = leases.acquire(self.role, &self.holder, self.lease).await {
            // Not given back, it would run out by itself.
            let _ = leases.release(&lease).await;
        }
    }

    /// Waits for the next round: until the bell rings, or for a while that depends on how this one ended.
    pub(crate) async fn rest(&self, round: store::Result<Round>, bell: &Notify) {
        let pause = match round {
            Ok(Round::Done) => IDLE,
            Ok(Round::Unfinished) => BACKOFF,
            Err(error) => {
                let role = self.role;
                tracing::warn!(error = chain(&error), role, "the work waits: the store did not answer");
                BACKOFF
            }
        };
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
