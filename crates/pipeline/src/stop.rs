//! Stopping cleanly: stages finish the batch in hand and leave.

use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Tells all stages to stop; dropping it does, too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Hears it.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// A pair of the two ends.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    /// Asks for the stop; more than once is harmless.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for the stop.
    pub async fn stopped(&mut self) {
        // An error means that the stopper is gone: the same thing.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// Sleeps, or less if the stop comes.
    pub async fn sleep(&mut self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = self.stopped() => {}
        }
    }

    /// Sleeps for a quarter of the time since then, within these bounds: who waits looks less and less often, and late by a quarter of
    /// the wait at most.
    pub async fn sleep_longer(&mut self, since: Instant, least: Duration, most: Duration) {
        self.sleep((since.elapsed() / 4).clamp(least, most)).await;
    }
}
