//! Several processes write one file while a reader follows its log: it misses nothing and sees nothing go back.

use crate::record;
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::sqlite::OrganizationsStore;
use store::{ChangeLog as _, Organizations as _};

const WRITERS: usize = 4;
const CHANGES: usize = 60;
const HOT_RECORDS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_file_is_opened_by_several_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("organizations.db");
        let open = || OrganizationsStore::open(&path);
        let opened = tokio::join!(open(), open(), open(), open());
        assert!(opened.0.is_ok() && opened.1.is_ok() && opened.2.is_ok() && opened.3.is_ok(), "{opened:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_misses_nothing_of_several_writers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("organizations.db");
    let store = OrganizationsStore::open(&path).await.expect("the database opens");
    store.upsert((0..HOT_RECORDS).map(|n| record(&n.to_string())).collect()).await.expect("imported");
    let ended = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, ended) = (store.clone(), Arc::clone(&ended));
        tokio::spawn(async move { follow(&store, &ended).await })
    };
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let path = path.clone();
        writers.push(tokio::spawn(async move { write(&path, writer).await }));
    }
    for writer in writers {
        writer.await.expect("a writer ends");
    }
    ended.store(true, Ordering::SeqCst);
    let (seqs, counters) = reader.await.expect("the reader ends");
    assert!(seqs.is_sorted_by(|a, b| a < b), "each once, in order");
    let whole = store.capture(None, 1_000_000).await.expect("read").rows;
    assert_eq!(seqs.len(), whole.len(), "none missed");
    let last: i32 = counters.values().filter_map(|seen| *seen.last()?).sum();
    // Every seventh change was rolled back.
    assert_eq!(usize::try_from(last).expect("counted up"), WRITERS * (CHANGES - CHANGES.div_ceil(7)));
    assert!(counters.values().all(|seen| seen.is_sorted()), "{counters:?}");
}

/// Counts records up, each in a transaction of a connection of its own; some end without a trace.
async fn write(path: &Path, writer: usize) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(std::time::Duration::from_secs(60));
    let mut connection = options.connect().await.expect("the file opens");
    for n in 0..CHANGES {
        let id = record(&((n + writer) % HOT_RECORDS).to_string()).id.0.simple();
        let count = format!(
            "UPDATE organization SET year_incorporated = COALESCE(year_incorporated, 0) + 1 WHERE id = x'{id}'"
        );
        let end = if n.is_multiple_of(7) { "ROLLBACK" } else { "COMMIT" };
        for statement in ["BEGIN IMMEDIATE", &count, end] {
            sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
                .execute(&mut connection)
                .await
                .expect("written");
        }
    }
}

type Counters = BTreeMap<entity::RecordId, Vec<Option<i32>>>;

async fn follow(store: &OrganizationsStore, ended: &AtomicBool) -> (Vec<i64>, Counters) {
    let (mut seqs, mut counters) = (Vec::new(), Counters::new());
    let mut position: Option<String> = None;
    loop {
        let last = ended.load(Ordering::SeqCst);
        let capture = store.capture(position.as_deref(), 7).await.expect("the log is read");
        position = Some(capture.next);
        for record in capture.family.records {
            counters.entry(record.id).or_default().push(record.organization.year_incorporated);
        }
        let nothing = capture.rows.is_empty();
        seqs.extend(capture.rows.into_iter().map(|row| row.seq));
        if last && nothing {
            return (seqs, counters);
        }
    }
}
