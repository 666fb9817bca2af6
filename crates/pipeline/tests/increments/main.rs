//! Any order of increments gives what one batch gives: pairs, clusters and their ids.

#[cfg(test)]
mod tests {
    use entity::{Record, RecordId};
    use events::EventLog;
    use events::codec::Codec;
    use events::registry::sqlite::SqliteRegistry;
    use events::sqlite::SqliteLog;
    use events::topics::TopicNames;
    use pipeline::runner::RunnerSettings;
    use pipeline::{Board, Publisher, Runner, Stop, Stopper, stage};
    use scoring::Model;
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};
    use store::{ChangeLog, Organizations, Resolution};
    use tokio::sync::Notify;
    use tokio::task::JoinSet;

    struct Loop {
        organizations: Arc<store::sqlite::OrganizationsStore>,
        resolution: Arc<store::sqlite::ResolutionStore>,
        log: Arc<dyn EventLog>,
        stopper: Stopper,
        tasks: JoinSet<()>,
    }

    impl Loop {
        async fn start(folder: &Path) -> Self {
            let model = Arc::new(Model::shipped().clone());
            let organizations = Arc::new(
                store::sqlite::OrganizationsStore::open(&folder.join("organizations.db")).await.unwrap(),
            );
            let resolution = Arc::new(
                store::sqlite::ResolutionStore::open(&folder.join("resolution.db"), (model.version(), ""))
                    .await
                    .unwrap(),
            );
            let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&folder.join("events.db")).await.unwrap());
            let index: Arc<dyn index::Index> =
                Arc::new(index::sqlite::SqliteIndex::open(&folder.join("index.db")).await.unwrap());
            let registry = Arc::new(SqliteRegistry::open(&folder.join("registry.db")).await.unwrap());
            let codec = Arc::new(Codec::new(registry, TopicNames::default()));
            log.create_topics(&TopicNames::default().specs(3)).await.unwrap();
            codec.prepare().await.unwrap();
            let parking = pipeline::parked::Parking::new(Arc::clone(&log), &codec);
            let publisher = Publisher::new(Arc::clone(&log), Arc::clone(&codec), "/test").await.unwrap();
            let (stopper, stop) = Stopper::new();
            let board = Board::default();
            let mut tasks = JoinSet::new();
            tasks.spawn(
                pipeline::poller::Poller {
                    changes: Arc::<store::sqlite::OrganizationsStore>::clone(&organizations),
                    publisher: publisher.clone(),
                    parking: parking.clone(),
                    poll_interval: Duration::from_millis(5),
                    batch_size_max: 700,
                    products: pipeline::poller::Published::ALL.into_iter().collect(),
                    bell: Arc::new(Notify::new()),
                    holder: "test".into(),
                    board: board.clone(),
                    stop: stop.clone(),
                }
                .run(),
            );
            let runner = |group: &str, behind: Option<&str>, stop: &Stop| Runner {
                settings: RunnerSettings {
                    stage: group.into(),
                    group: group.into(),
                    topics: vec![TopicNames::default().record],
                    batch_size_max: 100,
                    behind: behind.map(str::to_owned),
                },
                log: Arc::clone(&log),
                parking: parking.clone(),
                board: board.clone(),
                stop: stop.clone(),
            };
            let indexer = pipeline::indexer::Indexer { codec: Arc::clone(&codec), index: Arc::clone(&index) };
            tasks.spawn(runner(stage::INDEXER, None, &stop).run(indexer));
            for _ in 0..2 {
                let scorer = pipeline::scorer::Scorer {
                    codec: Arc::clone(&codec),
                    index: Arc::clone(&index),
                    resolution: Arc::<store::sqlite::ResolutionStore>::clone(&resolution),
                    model: Arc::clone(&model),
                };
                tasks.spawn(runner(stage::SCORER, Some(stage::INDEXER), &stop).run(scorer));
            }
            tasks.spawn(
                pipeline::resolver::Resolver {
                    resolution: Arc::<store::sqlite::ResolutionStore>::clone(&resolution),
                    publisher,
                    model,
                    generation: 1,
                    stage: stage::RESOLVER.into(),
                    holder: "test".into(),
                    board,
                    stop,
                    batch_size_max: 200,
                }
                .run(),
            );
            Self { organizations, resolution, log, stopper, tasks }
        }

        /// Waits until nothing is under way anywhere.
        async fn settled(&self) {
            let topics = [TopicNames::default().record];
            let deadline = Instant::now() + Duration::from_secs(120);
            let mut quiet = 0;
            while quiet < 3 {
                assert!(Instant::now() < deadline, "the loop does not settle");
                let position = self.organizations.capture_state().await.unwrap().position;
                let waiting = self.organizations.waiting(position.as_deref()).await.unwrap();
                let mut lag = 0;
                for group in [stage::INDEXER, stage::SCORER] {
                    let progress = self.log.progress(group, &topics).await.unwrap();
                    lag += progress.iter().map(events::log::Progress::lag).sum::<i64>();
                }
                let queues = self.resolution.queue_lengths().await.unwrap();
                let outbox = self.resolution.outbox(1).await.unwrap().len();
                let still = waiting == 0 && lag == 0 && queues == (0, 0) && outbox == 0;
                quiet = if still { quiet + 1 } else { 0 };
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }

        async fn clusters(&self) -> BTreeSet<BTreeSet<RecordId>> {
            let page = store::resolution::ClusterPage {
                open_only: store::resolution::OpenOnly::All,
                after: None,
                limit: 100_000,
            };
            let clusters = self.resolution.clusters(&page).await.unwrap();
            clusters
                .iter()
                .map(|cluster| cluster.members.iter().map(|member| member.record_id).collect())
                .collect()
        }

        async fn stop(mut self) {
            self.stopper.stop();
            while let Some(ended) = self.tasks.join_next().await {
                ended.unwrap();
            }
        }
    }

    fn batch(records: &[Record]) -> BTreeSet<BTreeSet<RecordId>> {
        pipeline::batch::dedupe(records, Model::shipped(), |_| ())
            .into_iter()
            .filter(|group| group.members.len() > 1)
            .map(|group| group.members.iter().map(|member| member.record_id).collect())
            .collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn increments_in_any_order_end_where_one_batch_ends() {
        let base = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let records: Vec<Record> = sample::generate(400, 7, base).map(|generated| generated.record).collect();
        let folder = tempfile::tempdir().unwrap();
        let running = Loop::start(folder.path()).await;
        // Later ones first, in pieces; some with a wrong name at first, some deleted and told again.
        let mut shuffled = records.clone();
        shuffled.reverse();
        for (at, piece) in shuffled.chunks(60).enumerate() {
            let mut piece = piece.to_vec();
            if at % 2 == 0 {
                for record in piece.iter_mut().step_by(3) {
                    record.organization.name = Some("Completely Different Name".into());
                }
            }
            running.organizations.upsert(piece).await.unwrap();
        }
        let family = running.organizations.family(&[records[0].id]).await.unwrap();
        running.organizations.delete(records[0].id, family.revisions[&records[0].id]).await.unwrap();
        running.settled().await;
        running.organizations.upsert(records.clone()).await.unwrap();
        running.settled().await;
        let wanted = batch(&records);
        assert!(wanted.len() > 10, "the sample has duplicates: {}", wanted.len());
        assert_eq!(running.clusters().await, wanted);
        running.stop().await;
    }
}
