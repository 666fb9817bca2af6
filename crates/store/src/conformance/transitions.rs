//! Cases about what became of clusters.

use super::Backend;
use super::clusters::cluster;
use super::fixture::{nth, scores};
use super::scores::apply;
use crate::resolution::Resolution;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    CandidatePair, ClusterId, ClusterTransition, Judgement, JudgementVerdict, TransitionCause,
    TransitionKind, Version,
};
use uuid::Uuid;

type Told = (TransitionKind, TransitionCause, Vec<u128>, Vec<u128>);

fn told(transition: &ClusterTransition) -> Told {
    let numbers = |ids: &[ClusterId]| ids.iter().map(|id| id.0.as_u128()).collect();
    (transition.kind, transition.cause, numbers(&transition.before), numbers(&transition.after))
}

async fn history(resolution: &dyn Resolution, after: i64) -> (Vec<Told>, i64) {
    let rows = resolution.transitions(after, 100).await.expect("read");
    let last = rows.last().map_or(after, |(seq, _)| *seq);
    assert!(rows.is_sorted_by(|a, b| a.0 < b.0));
    (rows.iter().map(|(_, transition)| told(transition)).collect(), last)
}

async fn seqs(resolution: &dyn Resolution) -> Vec<i64> {
    resolution.resolve_batch(100).await.expect("read").seqs
}

/// Each change of members is told once, with the ids before and after and with what queued a record of it; a change of
/// evidence alone is none.
pub async fn what_became_of_clusters_is_told_with_its_cause(backend: &dyn Backend) {
    use TransitionCause::{Judgement as Judged, Merge, Scores};
    use TransitionKind::{Born, Grew, Merged, Retired, Split};
    let store = backend.resolution("one").await;
    apply(&*store, &(1..=6).map(|n| scores(n, 1, &[])).collect::<Vec<_>>()).await;
    let queued = seqs(&*store).await;
    store
        .apply_clusters(&[cluster(1, &[1, 2], 0.9), cluster(3, &[3, 4], 0.8)], &[], &queued)
        .await
        .expect("written");
    let (first, at) = history(&*store, 0).await;
    assert_eq!(first, [(Born, Scores, vec![], vec![1]), (Born, Scores, vec![], vec![3])]);

    let pair = CandidatePair::new(nth(2), nth(3)).expect("two");
    let judgement = Judgement {
        pair,
        verdict: JudgementVerdict::Match,
        judged_by: "ana".into(),
        judged_at: DateTime::<Utc>::UNIX_EPOCH,
        reason: None,
    };
    store.judge(&[judgement], None).await.expect("judged");
    let queued = seqs(&*store).await;
    store
        .apply_clusters(&[cluster(1, &[1, 2, 3, 4], 0.7)], &[ClusterId(Uuid::from_u128(3))], &queued)
        .await
        .expect("written");
    let (second, at) = history(&*store, at).await;
    assert_eq!(second, [(Merged, Judged, vec![1, 3], vec![1])]);

    store.apply_clusters(&[cluster(1, &[1, 2, 3, 4], 0.6)], &[], &[]).await.expect("written");
    store.redirect(nth(5), Some(nth(4)), Version(7)).await.expect("taken");
    // What was scored again meanwhile does not hide the merge.
    apply(&*store, &[scores(5, 2, &[])]).await;
    let queued = seqs(&*store).await;
    store.apply_clusters(&[cluster(1, &[1, 2, 3, 4, 5], 0.6)], &[], &queued).await.expect("written");
    let (third, at) = history(&*store, at).await;
    assert_eq!(third, [(Grew, Merge, vec![1], vec![1])], "evidence alone is no transition");

    apply(&*store, &[scores(3, 3, &[])]).await;
    let queued = seqs(&*store).await;
    store
        .apply_clusters(&[cluster(1, &[1, 2], 0.9), cluster(3, &[3, 4, 5], 0.8)], &[], &queued)
        .await
        .expect("written");
    store.apply_clusters(&[], &[ClusterId(Uuid::from_u128(3))], &[]).await.expect("written");
    let (fourth, _) = history(&*store, at).await;
    assert_eq!(fourth, [(Split, Scores, vec![1], vec![1, 3]), (Retired, Scores, vec![3], vec![])]);
    let rows = store.transitions(0, 100).await.expect("read");
    let sizes: Vec<_> = rows.iter().map(|(_, t)| (t.members_before, t.members_after)).collect();
    assert_eq!(sizes, [(0, 2), (0, 2), (4, 4), (4, 5), (5, 5), (3, 0)]);
}

/// They wait for the topic, are forgotten by age once it has them, and not before.
pub async fn transitions_are_kept_until_they_are_sent_and_old(backend: &dyn Backend) {
    let store = backend.resolution("one").await;
    store.apply_clusters(&[cluster(1, &[1, 2], 0.9)], &[], &[]).await.expect("written");
    store.apply_clusters(&[cluster(3, &[3, 4], 0.9)], &[], &[]).await.expect("written");
    let waiting = store.unsent_transitions(10).await.expect("read");
    assert_eq!(waiting, store.transitions(0, 10).await.expect("read"));
    let later = entity::clock::now() + TimeDelta::days(1);
    assert_eq!(store.forget_transitions(later).await.expect("asked"), 0, "the topic has none of them");
    store.transitions_sent(waiting[0].0).await.expect("acknowledged");
    assert_eq!(store.unsent_transitions(10).await.expect("read"), waiting[1..]);
    assert_eq!(store.forget_transitions(later - TimeDelta::days(2)).await.expect("asked"), 0, "none is old");
    assert_eq!(store.forget_transitions(later).await.expect("asked"), 1);
    assert_eq!(store.transitions(0, 10).await.expect("read"), waiting[1..]);
}

/// A generation beside the live one has no history; a switch tells what it changes for people, and so does the way back.
pub async fn a_switch_tells_what_became_of_clusters(backend: &dyn Backend) {
    use TransitionCause::Model;
    use TransitionKind::{Born, Grew, Merged, Retired, Shrank, Split};
    let generations = backend.generations().await;
    let first = generations.follow_live().await.expect("there is a live one");
    let one = generations.of(first);
    let same = cluster(20, &[20, 21], 0.9);
    let before =
        [cluster(1, &[1, 2], 0.9), cluster(3, &[3, 4], 0.9), cluster(5, &[5, 6, 7], 0.9), same.clone()];
    one.apply_clusters(&before, &[], &[]).await.expect("written");
    let (_, at) = history(&*one, 0).await;
    let two = generations.of(generations.stage("two", "{}").await.expect("staged").id);
    let after = [cluster(1, &[1, 2, 3, 4], 0.9), cluster(5, &[5, 6], 0.9), cluster(8, &[8, 9], 0.9), same];
    two.apply_clusters(&after, &[], &[]).await.expect("written");
    assert_eq!(history(&*two, at).await.0, [], "nobody sees it");

    let staged = generations.stage("two", "{}").await.expect("staged").id;
    generations.activate(staged).await.expect("activated");
    let (mut switched, at) = history(&*two, at).await;
    switched.sort();
    let wanted = [
        (Born, Model, vec![], vec![8]),
        (Shrank, Model, vec![5], vec![5]),
        (Merged, Model, vec![1, 3], vec![1]),
    ];
    assert_eq!(switched, wanted);
    generations.activate(first).await.expect("rolled back");
    let (mut back, _) = history(&*one, at).await;
    back.sort();
    let wanted = [
        (Grew, Model, vec![5], vec![5]),
        (Split, Model, vec![1], vec![1, 3]),
        (Retired, Model, vec![8], vec![]),
    ];
    assert_eq!(back, wanted);
}
