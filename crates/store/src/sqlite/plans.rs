//! What is asked for every scored record finds its rows by an index, however many pairs a generation has.

use super::ResolutionStore;
use super::resolution::score_rows::PAIRS_OF;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

#[tokio::test]
async fn pairs_of_a_record_are_found_by_the_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("resolution.db");
    let _store = ResolutionStore::open(&path, ("one", "")).await.expect("the database opens");
    let options = SqliteConnectOptions::new().filename(&path);
    let mut connection = options.connect().await.expect("the file opens");
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {PAIRS_OF}"));
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(explain).bind(1_i64).bind("[]").fetch_all(&mut connection).await.expect("a plan");
    let pairs: Vec<&str> = steps
        .iter()
        .map(|(.., step)| step.as_str())
        .filter(|step| step.contains(" pair ") || step.contains(" found "))
        .collect();
    assert_eq!(pairs.len(), 3, "{steps:#?}");
    let by_record = |step: &&str| step.contains("left_id=?") || step.contains("right_id=?");
    assert!(pairs.iter().all(by_record), "{steps:#?}");
}
