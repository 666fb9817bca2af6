//! Cases about the log: positions, pages, epochs, and what is kept.

use super::fixture::{captures, end, family, full_record, import, keys, owners, record, rows};
use super::{Backend, DataProduct};
use crate::error::{Conflict, Error, Result};
use crate::lease::Lease;
use entity::Record;
use std::collections::BTreeSet;
use std::time::Duration;

const ROLE: &str = "poller";

async fn hold(log: &dyn DataProduct, holder: &str) -> Lease {
    let lease = log.acquire(ROLE, holder, Duration::from_secs(600)).await.expect("the database answers");
    lease.expect("the role is free")
}

async fn several(log: &dyn DataProduct) -> Vec<Record> {
    let records: Vec<_> = (0..9).map(|n| full_record("north", &n.to_string())).collect();
    for record in &records {
        import(log, &[record]).await;
    }
    records
}

/// Read in pages of any size, the log tells of the same rows, each once and in order, with their whole families.
pub async fn pages_miss_nothing(backend: &dyn Backend) {
    let log = backend.organizations().await;
    let records = several(&*log).await;
    let whole = rows(&*log, &mut None).await;
    assert!(whole.is_sorted_by(|a, b| a.seq < b.seq));
    for rows_max in [1, 7, whole.len(), whole.len() + 1] {
        let mut position = None;
        let captures = captures(&*log, &mut position, rows_max).await;
        let rows: Vec<_> = captures.iter().flat_map(|capture| capture.rows.clone()).collect();
        assert_eq!(rows, whole, "in pages of {rows_max}");
        for capture in &captures {
            assert!(capture.rows.len() <= rows_max);
            let read: BTreeSet<_> = capture.family.records.iter().map(|record| record.id).collect();
            assert_eq!(read, owners(&capture.rows), "with the records behind the rows");
            assert!(capture.family.records.iter().all(|record| records.contains(record)));
        }
        let again = log.capture(position.as_deref(), rows_max).await.expect("the log is read");
        assert!(again.rows.is_empty() && !again.more, "nothing new");
    }
}

/// A new epoch forgets the numbers and the position, and tells of every row and every merge again.
pub async fn a_new_epoch_republishes_everything(backend: &dyn Backend) {
    let log = backend.organizations().await;
    let records = several(&*log).await;
    let request = super::fixture::merge_request(&*log, records[0].id, &[records[1].id]).await;
    log.merge(&request).await.expect("merged");
    let lease = hold(&*log, "ann").await;
    let state = log.capture_state().await.expect("read");
    assert_eq!((state.epoch, state.number_reserved, state.position), (0, 0, None));
    log.begin_epoch(&lease, 1).await.expect("begun");
    let mut position = None;
    let first = rows(&*log, &mut position).await;
    assert!(first.iter().all(|row| row.op != "R"), "the first epoch reads the log as it grew");
    log.reserve(&lease, 100).await.expect("reserved");
    log.reserve(&lease, 50).await.expect("reserved");
    prune_to_the_end(&*log, &lease, &mut position).await;
    let moved = log.capture_state().await.expect("read");
    assert_eq!((moved.store_id, moved.number_reserved, moved.position), (state.store_id, 100, position));

    log.begin_epoch(&lease, 5).await.expect("begun");
    let state = log.capture_state().await.expect("read");
    assert_eq!((state.epoch, state.number_reserved, state.position), (5, 0, None));
    let captures = captures(&*log, &mut None, 10).await;
    let again: Vec<_> = captures.iter().flat_map(|capture| capture.rows.clone()).collect();
    assert!(again.iter().all(|row| row.op == "R"));
    assert_eq!(keys(&again), keys(&first));
    assert_eq!(owners(&again), owners(&first));
    let merges: Vec<_> = captures.iter().flat_map(|capture| capture.merges.clone()).collect();
    assert_eq!(merges.iter().map(|merge| merge.id).collect::<Vec<_>>(), [request.id]);
}

/// Whoever lost the lease can move nothing any more.
pub async fn a_stale_lease_can_neither_reserve_nor_advance(backend: &dyn Backend) {
    let log = backend.organizations().await;
    several(&*log).await;
    let stale = hold(&*log, "ann").await;
    log.begin_epoch(&stale, 1).await.expect("begun");
    log.reserve(&stale, 10).await.expect("reserved");
    log.release(&stale).await.expect("released");
    hold(&*log, "ben").await;
    let before = log.capture_state().await.expect("read");
    let position = end(&*log).await.expect("a position");
    fenced(log.reserve(&stale, 20).await);
    fenced(log.advance(&stale, &position).await);
    fenced(log.begin_epoch(&stale, 2).await);
    fenced(log.prune(&stale).await);
    assert_eq!(log.capture_state().await.expect("read"), before);
}

fn fenced<T: std::fmt::Debug>(outcome: Result<T>) {
    assert!(matches!(outcome, Err(Error::Conflict(Conflict::Fenced(_)))), "it was fenced: {outcome:?}");
}

/// Pruning takes rows before the acknowledged position, and no other, however often it is called.
pub async fn prunes_only_what_was_acknowledged(backend: &dyn Backend) {
    let log = backend.organizations().await;
    several(&*log).await;
    let lease = hold(&*log, "ann").await;
    assert_eq!(log.prune(&lease).await.expect("pruned"), 0, "nothing was acknowledged");
    let whole = rows(&*log, &mut None).await;
    let first = log.capture(None, 12).await.expect("read");
    log.advance(&lease, &first.next).await.expect("advanced");
    while log.prune(&lease).await.expect("pruned") > 0 {}
    let mut position = Some(first.next.clone());
    assert_eq!(rows(&*log, &mut position).await, whole[12..], "what was not acknowledged is there");
    import(&*log, &[&record("south", "1")]).await;
    let last = rows(&*log, &mut position).await.pop().expect("a row");
    assert!(last.seq > whole.last().expect("a row").seq, "numbers grow");
    prune_to_the_end(&*log, &lease, &mut position).await;
    import(&*log, &[&record("south", "2")]).await;
    let next = rows(&*log, &mut position).await.pop().expect("a row");
    assert!(next.seq > last.seq, "and are not used again");
}

/// Reads, acknowledges and prunes until nothing is left. On PostgreSQL a transaction anywhere on the server keeps
/// rows that began after it.
async fn prune_to_the_end(log: &dyn DataProduct, lease: &Lease, position: &mut Option<String>) {
    while log.waiting(None).await.expect("counted") > 0 {
        rows(log, position).await;
        log.advance(lease, position.as_deref().expect("a position")).await.expect("advanced");
        log.prune(lease).await.expect("pruned");
        tokio::task::yield_now().await;
    }
}

/// Records are published again on request, with their locations and services.
pub async fn republishes_on_request(backend: &dyn Backend) {
    let log = backend.organizations().await;
    let records = several(&*log).await;
    let mut position = end(&*log).await;
    log.republish(&[records[3].id]).await.expect("asked");
    let rows = rows(&*log, &mut position).await;
    assert!(rows.iter().all(|row| row.op == "R"));
    let places =
        records[3].organization.locations.iter().map(|location| ("location".to_owned(), location.id.0));
    let offers = records[3].organization.services.iter().map(|service| ("service".to_owned(), service.id.0));
    let own = [("organization".to_owned(), records[3].id.0)];
    assert_eq!(keys(&rows), places.chain(offers).chain(own).collect());
    assert_eq!(family(&*log, &[records[3].id]).await.records, [records[3].clone()]);
}

/// The number of waiting rows shrinks as the position moves on.
pub async fn waiting_counts_what_is_ahead(backend: &dyn Backend) {
    let log = backend.organizations().await;
    assert_eq!(log.waiting(None).await.expect("counted"), 0);
    several(&*log).await;
    let mut ahead = rows(&*log, &mut None).await.len() as u64;
    let mut position = None;
    while ahead > 0 {
        assert_eq!(log.waiting(position.as_deref()).await.expect("counted"), ahead);
        let capture = log.capture(position.as_deref(), 7).await.expect("read");
        ahead -= capture.rows.len() as u64;
        position = Some(capture.next);
    }
    assert_eq!(log.waiting(position.as_deref()).await.expect("counted"), 0);
    assert!(matches!(log.capture(Some("nonsense"), 7).await, Err(Error::Invalid(_))));
}
