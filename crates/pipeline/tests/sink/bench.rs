//! Topics, a target and runners between them.

use crate::target::{Copy, Target};
use events::codec::Codec;
use events::log::{StartAt, TopicPartition};
use events::registry::sqlite::SqliteRegistry;
use events::sqlite::{SqliteLog, SqliteLogOptions};
use events::topics::TopicNames;
use events::{Event, EventLog, NewEvent, Position};
use pipeline::parked::Parking;
use pipeline::runner::RunnerSettings;
use pipeline::{Board, Publisher, Runner, Stage, Stopper, sink};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub(crate) const PARTITIONS: i32 = 3;
pub(crate) const GROUP: &str = "sink-copy";

/// What a test works with.
pub(crate) struct Bench {
    _folder: TempDir,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) codec: Arc<Codec>,
    pub(crate) publisher: Publisher,
    pub(crate) parking: Parking,
    pub(crate) board: Board,
    pub(crate) target: Target,
}

/// A running member.
pub(crate) struct Member {
    stopper: Stopper,
    task: JoinHandle<()>,
}

impl Member {
    pub(crate) async fn stop(self) {
        self.stopper.stop();
        self.task.await.unwrap();
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

impl Bench {
    pub(crate) async fn new(target: Target) -> Self {
        if target.is_sqlite() {
            target.create().await;
        }
        let folder = tempfile::tempdir().unwrap();
        let options =
            SqliteLogOptions { session_timeout: Duration::from_secs(2), ..SqliteLogOptions::default() };
        let log: Arc<dyn EventLog> =
            Arc::new(SqliteLog::open_with(&folder.path().join("events.db"), options).await.unwrap());
        let registry = Arc::new(SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap());
        let codec = Arc::new(Codec::new(registry, TopicNames::default()));
        log.create_topics(&TopicNames::default().specs(PARTITIONS)).await.unwrap();
        codec.prepare().await.unwrap();
        let publisher = Publisher::new(Arc::clone(&log), Arc::clone(&codec), "/test").await.unwrap();
        let parking = Parking::new(Arc::clone(&log), &codec);
        Self { _folder: folder, log, codec, publisher, parking, board: Board::default(), target }
    }

    pub(crate) fn topics(&self) -> Vec<String> {
        sink::PRODUCTS.iter().map(|product| self.codec.names().name(*product).to_owned()).collect()
    }

    /// Where a key's events stand that belong to this owner.
    pub(crate) fn partition_of(&self, owner: u128) -> i32 {
        let owner = crate::values::id(owner).to_string();
        events::partitioner::partition_of(owner.as_bytes(), PARTITIONS)
    }

    pub(crate) async fn send(&self, events: Vec<NewEvent>) {
        self.publisher.append(events).await.unwrap();
    }

    pub(crate) async fn copy(&self) -> Copy {
        self.target.copy(&self.codec).await
    }

    pub(crate) fn start(&self, stage: impl Stage + 'static) -> Member {
        self.start_in(GROUP, stage)
    }

    pub(crate) fn start_in(&self, group: &str, stage: impl Stage + 'static) -> Member {
        let (stopper, stop) = Stopper::new();
        let settings = RunnerSettings {
            stage: group.to_owned(),
            group: group.to_owned(),
            topics: self.topics(),
            batch_size_max: 200,
            behind: None,
        };
        let (log, parking, board) = (Arc::clone(&self.log), self.parking.clone(), self.board.clone());
        let runner = Runner { settings, log, parking, board, stop };
        Member { stopper, task: tokio::spawn(runner.run(stage)) }
    }

    /// Runs one member until it has finished all that is there.
    pub(crate) async fn settle(&self) {
        let member = self.start(self.copy().await);
        self.caught_up(GROUP).await;
        member.stop().await;
    }

    pub(crate) async fn settle_with(&self, events: Vec<NewEvent>) {
        self.send(events).await;
        self.settle().await;
    }

    pub(crate) async fn caught_up(&self, group: &str) {
        let topics = self.topics();
        eventually("the group has finished everything", async || {
            let progress = self.log.progress(group, &topics).await.unwrap();
            progress.iter().all(|progress| progress.lag() == 0)
        })
        .await;
    }

    /// All events of the copy's topics, partition by partition.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for at in self.partitions() {
            let end = self.log.offset_at(&at, StartAt::Latest).await.unwrap();
            let mut offset = 0;
            while offset < end {
                let from = Position { at: at.clone(), offset };
                let read = self.log.read(&from, 1000, Duration::ZERO).await.unwrap();
                offset = read.last().unwrap().offset + 1;
                events.extend(read);
            }
        }
        events
    }

    pub(crate) fn partitions(&self) -> Vec<TopicPartition> {
        let of_topic = |topic: String| {
            (0..PARTITIONS).map(move |partition| TopicPartition { topic: topic.clone(), partition })
        };
        self.topics().into_iter().flat_map(of_topic).collect()
    }

    /// Where the copy says it is, with the partitions that have no event left out.
    pub(crate) async fn positions(&self) -> Vec<String> {
        let query = "SELECT topic || ' ' || partition || ' ' || next_offset FROM sink_position ORDER BY 1";
        self.target.texts(query).await
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        self.target.texts("SELECT name FROM organization ORDER BY name").await
    }

    pub(crate) fn trouble(&self, group: &str) -> Option<String> {
        self.board.stages().get(group)?.trouble.clone()
    }

    pub(crate) async fn in_trouble(&self, group: &str) {
        eventually("the stage shows its trouble", async || self.trouble(group).is_some()).await;
    }
}

/// Waits until the condition holds.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition().await {
        assert!(Instant::now() < deadline, "not in a minute: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
