//! Cases about decisions and judgements as ground state.

use super::Backend;
use super::components::judgement;
use super::fixture::{at, nth, scores};
use super::scores::{apply, take_queue};
use crate::resolution::{Decision, DecisionNotes, DecisionState};
use entity::{ClusterId, JudgementVerdict, MergeId, OrganizationId, Version};
use std::collections::BTreeSet;
use uuid::Uuid;

fn decision(n: u128, micros: i64) -> Decision {
    Decision {
        id: Uuid::from_u128(n),
        cluster_id: ClusterId(Uuid::from_u128(1)),
        verdict: JudgementVerdict::Match,
        survivor: Some(OrganizationId(nth(1).0)),
        organizations: vec![OrganizationId(nth(1).0), OrganizationId(nth(2).0)],
        state: DecisionState::Decided,
        decided_by: "ann".to_owned(),
        decided_at: at(micros),
        reason: Some("ü".to_owned()),
        merge_id: None,
        refusal: None,
        parts: Vec::new(),
        notes: DecisionNotes::default(),
    }
}

/// A decision is found by id, by state (oldest first), among all (newest first), and by the merge it became.
pub async fn decisions_move_on(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let (mut early, late, mut middle) = (decision(3, 1), decision(1, 1_000_000), decision(2, 500));
    for decision in [&late, &early, &middle] {
        resolution.put_decision(decision).await.expect("written");
    }
    let all = resolution.decisions(None, 10).await.expect("read");
    assert_eq!(all, [late.clone(), middle.clone(), early.clone()]);
    let next = resolution.decisions(Some((late.decided_at, late.id)), 1).await.expect("read");
    assert_eq!(next.first(), Some(&middle));
    let waiting = resolution.decisions_in(DecisionState::Decided, None, 2).await.expect("read");
    assert_eq!(waiting, [early.clone(), middle.clone()]);
    let after = Some((middle.decided_at, middle.id));
    let waiting = resolution.decisions_in(DecisionState::Decided, after, 2).await.expect("read");
    assert_eq!(waiting.first(), Some(&late));
    early.state = DecisionState::Applied;
    early.merge_id = Some(MergeId(Uuid::from_u128(77)));
    middle.state = DecisionState::Refused;
    middle.refusal = Some("has changed".to_owned());
    for decision in [&early, &middle] {
        resolution.put_decision(decision).await.expect("written");
    }
    assert_eq!(resolution.decisions_in(DecisionState::Decided, None, 10).await.expect("read"), [late]);
    assert_eq!(
        resolution.decisions_in(DecisionState::Applied, None, 10).await.expect("read"),
        [early.clone()]
    );
    assert_eq!(resolution.decision(middle.id).await.expect("read"), Some(middle));
    assert_eq!(resolution.decision(Uuid::from_u128(8)).await.expect("read"), None);
    let of_merge = resolution.decision_of_merge(MergeId(Uuid::from_u128(77))).await.expect("read");
    assert_eq!(of_merge, Some(early));
    assert_eq!(resolution.decision_of_merge(MergeId(Uuid::from_u128(78))).await.expect("read"), None);
}

/// What people decide, and where merges lead, concerns every generation: each resolves its records again.
pub async fn judgements_reach_every_generation(backend: &dyn Backend) {
    let (one, two) = (backend.resolution("one").await, backend.resolution("two").await);
    for resolution in [&one, &two] {
        apply(&**resolution, &[scores(1, 1, &[]), scores(2, 1, &[])]).await;
        take_queue(&**resolution).await;
    }
    let both = BTreeSet::from([nth(1), nth(2)]);
    let decision = Uuid::from_u128(9);
    one.judge(&[judgement(1, 2, JudgementVerdict::Match, 1)], Some(decision)).await.expect("judged");
    assert_eq!((take_queue(&*one).await, take_queue(&*two).await), (both.clone(), both.clone()));
    assert_eq!(two.components(&[nth(1)], 0.0).await.expect("read").records.len(), 2);
    two.withdraw(decision, at(2)).await.expect("withdrawn");
    assert_eq!((take_queue(&*one).await, take_queue(&*two).await), (both.clone(), both.clone()));
    // Each generation reads the topic for itself; whoever comes first must not keep the other from resolving.
    one.redirect(nth(1), Some(nth(2)), Version(5)).await.expect("taken in");
    two.redirect(nth(1), Some(nth(2)), Version(5)).await.expect("harmless");
    assert_eq!((take_queue(&*one).await, take_queue(&*two).await), (both.clone(), both));
    assert_eq!(two.components(&[nth(1)], 0.0).await.expect("read").organizations[&nth(1)].0, nth(2).0);
}
