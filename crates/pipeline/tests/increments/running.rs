//! A whole loop in this process, with two scorers.

use crate::ports::{DataProduct, Opened, Ports};
use events::EventLog;
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::sqlite::SqliteLog;
use events::topics::TopicNames;
use pipeline::runner::RunnerSettings;
use pipeline::{Board, Publisher, Runner, Stop, Stopper, stage};
use scoring::Model;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Resolution;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const SCORERS: usize = 2;

pub(crate) struct Loop {
    pub(crate) organizations: Arc<dyn DataProduct>,
    pub(crate) resolution: Arc<dyn Resolution>,
    pub(crate) model: Arc<Model>,
    log: Arc<dyn EventLog>,
    stopper: Stopper,
    tasks: JoinSet<()>,
}

/// What all stages share.
struct Shared {
    log: Arc<dyn EventLog>,
    codec: Arc<Codec>,
    parking: pipeline::parked::Parking,
    board: Board,
    stop: Stop,
}

impl Shared {
    fn runner(&self, group: &str, topics: Vec<String>, behind: Option<&str>) -> Runner {
        Runner {
            settings: RunnerSettings {
                stage: group.into(),
                group: group.into(),
                topics,
                batch_size_max: 100,
                behind: behind.map(str::to_owned),
            },
            log: Arc::clone(&self.log),
            parking: self.parking.clone(),
            board: self.board.clone(),
            stop: self.stop.clone(),
        }
    }
}

impl Loop {
    pub(crate) async fn start(ports: &Ports, model: Arc<Model>) -> Self {
        let text = model.to_json().unwrap();
        let Opened { organizations, resolution, index } = ports.open((model.version(), &text)).await;
        let file = |name: &str| ports.folder.path().join(name);
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&file("events.db")).await.unwrap());
        let registry = Arc::new(SqliteRegistry::open(&file("registry.db")).await.unwrap());
        let codec = Arc::new(Codec::new(registry, TopicNames::default()));
        log.create_topics(&TopicNames::default().specs(3)).await.unwrap();
        codec.prepare().await.unwrap();
        let parking = pipeline::parked::Parking::new(Arc::clone(&log), &codec);
        let publisher = Publisher::new(Arc::clone(&log), Arc::clone(&codec), "/test").await.unwrap();
        let (stopper, stop) = Stopper::new();
        let shared = Shared { log: Arc::clone(&log), codec, parking, board: Board::default(), stop };
        let mut tasks = JoinSet::new();
        let changes = Arc::<dyn DataProduct>::clone(&organizations);
        tasks.spawn(
            pipeline::poller::Poller {
                changes,
                publisher: publisher.clone(),
                parking: shared.parking.clone(),
                poll_interval: Duration::from_millis(5),
                batch_size_max: 700,
                products: pipeline::poller::Published::ALL.into_iter().collect(),
                bell: Arc::new(Notify::new()),
                holder: "test".into(),
                board: shared.board.clone(),
                stop: shared.stop.clone(),
            }
            .run(),
        );
        let records = || vec![TopicNames::default().record];
        let codec = || Arc::clone(&shared.codec);
        let indexer = pipeline::indexer::Indexer { codec: codec(), index: Arc::clone(&index) };
        tasks.spawn(shared.runner(stage::INDEXER, records(), None).run(indexer));
        for _ in 0..SCORERS {
            let scorer = pipeline::scorer::Scorer {
                codec: codec(),
                index: Arc::clone(&index),
                resolution: Arc::clone(&resolution),
                model: Arc::clone(&model),
            };
            tasks.spawn(shared.runner(stage::SCORER, records(), Some(stage::INDEXER)).run(scorer));
        }
        let follower =
            pipeline::resolver::RedirectFollower { codec: codec(), resolution: Arc::clone(&resolution) };
        tasks.spawn(shared.runner(stage::RESOLVER_MERGES, merges(), None).run(follower));
        tasks.spawn(
            pipeline::resolver::Resolver {
                resolution: Arc::clone(&resolution),
                publisher,
                model: Arc::clone(&model),
                generation: 1,
                stage: stage::RESOLVER.into(),
                holder: "test".into(),
                board: shared.board.clone(),
                stop: shared.stop.clone(),
                batch_size_max: 200,
                transitions_kept: chrono::Duration::days(1),
            }
            .run(),
        );
        Self { organizations, resolution, model, log, stopper, tasks }
    }

    /// Waits until nothing is under way anywhere.
    pub(crate) async fn settled(&self) {
        let records = [TopicNames::default().record];
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut quiet = 0;
        while quiet < 3 {
            let position = self.organizations.capture_state().await.unwrap().position;
            let waiting = self.organizations.waiting(position.as_deref()).await.unwrap();
            let mut lag = 0;
            let groups = [
                (stage::INDEXER, records.as_slice()),
                (stage::SCORER, &records),
                (stage::RESOLVER_MERGES, &merges()),
            ];
            for (group, topics) in groups {
                let progress = self.log.progress(group, topics).await.unwrap();
                lag += progress.iter().map(events::log::Progress::lag).sum::<i64>();
            }
            let queues = self.resolution.queue_lengths().await.unwrap();
            let outbox = self.resolution.outbox(1).await.unwrap().len();
            let history = self.resolution.unsent_transitions(1).await.unwrap().len();
            let still = waiting == 0 && lag == 0 && queues == (0, 0) && outbox + history == 0;
            quiet = if still { quiet + 1 } else { 0 };
            assert!(
                Instant::now() < deadline,
                "the loop does not settle: {waiting} changes, {lag} events, {queues:?} queued, {outbox} and {history} to send"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(mut self) {
        self.stopper.stop();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

fn merges() -> Vec<String> {
    let names = TopicNames::default();
    vec![names.redirect, names.merge]
}
