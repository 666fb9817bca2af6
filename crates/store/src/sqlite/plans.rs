//! What is asked for every scored record finds its rows by an index, however many there are.

use super::ResolutionStore;
use super::resolution::components::BONDS_OF;
use super::resolution::score_rows::PAIRS_OF;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

/// The steps of a plan that read a table or an index of ours.
async fn steps(statement: &str, tables: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("resolution.db");
    let _store = ResolutionStore::open(&path, ("one", "")).await.expect("the database opens");
    let options = SqliteConnectOptions::new().filename(&path);
    let mut connection = options.connect().await.expect("the file opens");
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(explain).bind(1_i64).bind("[]").fetch_all(&mut connection).await.expect("a plan");
    let reads = |step: &String| tables.iter().any(|table| step.contains(&format!(" {table} ")));
    steps.into_iter().map(|(.., step)| step).filter(reads).collect()
}

#[tokio::test]
async fn pairs_of_a_record_are_found_by_the_record() {
    let steps = steps(PAIRS_OF, &["pair", "found"]).await;
    assert_eq!(steps.len(), 3, "{steps:#?}");
    let by_record = |step: &String| step.contains("left_id=?") || step.contains("right_id=?");
    assert!(steps.iter().all(by_record), "{steps:#?}");
}

#[tokio::test]
async fn what_ties_a_record_is_found_by_the_record() {
    let steps = steps(BONDS_OF, &["redirect", "cluster_member", "judgement"]).await;
    assert_eq!(steps.len(), 6, "{steps:#?}");
    let by = ["absorbed_id=?", "survivor_id=?", "record_id=?", "cluster_id=?", "left_id=?", "right_id=?"];
    for column in by {
        assert!(steps.iter().any(|step| step.contains(column)), "{column}: {steps:#?}");
    }
}
