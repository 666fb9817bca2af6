//! The SQLite file after a crash, and files that are none of ours.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use entity::{IndexDocument, RecordId, SearchFields, Version};
use index::sqlite::SqliteIndex;
use index::{Error, Index, IndexWrite};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

/// Set for the process that is killed: the file that it writes.
const VICTIM: &str = "ORGLOOP_TEST_INDEX_VICTIM";
const RECORDS: u64 = 400;
const BATCH: u64 = 100;

#[expect(clippy::disallowed_methods, reason = "the test starts itself again with this variable")]
fn victim_file() -> Option<String> {
    std::env::var(VICTIM).ok()
}

/// Version `version` of a record: other keys and words each time, sometimes a delete.
fn change(n: u64, version: i64) -> IndexWrite {
    let id = RecordId(Uuid::from_u64_pair(n, 1));
    let version = Version(version);
    if (n + version.0.unsigned_abs()).is_multiple_of(7) {
        return IndexWrite::Delete { id, version };
    }
    let keys = vec![format!("own {n}"), format!("at {version}"), format!("seventh {}", n % 7)];
    let words = format!("name{n} version{version}");
    let search = SearchFields { name: words.clone(), names: words, ..SearchFields::default() };
    IndexWrite::Upsert(IndexDocument { id, version, keys, search, features: vec![1; 500] })
}

/// Not a test of its own: writes for ever, says after each batch which version it has reached.
#[tokio::test(flavor = "multi_thread")]
async fn victim() {
    let Some(file) = victim_file() else { return };
    let index = SqliteIndex::open(Path::new(&file)).await.unwrap();
    let start = index.scan(None, 10_000).await.unwrap();
    let start = start.iter().map(|document| document.version.0).max().unwrap_or(0);
    for batch in 0.. {
        let version = start + 1 + batch / i64::try_from(RECORDS / BATCH).unwrap();
        let first = (batch.unsigned_abs() * BATCH) % RECORDS;
        let writes = (first..first + BATCH).map(|n| change(n, version)).collect();
        index.write(writes).await.unwrap();
        println!("\nWRITTEN {first} {version}");
    }
}

/// Lets the victim write `batches`, kills it, and tells the newest version of each record that it had confirmed.
async fn write_and_kill(file: &Path, batches: usize) -> BTreeMap<u64, i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env(VICTIM, file)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut confirmed = BTreeMap::new();
    let mut seen = 0;
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some(said) = line.strip_prefix("WRITTEN ") else { continue };
        let (first, version) = said.split_once(' ').unwrap();
        let (first, version): (u64, i64) = (first.parse().unwrap(), version.parse().unwrap());
        confirmed.extend((first..first + BATCH).map(|n| (n, version)));
        seen += 1;
        if seen == batches {
            // SIGKILL: no destructor runs, and most likely a batch is half written.
            child.start_kill().unwrap();
        }
    }
    child.wait().await.unwrap();
    assert!(seen >= batches, "the victim wrote before it was killed");
    confirmed
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_writes_it_holds_together() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("index.db");
    for batches in [1, 5, 13] {
        let confirmed = write_and_kill(&file, batches).await;
        let index = SqliteIndex::open(&file).await.unwrap();
        holds_what_was_confirmed(&index, &confirmed).await;
        keys_and_words_match_documents(&index).await;
        drop(index);
        integrity(&file).await;
    }
}

async fn holds_what_was_confirmed(index: &SqliteIndex, confirmed: &BTreeMap<u64, i64>) {
    for (n, version) in confirmed {
        // An older write is refused whether the record is there or deleted.
        let older = index.write(vec![change(*n, version - 1)]).await.unwrap();
        assert_eq!(older, [index::WriteOutcome::Stale], "record {n} at {version}");
    }
}

async fn keys_and_words_match_documents(index: &SqliteIndex) {
    let documents = index.scan(None, 100_000).await.unwrap();
    assert_eq!(index.count().await.unwrap(), documents.len() as u64);
    let mut expected: BTreeMap<String, BTreeSet<RecordId>> = BTreeMap::new();
    for document in &documents {
        for key in &document.keys {
            expected.entry(key.clone()).or_default().insert(document.id);
        }
    }
    // Also keys that nobody has any more.
    let newest = documents.iter().map(|document| document.version.0).max().unwrap();
    let others = (0..=newest).map(|n| format!("at {n}")).chain((0..RECORDS).map(|n| format!("own {n}")));
    let keys: BTreeSet<String> = expected.keys().cloned().chain(others).collect();
    let keys: Vec<String> = keys.into_iter().collect();
    for block in index.blocks(&keys, 100_000).await.unwrap() {
        let ids: BTreeSet<RecordId> = block.ids.into_iter().collect();
        assert_eq!(ids, expected.remove(&block.key).unwrap_or_default(), "block {}", block.key);
    }
    for document in documents.iter().step_by(29) {
        let (n, _) = document.id.0.as_u64_pair();
        let hits = index.search(&format!("name{n}"), 5).await.unwrap();
        let first = hits.first().expect("its name is found");
        assert_eq!(first.name, format!("name{n} version{}", document.version));
    }
}

async fn integrity(file: &Path) {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let said: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(said, "ok");
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_of_something_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("index.db");
    std::fs::write(&file, "not a database, but quite long enough to be taken for one ".repeat(100)).unwrap();
    let refused = SqliteIndex::open(&file).await.unwrap_err();
    assert!(matches!(refused, Error::Corrupt(_)), "{refused:?}");
    let refused = SqliteIndex::open(&folder.path().join("no such folder/index.db")).await.unwrap_err();
    assert!(matches!(refused, Error::Transient { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("index.db");
    drop(SqliteIndex::open(&file).await.unwrap());
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE generation SET layout = 99").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let refused = SqliteIndex::open(&file).await.unwrap_err();
    assert!(matches!(&refused, Error::Invalid(why) if why.contains("newer release")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_open_one_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("index.db");
    let (one, two) = tokio::join!(SqliteIndex::open(&file), SqliteIndex::open(&file));
    let (one, two) = (one.unwrap(), two.unwrap());
    let (left, right) = tokio::join!(
        one.write((0..500).map(|n| change(n, 1)).collect()),
        two.write((500..1_000).map(|n| change(n, 1)).collect())
    );
    assert_eq!((left.unwrap().len(), right.unwrap().len()), (500, 500));
    assert_eq!(one.count().await.unwrap(), two.count().await.unwrap());
    one.generation("next").await.unwrap();
    two.switch_to("next").await.unwrap();
    assert_eq!(one.count().await.unwrap(), 0, "a switch is seen by the other process");
}
