//! Cases about the queues between scorer and resolver.

use super::Backend;
use super::fixture::{deletion, nth, pair, scores};
use super::scores::{apply, take_queue};
use std::collections::{BTreeMap, BTreeSet};

/// The members of a block that opened or closed wait to be scored again until they were.
pub async fn moved_blocks_are_scored_again(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let block = BTreeMap::from([("a".to_owned(), true)]);
    resolution.move_blocks(&block, &[nth(1), nth(2), nth(3)]).await.expect("moved");
    resolution.move_blocks(&block, &[nth(2)]).await.expect("harmless");
    assert_eq!(resolution.queue_lengths().await.expect("read"), (4, 0));
    let first = resolution.rescore_batch(2).await.expect("read");
    assert_eq!((first.records.as_slice(), first.seqs.len()), ([nth(1), nth(2)].as_slice(), 2));
    resolution.rescored(&first.seqs).await.expect("done");
    let rest = resolution.rescore_batch(10).await.expect("read");
    assert_eq!((rest.records.as_slice(), rest.seqs.len()), ([nth(3), nth(2)].as_slice(), 2));
    resolution.rescored(&rest.seqs).await.expect("done");
    resolution.rescored(&[]).await.expect("harmless");
    assert_eq!(resolution.queue_lengths().await.expect("read"), (0, 0));
}

/// When the number of records passes a power of two the prior moves, and every pair is looked at again; at no other
/// number, and also on the way down.
pub async fn the_prior_steps_at_powers_of_two(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let first = scores(1, 1, &[pair((1, 1), (2, 1), 2.0)]);
    apply(&*resolution, &[first, scores(2, 1, &[])]).await;
    take_queue(&*resolution).await;
    let steps = |n: u128| BTreeSet::from([nth(1), nth(n)]);
    let own = |n: u128| BTreeSet::from([nth(n)]);
    for (n, expected) in [(3, own(3)), (4, steps(4)), (5, own(5)), (6, own(6)), (7, own(7)), (8, steps(8))] {
        apply(&*resolution, &[scores(n, 1, &[])]).await;
        assert_eq!(take_queue(&*resolution).await, expected, "{n} records");
    }
    apply(&*resolution, &[scores(8, 2, &[])]).await;
    assert_eq!(take_queue(&*resolution).await, own(8), "a change does not count");
    apply(&*resolution, &[deletion(8, 3)]).await;
    assert_eq!(take_queue(&*resolution).await, steps(8), "seven again");
    apply(&*resolution, &[deletion(7, 3)]).await;
    let head = resolution.resolve_batch(10).await.expect("read");
    assert_eq!(head.record_count, 6, "the batch tells the count that its prior follows from");
    assert_eq!(take_queue(&*resolution).await, own(7), "six");
    assert_eq!(resolution.corpus().await.expect("read").record_count, 6);
}
