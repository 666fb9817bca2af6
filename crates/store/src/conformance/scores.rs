//! Cases about scores: what is kept and what goes.

use super::Backend;
use super::fixture::{at, deletion, nth, pair, scores};
use crate::resolution::{ApplyOutcome, PartnerVerdict, RecordScores, Resolution};
use entity::{RecordId, ScoredPair, Version};
use std::collections::{BTreeMap, BTreeSet};

/// Takes scores in that rely on no block.
pub(super) async fn apply(resolution: &dyn Resolution, all: &[RecordScores]) {
    let outcome = resolution.apply_scores(all, &BTreeMap::new()).await.expect("taken in");
    assert_eq!(outcome, ApplyOutcome::Applied);
}

/// All pairs, read in small pages.
pub(super) async fn pairs(resolution: &dyn Resolution) -> Vec<ScoredPair> {
    let mut all: Vec<ScoredPair> = Vec::new();
    loop {
        let after = all.last().map(|scored| scored.pair);
        let page = resolution.scan_pairs(after, 2).await.expect("read");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Empties the resolver's queue and gives what was in it.
pub(super) async fn take_queue(resolution: &dyn Resolution) -> BTreeSet<RecordId> {
    let batch = resolution.resolve_batch(10_000).await.expect("read");
    resolution.apply_clusters(&[], &[], &batch.seqs).await.expect("taken");
    let records = batch.records.len();
    let records_once: BTreeSet<_> = batch.records.into_iter().collect();
    assert_eq!(records_once.len(), records, "each once");
    records_once
}

/// Late and repeated calls are harmless: an older version of either record replaces nothing.
pub async fn stale_scores_are_ignored(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let (old, new) = (pair((1, 10), (2, 10), 0.5), pair((1, 20), (2, 10), 1.0 / 3.0));
    apply(&*resolution, &[scores(2, 10, &[])]).await;
    apply(&*resolution, &[scores(1, 20, std::slice::from_ref(&new))]).await;
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(2)]));
    apply(&*resolution, &[scores(1, 10, std::slice::from_ref(&old))]).await;
    assert_eq!(
        pairs(&*resolution).await,
        std::slice::from_ref(&new),
        "an older version of the record itself"
    );
    assert_eq!(take_queue(&*resolution).await, BTreeSet::new());
    apply(&*resolution, &[scores(2, 10, &[old])]).await;
    assert_eq!(pairs(&*resolution).await, std::slice::from_ref(&new), "an older version of the partner");
    let late = PartnerVerdict { partner: nth(1), version: Version(10), pair: None };
    apply(&*resolution, &[RecordScores { verdicts: vec![late], ..scores(2, 10, &[]) }]).await;
    assert_eq!(pairs(&*resolution).await, std::slice::from_ref(&new), "an older verdict against the pair");
    apply(&*resolution, &[scores(1, 20, std::slice::from_ref(&new))]).await;
    assert_eq!(pairs(&*resolution).await, [new], "a repetition");
    assert_eq!(resolution.corpus().await.expect("read").record_count, 2);
    let known = resolution.known_scores(&[nth(1), nth(9)]).await.expect("read");
    assert_eq!(known.keys, BTreeMap::from([(nth(1), vec!["name:1".to_owned()])]));
    assert_eq!(known.created_at, BTreeMap::from([(nth(1), at(1))]));
    assert_eq!(known.partners, BTreeMap::from([(nth(1), BTreeMap::from([(nth(2), Version(10))]))]));
    // A newer version that shares no key any more ends the pair, also when its scorer did not know of it.
    apply(&*resolution, &[scores(1, 30, &[])]).await;
    assert_eq!(pairs(&*resolution).await, []);
    assert!(take_queue(&*resolution).await.contains(&nth(2)), "the partner's cluster may change");
}

/// The scorer of a record's newer version saw an old version of a partner: what it says of that one keeps no pair alive that rests on
/// the record's older version. The partner's scorer has the word.
pub async fn a_verdict_on_an_older_partner_keeps_no_outlived_pair(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    apply(&*resolution, &[scores(1, 8, &[pair((1, 8), (2, 9), 0.5)])]).await;
    let late = PartnerVerdict { partner: nth(2), version: Version(4), pair: None };
    apply(&*resolution, &[RecordScores { verdicts: vec![late], ..scores(1, 14, &[]) }]).await;
    assert_eq!(pairs(&*resolution).await, []);
}

/// A deletion that is told again late ends no pair of the record that came back since.
pub async fn a_deletion_told_late_ends_no_newer_pair(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    apply(&*resolution, &[deletion(2, 7)]).await;
    let back = pair((1, 14), (2, 11), 0.5);
    apply(&*resolution, &[scores(1, 14, std::slice::from_ref(&back))]).await;
    apply(&*resolution, &[deletion(2, 7)]).await;
    assert_eq!(pairs(&*resolution).await, [back]);
}

/// A deletion removes all pairs of the record, and no late score brings one back.
pub async fn a_deletion_takes_its_pairs_along(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let (one, two) = (pair((1, 1), (2, 1), 3.0), pair((2, 1), (3, 1), 4.0));
    apply(&*resolution, &[scores(1, 1, &[]), scores(3, 1, &[]), scores(2, 1, &[one, two.clone()])]).await;
    take_queue(&*resolution).await;
    apply(&*resolution, &[deletion(1, 5)]).await;
    assert_eq!(pairs(&*resolution).await, std::slice::from_ref(&two));
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(2)]));
    assert_eq!(resolution.corpus().await.expect("read").record_count, 2);
    apply(&*resolution, &[deletion(1, 5), scores(2, 1, &[pair((1, 1), (2, 1), 3.0), two.clone()])]).await;
    assert_eq!(pairs(&*resolution).await, std::slice::from_ref(&two));
    assert_eq!(resolution.corpus().await.expect("read").record_count, 2, "counted once");
    let rows = resolution.components(&[nth(1), nth(2)], 0.0).await.expect("read");
    assert_eq!(rows.records.into_keys().collect::<Vec<_>>(), [nth(2), nth(3)], "it is no record any more");
    apply(&*resolution, &[scores(1, 6, &[pair((1, 6), (2, 1), 5.0)])]).await;
    assert_eq!(pairs(&*resolution).await.len(), 2, "it lives again");
    assert_eq!(resolution.corpus().await.expect("read").record_count, 3);
}

/// Scores that rest on a block which has opened or closed since are refused whole.
pub async fn moved_blocks_refuse_scores(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let key = |key: &str| key.to_owned();
    resolution
        .move_blocks(&BTreeMap::from([(key("a\"ü"), true), (key("b"), true)]), &[])
        .await
        .expect("moved");
    resolution.move_blocks(&BTreeMap::from([(key("b"), false)]), &[]).await.expect("moved");
    let all = [scores(1, 1, &[pair((1, 1), (2, 1), 1.0)])];
    let saw = BTreeMap::from([(key("a\"ü"), false), (key("b"), true), (key("c"), false)]);
    let outcome = resolution.apply_scores(&all, &saw).await.expect("answered");
    assert_eq!(outcome, ApplyOutcome::BlocksMoved(vec![key("a\"ü"), key("b")]));
    assert_eq!(pairs(&*resolution).await, []);
    assert_eq!(resolution.queue_lengths().await.expect("read"), (0, 0), "nothing was written");
    let saw = BTreeMap::from([(key("a\"ü"), true), (key("b"), false), (key("c"), false)]);
    let outcome = resolution.apply_scores(&all, &saw).await.expect("answered");
    assert_eq!(outcome, ApplyOutcome::Applied);
    assert_eq!(pairs(&*resolution).await.len(), 1);
}
