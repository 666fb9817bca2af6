//! Wakes readers that wait: at once for appends of this process, by a glance at the file for those of others.

use sqlx::sqlite::SqliteConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often a waiting process looks whether another one wrote: a glance takes some 20 microseconds.
const GLANCE_INTERVAL: Duration = Duration::from_millis(5);

/// Tells that the file changed.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    changes: Arc<watch::Sender<u64>>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Signal {
    /// Starts the task that watches for other processes; it ends with the last clone of the signal.
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let changes = Arc::new(watch::Sender::new(0));
        let waiting = Arc::new(watch::Sender::new(0));
        tokio::spawn(watch_others(connection, Arc::clone(&changes), waiting.subscribe()));
        Self { changes, waiting }
    }

    /// Wakes everybody who waits.
    pub(super) fn raise(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Hears every change from now on, so: listen first, look second, wait third.
    pub(super) fn listen(&self) -> Listener {
        Listener { changes: self.changes.subscribe(), waiting: Arc::clone(&self.waiting) }
    }
}

/// When a wait that begins now is over; a wait without end counts as a day.
pub(super) fn deadline_after(wait: Duration) -> Instant {
    Instant::now() + wait.min(Duration::from_hours(24))
}

/// Waits for changes.
#[derive(Debug)]
pub(super) struct Listener {
    changes: watch::Receiver<u64>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Listener {
    /// Returns after a change since the last call, or at the deadline.
    pub(super) async fn wait_until(&mut self, deadline: Instant) {
        let _counted = Counted::new(&self.waiting);
        // Neither outcome needs a word: the caller looks again and knows its deadline.
        let _ = tokio::time::timeout_at(deadline, self.changes.changed()).await;
    }
}

/// One more who waits, until dropped: also when the wait is abandoned.
struct Counted<'a>(&'a watch::Sender<usize>);

impl<'a> Counted<'a> {
    fn new(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|count| *count += 1);
        Self(waiting)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

async fn watch_others(
    mut connection: SqliteConnection,
    changes: Arc<watch::Sender<u64>>,
    mut waiting: watch::Receiver<usize>,
) {
    let mut seen = None;
    // Ends when the last signal, and with it the sender, is gone.
    while waiting.wait_for(|count| *count > 0).await.is_ok() {
        // The number grows with each commit of another connection.
        match sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(&mut connection).await {
            Ok(version) if seen == Some(version) => {}
            Ok(version) => {
                seen = Some(version);
                changes.send_modify(|count| *count += 1);
            }
            Err(error) => tracing::warn!(%error, "could not look for changes of other processes"),
        }
        tokio::time::sleep(GLANCE_INTERVAL).await;
    }
}
