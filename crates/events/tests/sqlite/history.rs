//! Random histories of a group: members join, leave, fall silent and come back while events arrive.

use super::folder;
use events::log::{Cleanup, NewEvent, Position, TopicPartition, TopicSpec};
use events::sqlite::{SqliteLog, SqliteLogOptions};
use events::{Error, EventLog, GroupReader};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const TOPIC: &str = "history.v1";
const GROUP: &str = "group";
const PARTITIONS: i32 = 5;
const SESSION: Duration = Duration::from_millis(60);

/// Numbers that a seed repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A member and what it has read but not committed.
struct Worker {
    reader: Box<dyn GroupReader>,
    pending: BTreeMap<TopicPartition, i64>,
    silent_until: Instant,
}

struct History {
    log: SqliteLog,
    random: Random,
    workers: Vec<Worker>,
    appended: Vec<i64>,
    /// Offsets that some member was given, per partition.
    delivered: Vec<BTreeSet<i64>>,
    committed: Vec<i64>,
    fenced: usize,
}

impl History {
    async fn step(&mut self) {
        match self.random.below(12) {
            0 if self.workers.len() < 4 => {
                let reader = self.log.join(GROUP, &[TOPIC.to_owned()]).await.unwrap();
                self.workers.push(Worker { reader, pending: BTreeMap::new(), silent_until: Instant::now() });
            }
            1 if self.workers.len() > 1 && self.random.below(4) == 0 => {
                let worker = self.workers.swap_remove(0);
                if self.random.below(2) == 0 {
                    worker.reader.leave().await.unwrap();
                }
            }
            2..=4 => self.append().await,
            5..=8 => self.read().await,
            _ => self.commit().await,
        }
    }

    async fn append(&mut self) {
        let partition = i32::try_from(self.random.below(5)).unwrap();
        let event = NewEvent {
            topic: TOPIC.to_owned(),
            partition,
            key: b"key".to_vec(),
            value: None,
            headers: Vec::new(),
        };
        let count = usize::try_from(self.random.below(5)).unwrap();
        self.log.append(vec![event; count]).await.unwrap();
        self.appended[usize::try_from(partition).unwrap()] += i64::try_from(count).unwrap();
    }

    /// One of the members that are not silent now.
    fn worker(&mut self) -> Option<usize> {
        let awake: Vec<usize> = (0..self.workers.len())
            .filter(|index| self.workers[*index].silent_until <= Instant::now())
            .collect();
        let chosen = self.random.below(u64::try_from(awake.len().max(1)).unwrap());
        awake.get(usize::try_from(chosen).unwrap()).copied()
    }

    async fn read(&mut self) {
        let Some(index) = self.worker() else { return };
        let max = 1 + usize::try_from(self.random.below(9)).unwrap();
        let worker = &mut self.workers[index];
        let delivery = worker.reader.next(max, Duration::ZERO).await.unwrap();
        for at in &delivery.revoked {
            worker.pending.remove(at);
        }
        for event in delivery.events {
            self.delivered[usize::try_from(event.partition).unwrap()].insert(event.offset);
            let next = event.next_position();
            worker.pending.insert(next.at, next.offset);
        }
        if self.random.below(20) == 0 {
            let silence = SESSION * u32::try_from(self.random.below(4)).unwrap();
            self.workers[index].silent_until = Instant::now() + silence;
        }
    }

    async fn commit(&mut self) {
        let Some(index) = self.worker() else { return };
        let worker = &mut self.workers[index];
        let pending = std::mem::take(&mut worker.pending);
        let positions: Vec<Position> =
            pending.into_iter().map(|(at, offset)| Position { at, offset }).collect();
        match worker.reader.commit(&positions).await {
            Ok(()) => {}
            Err(Error::Fenced { .. }) => self.fenced += 1,
            Err(error) => panic!("{error}"),
        }
        self.check_progress().await;
    }

    /// Positions never fall, and nothing before them is unread.
    async fn check_progress(&mut self) {
        for progress in self.log.progress(GROUP, &[TOPIC.to_owned()]).await.unwrap() {
            let partition = usize::try_from(progress.at.partition).unwrap();
            let committed = progress.committed.unwrap_or(0);
            assert!(
                committed >= self.committed[partition],
                "the position of {partition} fell to {committed}"
            );
            for offset in self.committed[partition]..committed {
                assert!(self.delivered[partition].contains(&offset), "{partition}/{offset} was never read");
            }
            self.committed[partition] = committed;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_history_reads_everything_and_moves_positions_forward_only() {
    for seed in 1..=4 {
        println!("seed {seed}");
        let folder = folder();
        let options = SqliteLogOptions { session_timeout: SESSION, ..SqliteLogOptions::default() };
        let log = folder.open(options).await;
        let spec = TopicSpec { name: TOPIC.to_owned(), partitions: PARTITIONS, cleanup: Cleanup::Compact };
        log.create_topics(&[spec]).await.unwrap();
        let mut history = History {
            log,
            random: Random(seed),
            workers: Vec::new(),
            appended: vec![0; 5],
            delivered: vec![BTreeSet::new(); 5],
            committed: vec![0; 5],
            fenced: 0,
        };
        for _ in 0..1_500 {
            history.step().await;
        }
        println!("{} commits were fenced", history.fenced);

        // Everybody goes without a word; who comes last reads the rest.
        history.workers.clear();
        let reader = history.log.join(GROUP, &[TOPIC.to_owned()]).await.unwrap();
        history.workers.push(Worker { reader, pending: BTreeMap::new(), silent_until: Instant::now() });
        let deadline = Instant::now() + Duration::from_secs(30);
        while history.committed != history.appended {
            assert!(Instant::now() < deadline, "{:?} of {:?}", history.committed, history.appended);
            history.read().await;
            history.commit().await;
        }
    }
}
