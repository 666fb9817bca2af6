//! Looks at how far every stage is, in whichever process it runs, and keeps the board and the gauges true.

use crate::board::Board;
use crate::error::{Result, chain};
use crate::stage;
use crate::stop::Stop;
use events::EventLog;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{ChangeLog, Resolution};

/// A group whose lag is looked at.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The stage's name on the board.
    pub stage: String,
    /// Its group.
    pub group: String,
    /// The topics that it follows.
    pub topics: Vec<String>,
}

/// Measures lag, once an interval.
#[derive(Debug)]
pub struct Monitor {
    /// The topics.
    pub log: Arc<dyn EventLog>,
    /// The poller's side.
    pub changes: Option<Arc<dyn ChangeLog>>,
    /// The resolver's side, with the stage's name.
    pub resolution: Option<(String, Arc<dyn Resolution>)>,
    /// Groups.
    pub watched: Vec<Watched>,
    /// Where it shows.
    pub board: Board,
    /// Between two looks.
    pub interval: Duration,
    /// When to end.
    pub stop: Stop,
}

impl Monitor {
    /// Looks until it is stopped.
    pub async fn run(mut self) {
        let mut idle_since = HashMap::new();
        while !self.stop.is_stopped() {
            if let Err(error) = self.look(&mut idle_since).await {
                tracing::debug!(error = chain(&error), "could not measure lag");
            }
            self.stop.sleep(self.interval).await;
        }
    }

    async fn look(&self, idle_since: &mut HashMap<String, Instant>) -> Result<()> {
        if let Some(changes) = &self.changes {
            let position = changes.capture_state().await?.position;
            let waiting = changes.waiting(position.as_deref()).await?;
            self.note(stage::POLLER, waiting, idle_since);
        }
        if let Some((stage, resolution)) = &self.resolution {
            let (_, resolve) = resolution.queue_lengths().await?;
            self.note(stage, resolve, idle_since);
        }
        for watched in &self.watched {
            let progress = self.log.progress(&watched.group, &watched.topics).await?;
            let lag: i64 = progress.iter().map(events::log::Progress::lag).sum();
            self.note(&watched.stage, u64::try_from(lag).unwrap_or(0), idle_since);
        }
        Ok(())
    }

    /// Seconds of lag: since the stage was last seen with nothing waiting.
    fn note(&self, stage: &str, waiting: u64, idle_since: &mut HashMap<String, Instant>) {
        let now = Instant::now();
        let since = idle_since.entry(stage.to_owned()).or_insert(now);
        if waiting == 0 {
            *since = now;
        }
        self.board.lag(stage, waiting, since.elapsed().as_secs_f64());
    }
}
