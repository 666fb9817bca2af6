//! Cases about whole components.

use super::Backend;
use super::clusters::cluster;
use super::fixture::{at, nth, pair, scores};
use super::scores::{apply, take_queue};
use crate::review::Agreement;
use entity::{CandidatePair, Judgement, JudgementVerdict, OrganizationId, RecordId, Version};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) fn judgement(left: u128, right: u128, verdict: JudgementVerdict, micros: i64) -> Judgement {
    Judgement {
        pair: CandidatePair::new(nth(left), nth(right)).expect("two records"),
        verdict,
        judged_by: "ann".to_owned(),
        judged_at: at(micros),
        reason: Some("said so".to_owned()),
    }
}

/// Pairs, redirects in both directions, match judgements and present clusters lead on, from wherever one begins.
pub async fn a_component_is_followed_to_the_end(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    // 1 -pair- 2 -redirect-> 30 <-redirect- 4 -judgement- 5 -cluster- 6; 7 and 8 are apart. 30 is no record.
    let strong = pair((1, 1), (2, 1), 2.0);
    let all =
        [1, 2, 4, 5, 6, 7, 8].map(|n| scores(n, 1, if n == 1 { std::slice::from_ref(&strong) } else { &[] }));
    apply(&*resolution, &all).await;
    for absorbed in [2, 4] {
        resolution.redirect(nth(absorbed), Some(nth(30)), Version(1)).await.expect("taken in");
    }
    let judged = judgement(4, 5, JudgementVerdict::Match, 1);
    let against = judgement(1, 6, JudgementVerdict::NonMatch, 2);
    let outside = judgement(6, 7, JudgementVerdict::NonMatch, 3);
    let judgements = [judged.clone(), against.clone(), outside];
    resolution.judge(&judgements, None).await.expect("judged");
    let present = cluster(5, &[5, 6], 0.75);
    resolution.apply_clusters(std::slice::from_ref(&present), &[], &[]).await.expect("written");
    let members: Vec<RecordId> = [1, 2, 4, 5, 6].map(nth).to_vec();
    for from in [1, 2, 30, 4, 5, 6] {
        let rows = resolution.components(&[nth(from)], 2.0).await.expect("read");
        assert_eq!(rows.records.keys().copied().collect::<Vec<_>>(), members, "from {from}");
        assert_eq!(rows.records[&nth(2)], at(2));
        assert_eq!(rows.pairs, std::slice::from_ref(&strong), "from {from}");
        assert_eq!(rows.judgements, [against.clone(), judged.clone()], "from {from}");
        assert_eq!(rows.clusters, std::slice::from_ref(&present), "from {from}");
        let golden = OrganizationId(nth(30).0);
        assert_eq!((rows.organizations[&nth(2)], rows.organizations[&nth(4)]), (golden, golden));
        assert_eq!(rows.organizations[&nth(1)], OrganizationId(nth(1).0));
    }
    let apart = resolution.components(&[nth(7), nth(8)], 2.0).await.expect("read");
    assert_eq!((apart.records.len(), apart.judgements.len()), (2, 0));
    assert_eq!(
        resolution.components(&[], 2.0).await.expect("read"),
        crate::resolution::ComponentRows::default()
    );
}

/// A pair below the least weight brings nobody in, but is told of.
pub async fn a_weak_pair_does_not_connect(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let pairs = [pair((1, 1), (2, 1), 2.0), pair((2, 1), (3, 1), 2.0), pair((1, 1), (3, 1), -1.0)];
    let weak = pair((3, 1), (4, 1), 1.999);
    apply(&*resolution, &[scores(3, 1, &[pairs[1].clone(), pairs[2].clone(), weak.clone()])]).await;
    apply(&*resolution, &[scores(1, 1, &pairs[..1]), scores(2, 1, &[]), scores(4, 1, &[])]).await;
    let rows = resolution.components(&[nth(3)], 2.0).await.expect("read");
    assert_eq!(rows.records.into_keys().collect::<Vec<_>>(), [1, 2, 3].map(nth));
    assert_eq!(rows.pairs, [pairs[0].clone(), pairs[2].clone(), pairs[1].clone(), weak]);
}

/// Redirects arrive in any order and twice: the newest stands, and both ends are resolved again.
pub async fn a_newer_redirect_is_never_replaced(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    apply(&*resolution, &[scores(1, 1, &[]), scores(2, 1, &[]), scores(3, 1, &[])]).await;
    take_queue(&*resolution).await;
    let golden_id = async || {
        let rows = resolution.components(&[nth(1)], 0.0).await.expect("read");
        RecordId(rows.organizations[&nth(1)].0)
    };
    resolution.redirect(nth(1), Some(nth(2)), Version(20)).await.expect("taken in");
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(2)]));
    resolution.redirect(nth(1), Some(nth(3)), Version(10)).await.expect("ignored");
    resolution.redirect(nth(1), None, Version(20)).await.expect("ignored");
    assert_eq!(golden_id().await, nth(2));
    take_queue(&*resolution).await;
    resolution.redirect(nth(1), Some(nth(3)), Version(30)).await.expect("taken in");
    assert_eq!(golden_id().await, nth(3));
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(2), nth(3)]), "the old end too");
    resolution.redirect(nth(1), None, Version(40)).await.expect("taken in");
    assert_eq!(golden_id().await, nth(1));
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(3)]));
    resolution.redirect(nth(1), Some(nth(2)), Version(35)).await.expect("ignored");
    assert_eq!(golden_id().await, nth(1), "an end is remembered");
}

/// Of the judgements of a pair the newest holds; when it is withdrawn, the one before holds again.
pub async fn the_newest_judgement_holds(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    apply(&*resolution, &[scores(1, 1, &[]), scores(2, 1, &[])]).await;
    let standing = async || {
        let rows = resolution.components(&[nth(1), nth(2)], 0.0).await.expect("read");
        rows.judgements.into_iter().map(|judgement| judgement.verdict).collect::<Vec<_>>()
    };
    let decision = Uuid::from_u128(9);
    let first = judgement(1, 2, JudgementVerdict::NonMatch, 5);
    resolution.judge(&[first], None).await.expect("judged");
    take_queue(&*resolution).await;
    resolution.judge(&[judgement(1, 2, JudgementVerdict::Match, 4)], Some(decision)).await.expect("judged");
    assert_eq!(standing().await, [JudgementVerdict::Match]);
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(2)]));
    for _ in 0..2 {
        resolution.withdraw(decision, at(6)).await.expect("withdrawn");
        assert_eq!(standing().await, [JudgementVerdict::NonMatch]);
    }
    assert_eq!(take_queue(&*resolution).await, BTreeSet::from([nth(1), nth(2)]));
    resolution.judge(&[judgement(1, 2, JudgementVerdict::Unsure, 7)], None).await.expect("judged");
    assert_eq!(standing().await, [JudgementVerdict::Unsure]);
}

/// Of each person what they said last counts; who is unsure says nothing, and related is a no.
pub async fn people_agree_or_not(backend: &dyn Backend) {
    use JudgementVerdict::{Match, NonMatch, Related, Unsure};
    let resolution = backend.resolution("one").await;
    let said = async |left: u128, right: u128, verdict, by: &str, decision: u128| {
        let judgement = Judgement { judged_by: by.to_owned(), ..judgement(left, right, verdict, 1) };
        resolution.judge(&[judgement], Some(Uuid::from_u128(decision))).await.expect("judged");
    };
    assert_eq!(resolution.agreement().await.expect("counted"), Agreement::default());
    for (left, right, verdict, by) in [
        (1, 2, NonMatch, "ann"),
        (1, 2, Match, "ann"),
        (1, 2, Match, "ben"),
        (1, 3, NonMatch, "ann"),
        (1, 3, Related, "ben"),
        (2, 3, Match, "ann"),
        (2, 3, Unsure, "ben"),
        (4, 5, Match, "ann"),
    ] {
        said(left, right, verdict, by, 1).await;
    }
    said(4, 5, NonMatch, "ben", 2).await;
    assert_eq!(resolution.agreement().await.expect("counted"), Agreement { pairs: 3, agreed: 2 });
    resolution.withdraw(Uuid::from_u128(2), at(9)).await.expect("withdrawn");
    assert_eq!(resolution.agreement().await.expect("counted"), Agreement { pairs: 2, agreed: 2 });
}
