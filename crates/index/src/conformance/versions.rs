//! A newer version is never overwritten by an older one, deletes included.

use super::{Bed, delete, done, id, ids_of, read_one, shuffled, upsert, write, write_one};
use crate::port::{IndexWrite, WriteOutcome};
use entity::Version;
use futures::future::join_all;

/// Upserts in and out of order; the keys follow the newest.
pub async fn a_newer_version_overwrites_and_an_older_one_does_not(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    assert_eq!(write_one(index, upsert(1, 10, &["a", "b"])).await, WriteOutcome::Applied);
    assert_eq!(write_one(index, upsert(1, 12, &["b", "c"])).await, WriteOutcome::Applied);
    assert_eq!(write_one(index, upsert(1, 11, &["d"])).await, WriteOutcome::Stale);
    assert_eq!(write_one(index, upsert(1, 12, &["b", "c"])).await, WriteOutcome::Applied, "the same again");
    let found = read_one(index, 1).await.expect("it is there");
    assert_eq!((found.version, found.keys), (Version(12), vec!["b".to_owned(), "c".to_owned()]));
    assert_eq!(found.features, b"features of 1 at 12");
    for (key, expected) in [("a", vec![]), ("b", vec![id(1)]), ("c", vec![id(1)]), ("d", vec![])] {
        assert_eq!(ids_of(index, key).await, expected, "block {key}");
    }
    assert_eq!(done(index.count().await), 1);
}

/// A write older than the delete never brings the record back; a newer one does.
pub async fn a_delete_outlives_older_writes(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    assert_eq!(write_one(index, upsert(1, 10, &["a"])).await, WriteOutcome::Applied);
    assert_eq!(write_one(index, delete(1, 9)).await, WriteOutcome::Stale);
    assert!(read_one(index, 1).await.is_some(), "an older delete changes nothing");
    assert_eq!(write_one(index, delete(1, 20)).await, WriteOutcome::Applied);
    assert_eq!(write_one(index, delete(1, 20)).await, WriteOutcome::Applied, "the same again");
    assert_eq!(write_one(index, upsert(1, 15, &["a"])).await, WriteOutcome::Stale);
    assert_eq!(read_one(index, 1).await, None);
    assert!(ids_of(index, "a").await.is_empty());
    assert!(done(index.scan(None, 10).await).is_empty());
    assert_eq!(done(index.count().await), 0);
    assert_eq!(write_one(index, upsert(1, 21, &["a"])).await, WriteOutcome::Applied);
    assert_eq!(ids_of(index, "a").await, [id(1)]);
    assert_eq!(done(index.count().await), 1);
}

/// The delete may come before the upsert that it follows.
pub async fn a_delete_of_an_unknown_record_counts(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    assert_eq!(write_one(index, delete(1, 5)).await, WriteOutcome::Applied);
    assert_eq!(write_one(index, upsert(1, 4, &["a"])).await, WriteOutcome::Stale);
    assert_eq!(read_one(index, 1).await, None);
    assert_eq!(done(index.count().await), 0);
}

/// Several versions of a record in one call.
pub async fn writes_of_one_call_go_in_order(bed: &dyn Bed) {
    use WriteOutcome::{Applied, Stale};
    let index = bed.open().await;
    let index = index.as_ref();
    let writes = vec![
        upsert(1, 1, &["a"]),
        upsert(1, 3, &["c"]),
        upsert(2, 7, &["c"]),
        upsert(1, 2, &["b"]),
        delete(2, 8),
        delete(3, 1),
        upsert(3, 2, &["c"]),
    ];
    let outcomes = write(index, writes).await;
    assert_eq!(outcomes, [Applied, Applied, Applied, Stale, Applied, Applied, Applied]);
    assert_eq!(ids_of(index, "c").await, [id(1), id(3)]);
    assert!(ids_of(index, "a").await.is_empty());
    assert_eq!(done(index.count().await), 2);
}

/// Eight writers, each with all versions of the records in an order of its own.
pub async fn concurrent_writers_end_at_the_newest(bed: &dyn Bed) {
    const RECORDS: i64 = 6;
    const VERSIONS: i64 = 40;
    let index = bed.open().await;
    let index = index.as_ref();
    let writer = async |seed: u64| {
        let order = shuffled(RECORDS * VERSIONS, seed);
        for batch in order.chunks(16) {
            let writes = batch.iter().map(|number| change(number % RECORDS, number / RECORDS + 1)).collect();
            done(index.write(writes).await);
        }
    };
    join_all((1..=8).map(writer)).await;
    done(index.refresh().await);
    let survivors: Vec<u64> =
        (0..RECORDS).filter(|record| !is_deleted(*record, VERSIONS)).map(i64::unsigned_abs).collect();
    for record in 0..RECORDS.unsigned_abs() {
        let version = read_one(index, record).await.map(|document| document.version);
        assert_eq!(version, survivors.contains(&record).then_some(Version(VERSIONS)), "record {record}");
    }
    let ids: Vec<_> = survivors.iter().map(|record| id(*record)).collect();
    assert_eq!(ids_of(index, &format!("at {VERSIONS}")).await, ids);
    assert!(
        ids_of(index, &format!("at {}", VERSIONS - 1)).await.is_empty(),
        "no posting of an older version"
    );
    assert_eq!(done(index.count().await), ids.len() as u64);
}

/// Some versions of some records are deletes, the last of every third among them.
fn is_deleted(record: i64, version: i64) -> bool {
    (record + version) % 3 == 0
}

fn change(record: i64, version: i64) -> IndexWrite {
    if is_deleted(record, version) {
        return delete(record.unsigned_abs(), version);
    }
    upsert(record.unsigned_abs(), version, &[&format!("at {version}")])
}

/// A key at the limit is taken, one byte more is not, and its neighbours do not notice.
pub async fn a_refused_document_does_not_stop_the_others(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    let at_limit = "k".repeat(32_766);
    let writes = vec![
        upsert(1, 1, &["a"]),
        upsert(2, 1, &["a", &format!("{at_limit}k")]),
        upsert(3, 1, &["a", &at_limit]),
        upsert(4, -1, &["a"]),
        upsert(5, 1, &["a"]),
    ];
    let outcomes = write(index, writes).await;
    for (outcome, is_taken) in outcomes.iter().zip([true, false, true, false, true]) {
        match outcome {
            WriteOutcome::Applied => assert!(is_taken, "{outcomes:?}"),
            WriteOutcome::Rejected(reason) => assert!(!is_taken && reason.len() > 20, "{outcomes:?}"),
            WriteOutcome::Stale => assert_eq!(outcome, &WriteOutcome::Applied),
        }
    }
    assert_eq!(ids_of(index, "a").await, [id(1), id(3), id(5)]);
    assert_eq!(ids_of(index, &at_limit).await, [id(3)]);
    let again = write_one(index, upsert(2, 2, &["a"])).await;
    assert_eq!(again, WriteOutcome::Applied, "a good version of the same record is taken");
}

/// Empty calls are answered emptily.
pub async fn nothing_written_is_nothing_done(bed: &dyn Bed) {
    let index = bed.open().await;
    assert!(done(index.write(Vec::new()).await).is_empty());
    assert!(done(index.blocks(&[], 10).await).is_empty());
    assert!(done(index.documents(&[]).await).is_empty());
    assert!(done(index.scan(None, 0).await).is_empty());
    assert_eq!(done(index.count().await), 0);
}

/// Another process finds documents, deletes and generations.
pub async fn it_is_all_there_after_a_restart(bed: &dyn Bed) {
    let index = bed.open().await;
    write(index.as_ref(), vec![upsert(1, 5, &["a"]), upsert(2, 5, &["a"]), delete(2, 6)]).await;
    let beside = done(index.generation("beside").await);
    write(beside.as_ref(), vec![upsert(3, 1, &["a"])]).await;
    drop((index, beside));
    let index = bed.open().await;
    assert_eq!(ids_of(index.as_ref(), "a").await, [id(1)]);
    assert_eq!(write_one(index.as_ref(), upsert(2, 5, &["a"])).await, WriteOutcome::Stale);
    let beside = done(index.generation("beside").await);
    assert_eq!(ids_of(beside.as_ref(), "a").await, [id(3)]);
}
