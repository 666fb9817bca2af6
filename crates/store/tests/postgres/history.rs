//! A random history of many writers: readers miss nothing, read nothing twice, and never see a row go back.

use crate::{Server, on_a_server, read_on, record, run};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::postgres::OrganizationsStore;
use store::{ChangeLog as _, Organizations as _};
use uuid::Uuid;

const WRITERS: u64 = 16;
const HOT_RECORDS: usize = 40;
const DURATION: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_random_history_is_read_whole_and_in_order() {
    on_a_server(async |server| {
        let store = server.store().await;
        let records: Vec<_> = (0..HOT_RECORDS).map(|n| record(&n.to_string())).collect();
        store.upsert(records.clone()).await.expect("imported");
        let mut stranger = server.stranger().await;
        run(&mut stranger, "UPDATE organization SET year_incorporated = 0").await.expect("set");
        run(&mut stranger, "CREATE TABLE unrelated (id BIGINT GENERATED ALWAYS AS IDENTITY)")
            .await
            .expect("made");
        let mut start = None;
        let before = read_on(&store, &mut start, 10_000).await.last().expect("a row").seq;

        let (stop, all_ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let readers = [10_000, 7].map(|rows_max| {
            let (store, start, all_ended) = (store.clone(), start.clone(), Arc::clone(&all_ended));
            tokio::spawn(async move { Seen::read(&store, start, rows_max, &all_ended).await })
        });
        let ids: Vec<Uuid> = records.iter().map(|record| record.id.0).collect();
        let mut writers = Vec::new();
        for seed in 1..=WRITERS {
            let writer =
                Writer { connection: server.stranger().await, ids: ids.clone(), random: Random(seed) };
            writers.push(tokio::spawn(writer.write(Arc::clone(&stop))));
        }
        tokio::time::sleep(DURATION).await;
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.expect("a writer ends");
        }
        all_ended.store(true, Ordering::SeqCst);
        let truth = log_after(server, before).await;
        assert!(truth.len() > 300, "the history was long enough: {}", truth.len());
        for reader in readers {
            reader.await.expect("a reader ends").check(&truth);
        }
    })
    .await;
}

async fn log_after(server: &Server, seq: i64) -> Vec<i64> {
    let log = sqlx::query_scalar("SELECT seq FROM change_log WHERE seq > $1 ORDER BY seq").bind(seq);
    log.fetch_all(&mut server.stranger().await).await.expect("the log is there")
}

/// What a reader saw, in the order in which it saw it.
#[derive(Default)]
struct Seen {
    rows: Vec<store::ChangeRow>,
    /// Per record, the counter in each batch: writers only ever count up.
    counters: BTreeMap<Uuid, Vec<Option<i32>>>,
}

impl Seen {
    async fn read(
        store: &OrganizationsStore,
        mut position: Option<String>,
        rows_max: usize,
        all_ended: &AtomicBool,
    ) -> Self {
        let mut seen = Self::default();
        let mut empty = 0;
        loop {
            let last = all_ended.load(Ordering::SeqCst);
            let capture = store.capture(position.as_deref(), rows_max).await.expect("the log is read");
            position = Some(capture.next);
            for record in capture.family.records {
                seen.counters.entry(record.id.0).or_default().push(record.organization.year_incorporated);
            }
            // An empty page may be the end of an older window, so only the second in a row says that all is read.
            empty = if last && capture.rows.is_empty() { empty + 1 } else { 0 };
            seen.rows.extend(capture.rows);
            if empty == 2 {
                return seen;
            }
        }
    }

    fn check(&self, truth: &[i64]) {
        let mut seqs: Vec<_> = self.rows.iter().map(|row| row.seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, truth, "none missed, none twice");
        let mut last: BTreeMap<(&str, Uuid), i64> = BTreeMap::new();
        for row in &self.rows {
            let before = last.insert((row.table.as_str(), row.row_id), row.seq);
            assert!(before.is_none_or(|before| before < row.seq), "{row:?} was told of after {before:?}");
        }
        for (id, counters) in &self.counters {
            assert!(counters.is_sorted(), "{id} went back: {counters:?}");
        }
    }
}

struct Writer {
    connection: PgConnection,
    ids: Vec<Uuid>,
    random: Random,
}

impl Writer {
    async fn write(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::SeqCst) {
            // A deadlock or a failed statement ends the transaction: as good as any other rollback.
            let end = match self.transaction().await {
                Ok(()) if self.random.one_in(10) => "ROLLBACK",
                Ok(()) => "COMMIT",
                Err(_) => "ROLLBACK",
            };
            run(&mut self.connection, end).await.expect("ended");
        }
    }

    async fn transaction(&mut self) -> Result<(), sqlx::Error> {
        run(&mut self.connection, "BEGIN").await?;
        if self.random.one_in(2) {
            // A transaction id, long before the first change.
            run(&mut self.connection, "INSERT INTO unrelated DEFAULT VALUES").await?;
        }
        if self.random.one_in(2) {
            self.hold(20).await;
        }
        for _ in 0..=self.random.below(2) {
            let inner = self.random.one_in(3);
            if inner {
                run(&mut self.connection, "SAVEPOINT inner_part").await?;
            }
            let change = self.change();
            run(&mut self.connection, &change).await?;
            if inner && self.random.one_in(3) {
                run(&mut self.connection, "ROLLBACK TO SAVEPOINT inner_part").await?;
            }
        }
        if self.random.one_in(30) {
            self.hold(1000).await;
        }
        Ok(())
    }

    fn change(&mut self) -> String {
        let id = self.ids[usize::try_from(self.random.below(self.ids.len() as u64)).expect("below a length")];
        match self.random.below(4) {
            0 => format!("UPDATE phone SET number = number || '1' WHERE organization_id = '{id}'"),
            1 => format!("UPDATE location SET name = 'n' || revision WHERE organization_id = '{id}'"),
            _ => {
                format!("UPDATE organization SET year_incorporated = year_incorporated + 1 WHERE id = '{id}'")
            }
        }
    }

    async fn hold(&mut self, millis_max: u64) {
        tokio::time::sleep(Duration::from_millis(self.random.below(millis_max))).await;
    }
}

/// A small generator (xorshift), so that a seed names a writer's choices.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}
