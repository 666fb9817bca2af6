//! Cases about clusters, their pages, their events, and generations beside each other.

use super::Backend;
use super::fixture::{nth, pair, scores};
use super::scores::{apply, pairs, take_queue};
use crate::resolution::{ApplyOutcome, ClusterPage, OpenOnly, Resolution};
use entity::cluster::ExplanationLine;
use entity::{Cluster, ClusterId, ClusterMember, OrganizationId, PairEvidence};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A cluster of these records, each its own organization.
pub(super) fn cluster(id: u128, members: &[u128], probability: f64) -> Cluster {
    let member = |n: &u128| ClusterMember {
        record_id: nth(*n),
        organization_id: OrganizationId(nth(*n).0),
        probability: probability.sqrt(),
    };
    Cluster {
        id: ClusterId(Uuid::from_u128(id)),
        members: members.iter().map(member).collect(),
        probability,
        pairs: members.windows(2).map(|pair| evidence(pair[0], pair[1])).collect(),
        model_version: "one".to_owned(),
    }
}

fn evidence(left: u128, right: u128) -> PairEvidence {
    let line =
        ExplanationLine { comparison: "name".to_owned(), level: "exact".to_owned(), weight: 0.1 + 0.2 };
    PairEvidence {
        left: nth(left),
        right: nth(right),
        match_weight: 1.0 / 3.0,
        probability: 0.999_999_999_999_999_9,
        explanation: vec![line],
    }
}

/// A cluster that waits for nobody: its members are one organization.
fn settled(id: u128, members: &[u128], probability: f64) -> Cluster {
    let mut cluster = cluster(id, members, probability);
    cluster.members.iter_mut().for_each(|member| member.organization_id = OrganizationId(nth(1).0));
    cluster
}

async fn page(resolution: &dyn Resolution, open_only: OpenOnly) -> Vec<Cluster> {
    resolution.clusters(&ClusterPage { open_only, after: None, limit: 100 }).await.expect("read")
}

/// Members move from cluster to cluster in one call; what ended is gone, and only the batch's queue rows are done.
pub async fn clusters_take_members_from_each_other(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    apply(&*resolution, &(1..=5).map(|n| scores(n, 1, &[])).collect::<Vec<_>>()).await;
    let batch = resolution.resolve_batch(3).await.expect("read");
    let (one, two) = (cluster(1, &[1, 2, 3], 0.9), cluster(4, &[4, 5], 0.8));
    resolution.apply_clusters(&[one, two.clone()], &[], &batch.seqs).await.expect("written");
    assert_eq!(resolution.queue_lengths().await.expect("read"), (0, 2));
    let (one, moved) = (cluster(1, &[1, 2], 0.7), cluster(3, &[3, 4, 5], 0.6));
    let all = [one.clone(), moved.clone()];
    resolution.apply_clusters(&all, &[two.id], &[]).await.expect("written");
    assert_eq!(page(&*resolution, OpenOnly::All).await, all);
    assert_eq!(resolution.cluster(two.id).await.expect("read"), None);
    assert_eq!(resolution.cluster(moved.id).await.expect("read").as_ref(), Some(&moved));
    assert_eq!(resolution.cluster_counts().await.expect("read"), (2, 2));
    for from in [3, 4, 5] {
        let rows = resolution.components(&[nth(from)], 0.0).await.expect("read");
        assert_eq!(rows.clusters, std::slice::from_ref(&moved));
        assert_eq!(rows.records.len(), 3);
    }
    let settled = settled(1, &[1, 2], 0.7);
    resolution.apply_clusters(std::slice::from_ref(&settled), &[], &[]).await.expect("written");
    assert_eq!(page(&*resolution, OpenOnly::Open).await, [moved]);
    assert_eq!(resolution.cluster_counts().await.expect("read"), (1, 2));
}

/// Each change is an event, in order, until the topic has acknowledged it.
pub async fn events_wait_until_published(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    assert_eq!(resolution.corpus().await.expect("read").event_epoch, 0);
    resolution.set_event_epoch(3).await.expect("set");
    assert_eq!(resolution.corpus().await.expect("read").event_epoch, 3);
    let (one, two) = (cluster(1, &[1, 2], 0.9), cluster(3, &[3, 4], 0.8));
    resolution.apply_clusters(&[one.clone(), two.clone()], &[], &[]).await.expect("written");
    resolution.apply_clusters(&[], &[one.id], &[]).await.expect("written");
    let rows = resolution.outbox(10).await.expect("read");
    assert!(rows.is_sorted_by(|a, b| a.seq < b.seq));
    let events: Vec<_> = rows.iter().map(|row| (row.id, row.cluster.clone())).collect();
    assert_eq!(events, [(one.id, Some(one.clone())), (two.id, Some(two)), (one.id, None)]);
    assert_eq!(resolution.outbox(2).await.expect("read"), rows[..2]);
    for _ in 0..2 {
        resolution.published(rows[1].seq).await.expect("acknowledged");
        assert_eq!(resolution.outbox(10).await.expect("read"), rows[2..]);
    }
    resolution.published(rows[2].seq).await.expect("acknowledged");
    resolution.apply_clusters(&[one], &[], &[]).await.expect("written");
    let next = resolution.outbox(10).await.expect("read");
    assert!(next[0].seq > rows[2].seq, "numbers are not used again");
}

/// Pages hold every cluster once, highest probability first, also where many have the same.
pub async fn pages_through_equal_probabilities(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let third = 1.0 / 3.0;
    let all: Vec<_> = (0..7_u32)
        .map(|n| {
            let id = 2 * u128::from(n) + 1;
            let probability = if n.is_multiple_of(3) { third } else { 0.1 + 0.2 };
            if n == 5 { settled(id, &[id, id + 1], third) } else { cluster(id, &[id, id + 1], probability) }
        })
        .collect();
    resolution.apply_clusters(&all, &[], &[]).await.expect("written");
    for open_only in [OpenOnly::Open, OpenOnly::All] {
        let whole = page(&*resolution, open_only).await;
        assert_eq!(whole.len(), if open_only == OpenOnly::Open { 6 } else { 7 });
        assert!(
            whole.is_sorted_by(|a, b| (b.probability, a.id) < (a.probability, b.id)),
            "highest first, then by id"
        );
        let mut paged: Vec<Cluster> = Vec::new();
        loop {
            let after = paged.last().map(|last| (last.probability, last.id));
            let next = resolution.clusters(&ClusterPage { open_only, after, limit: 2 }).await.expect("read");
            if next.is_empty() {
                break;
            }
            paged.extend(next);
        }
        assert_eq!(paged, whole);
    }
}

/// Weights and probabilities come back to the last bit: the resolver compares what it finds with what stands.
pub async fn floats_come_back_exactly(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let mut bits = 0x3fb9_9999_9999_999a_u64;
    for n in 0..200_u128 {
        // Steps of an odd number of bits reach all kinds of mantissas between 0.1 and 1.
        bits = 0x3fb0_0000_0000_0000 + (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 0x0040_0000_0000_0000);
        let (left, right) = (2 * n + 1, 2 * n + 2);
        let written = cluster(left, &[left, right], f64::from_bits(bits));
        resolution.apply_clusters(std::slice::from_ref(&written), &[], &[]).await.expect("written");
        assert_eq!(resolution.cluster(written.id).await.expect("read"), Some(written));
        let scored = pair((left, 1), (right, 1), f64::from_bits(bits));
        apply(&*resolution, &[scores(left, 1, std::slice::from_ref(&scored))]).await;
        assert_eq!(resolution.components(&[nth(left)], 0.0).await.expect("read").pairs, [scored]);
    }
}

/// Generations stand beside each other: pairs, blocks, clusters, queues and events of one are not the other's.
pub async fn each_generation_keeps_its_own(backend: &dyn Backend) {
    let (one, two) = (backend.resolution("one").await, backend.resolution("two").await);
    let closed = BTreeMap::from([("a".to_owned(), true)]);
    one.move_blocks(&closed, &[nth(1)]).await.expect("moved");
    apply(&*one, &[scores(1, 1, &[pair((1, 1), (2, 1), 1.0)])]).await;
    one.apply_clusters(&[cluster(1, &[1, 2], 0.9)], &[], &[]).await.expect("written");
    one.set_event_epoch(4).await.expect("set");

    assert_eq!(pairs(&*two).await, []);
    assert_eq!(two.queue_lengths().await.expect("read"), (0, 0));
    let seen_open = BTreeMap::from([("a".to_owned(), false)]);
    let outcome = two.apply_scores(&[], &seen_open).await.expect("answered");
    assert_eq!(outcome, ApplyOutcome::Applied, "the block is open here");
    assert_eq!(two.outbox(10).await.expect("read"), []);
    assert_eq!(
        (page(&*two, OpenOnly::All).await, two.cluster_counts().await.expect("read")),
        (vec![], (0, 0))
    );
    let corpus = crate::resolution::Corpus { record_count: 0, event_epoch: 4 };
    assert_eq!(two.corpus().await.expect("read"), corpus, "the epoch is one for all: they share a topic");
    assert_eq!(two.components(&[nth(1)], 0.0).await.expect("read").records.len(), 0);
    assert!(two.known_scores(&[nth(1)]).await.expect("read").keys.is_empty());

    let waiting = one.queue_lengths().await.expect("read");
    apply(&*two, &[scores(1, 1, &[pair((1, 1), (2, 1), 7.0)])]).await;
    two.apply_clusters(&[cluster(1, &[1, 2, 3], 0.5)], &[], &[]).await.expect("written");
    two.published(i64::MAX).await.expect("acknowledged");
    take_queue(&*two).await;
    assert_eq!(pairs(&*one).await, [pair((1, 1), (2, 1), 1.0)]);
    assert_eq!(page(&*one, OpenOnly::All).await, [cluster(1, &[1, 2], 0.9)]);
    assert_eq!(one.outbox(10).await.expect("read").len(), 1);
    assert_eq!(one.queue_lengths().await.expect("read"), waiting);
    let again = backend.resolution("one").await;
    assert_eq!(pairs(&*again).await.len(), 1, "a generation is found again");
}
