//! The one stage runner: bounded batch in, idempotent write, position committed last.
//!
//! Only the runner retries. A cause that may pass is waited out, for as long as it takes: the batch stays, the lag
//! shows it. An event that nothing can apply is found by halving the batch, parked with its reason, and the rest
//! goes on.

use crate::board::Board;
use crate::error::{Error, Result, chain};
use crate::parked::{self, Parking};
use crate::stop::Stop;
use async_trait::async_trait;
use events::log::{Delivery, Event, Position, Progress, TopicPartition};
use events::{EventLog, GroupReader};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod start;

/// A stage that follows topics.
#[async_trait]
pub trait Stage: Send {
    /// Applies a batch; a second time is harmless. Returns how many events or rows it wrote.
    ///
    /// # Errors
    /// `Transient` to be called again with the same batch; `Unfit` when some event of it cannot be applied.
    async fn apply(&mut self, events: &[Event]) -> Result<usize>;

    /// Work that does not come from topics; whether there was some.
    async fn idle(&mut self) -> Result<bool> {
        Ok(false)
    }

    /// Where to read partitions newly given to this member, for a stage that keeps its own positions.
    async fn positions(&mut self, _assigned: &[TopicPartition]) -> Result<Vec<Position>> {
        Ok(Vec::new())
    }

    /// Takes note that partitions are read from here again, though it stood further on: their topic was made anew.
    async fn restarted(&mut self, _positions: &[Position]) -> Result<()> {
        Ok(())
    }

    /// Takes note that the batch before these positions is finished, for a stage that keeps its own positions.
    async fn finished(&mut self, _positions: &[Position]) -> Result<()> {
        Ok(())
    }
}

/// How a stage is run.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// The stage's name on the board and in metrics.
    pub stage: String,
    /// The consumer group.
    pub group: String,
    /// The topics it follows.
    pub topics: Vec<String>,
    /// Events in a batch.
    pub batch_size_max: usize,
    /// The group that it must not run ahead of.
    pub behind: Option<String>,
}

/// Runs a stage until it is stopped.
#[derive(Debug)]
pub struct Runner {
    /// How.
    pub settings: RunnerSettings,
    /// The topics.
    pub log: Arc<dyn EventLog>,
    /// Where events go that cannot be applied.
    pub parking: Parking,
    /// Where progress shows.
    pub board: Board,
    /// When to end.
    pub stop: Stop,
}

/// How long a member waits for events before it looks for other work.
const WAIT: Duration = Duration::from_millis(100);
/// Between two looks at how far the stage before has got, at first and at most: a look is several requests to the broker.
const BEHIND_POLL_FIRST: Duration = Duration::from_millis(3);
const BEHIND_POLL_MAX: Duration = Duration::from_millis(100);
/// Between two signs of life while a batch waits or is being applied.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

impl Runner {
    /// Runs the stage until it is stopped; failures are waited out.
    pub async fn run(mut self, mut stage: impl Stage) {
        self.board.started(&self.settings.stage);
        let mut backoff = BACKOFF_FIRST;
        while !self.stop.is_stopped() {
            match self.follow(&mut stage).await {
                Ok(()) | Err(Error::Fenced) => backoff = BACKOFF_FIRST,
                Err(error) => {
                    self.report(&error);
                    self.stop.sleep(backoff).await;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
            }
        }
    }

    /// One membership: from joining to leaving.
    async fn follow(&mut self, stage: &mut impl Stage) -> Result<()> {
        let mut topics = self.settings.topics.clone();
        topics.push(self.parking.retry_topic().to_owned());
        let mut reader = self.log.join(&self.settings.group, &topics).await?;
        let followed = self.follow_as_member(stage, &mut *reader).await;
        if let Err(error) = reader.leave().await {
            tracing::debug!(error = chain(&error), stage = self.settings.stage, "could not leave the group");
        }
        followed
    }

    async fn follow_as_member(&mut self, stage: &mut impl Stage, reader: &mut dyn GroupReader) -> Result<()> {
        let mut busy = false;
        while !self.stop.is_stopped() {
            let wait = if busy { Duration::ZERO } else { WAIT };
            let delivery = reader.next(self.settings.batch_size_max, wait).await?;
            if !delivery.assigned.is_empty() {
                self.find_start(stage, reader, &delivery.assigned).await?;
            }
            let idle = delivery.events.is_empty();
            if !idle {
                match self.take(stage, reader, delivery).await {
                    Err(Error::Fenced) => {
                        tracing::info!(stage = self.settings.stage, "a partition moved away")
                    }
                    taken => taken?,
                }
            }
            busy = self.attempt_idle(stage, reader).await?;
            if idle && !busy {
                self.board.progressed(&self.settings.stage, 0, 0);
            }
        }
        Ok(())
    }

    async fn take(
        &mut self,
        stage: &mut impl Stage,
        reader: &mut dyn GroupReader,
        delivery: Delivery,
    ) -> Result<()> {
        let finished = positions_after(&delivery.events);
        if !self.wait_for_stage_before(reader, &finished).await? {
            return Ok(());
        }
        let events = self.ours(delivery.events);
        let Some(written) = self.apply(stage, reader, &events).await? else { return Ok(()) };
        stage.finished(&finished).await?;
        reader.commit(&finished).await?;
        self.board.progressed(&self.settings.stage, events.len(), written);
        Ok(())
    }

    /// Events of the stage's own topics, and those of the retry topic that are meant for it.
    fn ours(&self, events: Vec<Event>) -> Vec<Event> {
        let retry = self.parking.retry_topic();
        let ours = events.into_iter().filter_map(|event| match event.topic == retry {
            false => Some(event),
            true => parked::is_for(&event, &self.settings.stage).then(|| parked::original(&event)),
        });
        ours.collect()
    }

    /// Waits until the stage before has finished these events; `false` when it was stopped meanwhile.
    async fn wait_for_stage_before(
        &mut self,
        reader: &mut dyn GroupReader,
        positions: &[Position],
    ) -> Result<bool> {
        let Some(behind) = self.settings.behind.clone() else { return Ok(true) };
        let start = Instant::now();
        let mut kept_alive = start;
        loop {
            let progress = self.log.progress(&behind, &self.settings.topics).await?;
            // Beyond the end it is a position in a topic that is no more.
            let committed =
                |progress: &Progress| progress.committed.filter(|at| *at <= progress.end).unwrap_or(0);
            let committed: BTreeMap<_, _> =
                progress.into_iter().map(|progress| (progress.at.clone(), committed(&progress))).collect();
            let reached =
                |position: &Position| committed.get(&position.at).is_none_or(|at| *at >= position.offset);
            if positions.iter().all(reached) {
                return Ok(true);
            }
            if self.stop.is_stopped() {
                return Ok(false);
            }
            self.stop.sleep_longer(start, BEHIND_POLL_FIRST, BEHIND_POLL_MAX).await;
            if kept_alive.elapsed() > KEEP_ALIVE {
                kept_alive = Instant::now();
                reader.keep_alive().await?;
            }
        }
    }

    /// Applies a batch, waiting out what may pass and parking what cannot be applied; `None` when stopped.
    async fn apply(
        &mut self,
        stage: &mut impl Stage,
        reader: &mut dyn GroupReader,
        events: &[Event],
    ) -> Result<Option<usize>> {
        let mut written = 0;
        let mut pending = vec![events];
        let mut backoff = BACKOFF_FIRST;
        while let Some(batch) = pending.pop() {
            match apply_alive(stage, reader, batch).await? {
                Ok(count) => written += count,
                Err(Error::Unfit(reason)) if batch.len() == 1 => {
                    self.parking.park(&self.settings.stage, &batch[0], &reason).await?;
                }
                Err(Error::Unfit(_)) => {
                    // The first half last: it is taken first, so that order is kept.
                    let (first, second) = batch.split_at(batch.len() / 2);
                    pending.extend([second, first]);
                }
                Err(error @ Error::Transient { .. }) => {
                    self.report(&error);
                    self.stop.sleep(backoff).await;
                    if self.stop.is_stopped() {
                        return Ok(None);
                    }
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                    reader.keep_alive().await?;
                    pending.push(batch);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(written))
    }

    async fn attempt_idle(&mut self, stage: &mut impl Stage, reader: &mut dyn GroupReader) -> Result<bool> {
        match stage.idle().await {
            Err(error @ Error::Transient { .. }) => {
                self.report(&error);
                self.stop.sleep(BACKOFF_FIRST).await;
                reader.keep_alive().await?;
                Ok(false)
            }
            other => other,
        }
    }

    fn report(&self, error: &Error) {
        let trouble = chain(error);
        tracing::warn!(stage = self.settings.stage, error = trouble, "the stage waits and tries again");
        self.board.failed(&self.settings.stage, trouble);
    }
}

/// Applies a batch and keeps the membership alive meanwhile, however long it takes.
async fn apply_alive(
    stage: &mut impl Stage,
    reader: &mut dyn GroupReader,
    batch: &[Event],
) -> Result<Result<usize>> {
    if batch.is_empty() {
        return Ok(Ok(0));
    }
    let mut applying = std::pin::pin!(stage.apply(batch));
    loop {
        tokio::select! {
            applied = &mut applying => return Ok(applied),
            () = tokio::time::sleep(KEEP_ALIVE) => reader.keep_alive().await?,
        }
    }
}

/// For each partition of a batch, the position after its last event.
fn positions_after(events: &[Event]) -> Vec<Position> {
    let mut last: BTreeMap<TopicPartition, i64> = BTreeMap::new();
    for event in events {
        let next = event.next_position();
        last.insert(next.at, next.offset);
    }
    last.into_iter().map(|(at, offset)| Position { at, offset }).collect()
}
