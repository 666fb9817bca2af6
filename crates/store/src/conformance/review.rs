//! Cases about the reviewers' side: the queue, claims, decisions on what was seen, and a no that is opened again.

use super::Backend;
use super::clusters::cluster;
use super::components::judgement;
use super::fixture::{at, nth, pair, scores};
use super::scores::{apply, take_queue};
use crate::resolution::{Decision, DecisionNotes, DecisionPart, DecisionState, Resolution};
use crate::review::{
    Comment, Decided, DecisionWrite, QueueFilter, QueueOrder, QueuePage, ReasonedJudgement, ReviewerTally,
    Shelf, Standing, Teach,
};
use entity::{
    CandidatePair, Cluster, ClusterId, JudgementVerdict, OrganizationId, ReasonCode, Relation, Version,
};
use std::time::{Duration, Instant};
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(60);

fn id(n: u128) -> ClusterId {
    ClusterId(Uuid::from_u128(n))
}

fn pair_of(left: u128, right: u128) -> CandidatePair {
    CandidatePair::new(nth(left), nth(right)).expect("two records")
}

/// A decision on a cluster of records 1 and 2.
fn decision(n: u128, on: &Cluster, verdict: JudgementVerdict, by: &str) -> Decision {
    let organizations: Vec<OrganizationId> = on.organizations().into_iter().collect();
    let merges = verdict == JudgementVerdict::Match;
    let part = DecisionPart {
        survivor: organizations[0],
        organizations: organizations.clone(),
        choices: Vec::new(),
        preview: None,
        merge_id: None,
    };
    Decision {
        id: Uuid::from_u128(n),
        cluster_id: on.id,
        verdict,
        survivor: None,
        organizations,
        state: if merges { DecisionState::Decided } else { DecisionState::Applied },
        decided_by: by.to_owned(),
        decided_at: at(i64::try_from(n).expect("a small number")),
        reason: None,
        merge_id: None,
        refusal: None,
        parts: if merges { vec![part] } else { Vec::new() },
        notes: DecisionNotes { revision: on.revision(), judged: true, ..DecisionNotes::default() },
    }
}

fn write(decision: Decision, verdict: JudgementVerdict, expected: &[String]) -> DecisionWrite {
    let reasoned = ReasonedJudgement {
        judgement: judgement(1, 2, verdict, 5),
        codes: vec![ReasonCode::BranchOf, ReasonCode::Renamed],
        relation: (verdict == JudgementVerdict::Related).then_some(Relation::Branch),
        teach: Teach::No,
    };
    DecisionWrite { decision, judgements: vec![reasoned], expected: expected.to_vec() }
}

async fn put(resolution: &dyn Resolution, clusters: &[Cluster]) {
    resolution.apply_clusters(clusters, &[], &[]).await.expect("written");
}

async fn ids(resolution: &dyn Resolution, page: &QueuePage) -> Vec<ClusterId> {
    let queue = resolution.queue(page).await.expect("read");
    queue.into_iter().map(|queued| queued.cluster.id).collect()
}

/// The queue goes by what is asked for, in pages that neither skip nor repeat, and holds what waits: what somebody was
/// unsure of is put aside until it changes.
pub async fn the_queue_goes_by_value_and_skips_what_was_put_aside(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let mut settled = cluster(9, &[20, 21], 0.99);
    settled.members[1].organization_id = settled.members[0].organization_id;
    // Worth 1.2, 0.9, 0.9, 0.6.
    let (large, sure, also) =
        (cluster(1, &[1, 2, 3], 0.6), cluster(2, &[4, 5], 0.9), cluster(3, &[6, 7], 0.9));
    let doubtful = cluster(4, &[8, 9], 0.6);
    put(&*resolution, &[large, sure.clone(), also, doubtful, settled]).await;
    let page = |order| QueuePage { order, limit: 10, ..QueuePage::default() };
    let by_value = [1, 2, 3, 4].map(id);
    assert_eq!(ids(&*resolution, &page(QueueOrder::Value)).await, by_value);
    assert_eq!(ids(&*resolution, &page(QueueOrder::Probability)).await, [2, 3, 1, 4].map(id));
    assert_eq!(ids(&*resolution, &page(QueueOrder::Size)).await, [1, 2, 3, 4].map(id));
    for order in [QueueOrder::Value, QueueOrder::Probability, QueueOrder::Age, QueueOrder::Size] {
        let whole = ids(&*resolution, &page(order)).await;
        let (mut walked, mut after) = (Vec::new(), None);
        while let Some(next) =
            resolution.queue(&QueuePage { after, limit: 1, ..page(order) }).await.expect("read").pop()
        {
            after = Some(next.place(order));
            walked.push(next.cluster.id);
        }
        assert_eq!(walked, whole, "{order:?}");
    }
    let band = QueueFilter { probability_min: 0.9, ..QueueFilter::default() };
    let filtered = |filter| QueuePage { filter, ..page(QueueOrder::Value) };
    assert_eq!(ids(&*resolution, &filtered(band)).await, [2, 3].map(id));
    let small = QueueFilter { size_max: 2, probability_below: 0.9, ..QueueFilter::default() };
    assert_eq!(ids(&*resolution, &filtered(small)).await, [id(4)]);
    assert_eq!(resolution.waiting_from(&[0.0, 0.5, 0.9]).await.expect("counted"), [0, 2, 2]);

    let unsure = decision(70, &sure, JudgementVerdict::Unsure, "ann");
    let written = resolution.decide(&write(unsure, JudgementVerdict::Unsure, &[])).await.expect("decided");
    assert_eq!(written, Decided::Written);
    let aside = QueueFilter { shelf: Shelf::Aside, ..QueueFilter::default() };
    assert_eq!(ids(&*resolution, &page(QueueOrder::Value)).await, [1, 3, 4].map(id));
    assert_eq!(ids(&*resolution, &filtered(aside)).await, [id(2)]);
    assert_eq!(resolution.waiting_from(&[0.9]).await.expect("counted"), [1]);
    let opened_at = resolution.queued(id(2)).await.expect("read").expect("there").opened_at;
    let mut changed = sure;
    changed.pairs[0].explanation[0].level = "close".to_owned();
    put(&*resolution, &[changed]).await;
    assert_eq!(ids(&*resolution, &page(QueueOrder::Value)).await, by_value, "its evidence changed");
    let again = resolution.queued(id(2)).await.expect("read").expect("there");
    assert_eq!(again.opened_at, opened_at, "it waited all the time");
}

/// One holder at a time, until the lease runs out; a page free for one leaves out what others hold.
pub async fn a_claim_is_held_until_it_runs_out(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    put(&*resolution, &[cluster(1, &[1, 2], 0.9), cluster(2, &[3, 4], 0.8)]).await;
    let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let both = [id(2), id(1), id(1)];
    assert_eq!(resolution.claim(ann, "ann", LONG, &both[..1]).await.expect("claimed"), [id(2)]);
    assert_eq!(resolution.claim(bob, "bob", LONG, &both).await.expect("claimed"), [id(1)]);
    let claim = resolution.queued(id(2)).await.expect("read").expect("there").claim.expect("held");
    assert_eq!((claim.id, &*claim.holder), (ann, "ann"));
    let free = QueuePage { limit: 5, free_for: Some("bob".to_owned()), ..QueuePage::default() };
    assert_eq!(ids(&*resolution, &free).await, [id(1)]);
    assert_eq!(resolution.renew_claim(ann, "ann", LONG).await.expect("renewed"), [id(2)]);
    assert!(resolution.renew_claim(ann, "bob", LONG).await.expect("asked").is_empty(), "not bob's");
    resolution.release_claim(ann, "bob").await.expect("ignored");
    resolution.release_claim(ann, "ann").await.expect("released");
    assert_eq!(ids(&*resolution, &free).await, [1, 2].map(id));
    // Renewed for a moment, it runs out by itself, and another may have it.
    resolution.renew_claim(bob, "bob", Duration::from_millis(1)).await.expect("renewed");
    let began = Instant::now();
    while resolution.claim(ann, "ann", LONG, &[id(1)]).await.expect("claimed").is_empty() {
        assert!(began.elapsed() < LONG, "a claim never ran out");
    }
    assert!(resolution.renew_claim(bob, "bob", LONG).await.expect("asked").is_empty(), "it was lost");
}

/// A decision is written on what was seen, by nobody who does not hold the cluster, and once.
pub async fn a_decision_rests_on_what_was_seen(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let seen = cluster(1, &[1, 2], 0.9);
    put(&*resolution, std::slice::from_ref(&seen)).await;
    let no = JudgementVerdict::NonMatch;
    let stale = write(decision(1, &seen, no, "ann"), no, &["another".to_owned()]);
    assert_eq!(resolution.decide(&stale).await.expect("answered"), Decided::Changed);
    resolution.claim(Uuid::from_u128(3), "bob", LONG, &[seen.id]).await.expect("claimed");
    let on_seen = write(decision(2, &seen, no, "ann"), no, &[seen.revision()]);
    let Decided::Held(claim) = resolution.decide(&on_seen).await.expect("answered") else {
        panic!("bob holds it");
    };
    assert_eq!(claim.holder, "bob");
    assert_eq!(resolution.decisions(None, 9).await.expect("read"), [], "nothing was written");

    let yes = JudgementVerdict::Match;
    let by_bob = write(decision(3, &seen, yes, "bob"), yes, &[seen.revision()]);
    assert_eq!(resolution.decide(&by_bob).await.expect("decided"), Decided::Written);
    assert_eq!(resolution.queued(seen.id).await.expect("read").expect("there").claim, None, "given back");
    let again = resolution.decide(&by_bob).await.expect("answered");
    assert_eq!(again, Decided::Repeated(Box::new(by_bob.decision.clone())));
    assert_eq!(resolution.judgements(0, 9).await.expect("read").len(), 1, "not judged twice");
    let Decided::Pending(other) = resolution.decide(&on_seen).await.expect("answered") else {
        panic!("bob's merge is on its way");
    };
    assert_eq!(other.id, by_bob.decision.id);
    let history = resolution.pair_history(&[pair_of(1, 2)]).await.expect("read");
    assert_eq!(history[0].decision_id, Some(by_bob.decision.id));
    assert_eq!(history[0].reasoned.codes, [ReasonCode::BranchOf, ReasonCode::Renamed]);
    let gone = write(decision(4, &cluster(8, &[8, 9], 0.5), no, "ann"), no, &[]);
    assert_eq!(resolution.decide(&gone).await.expect("answered"), Decided::Changed);
    assert_eq!(resolution.decisions_on(seen.id).await.expect("read"), [by_bob.decision]);
}

/// A no holds while its evidence stands. Once a comparison comes out otherwise, it blocks no more and is told of; it
/// holds again when the evidence is again what it was.
pub async fn a_no_is_reopened_by_new_evidence(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let scored = pair((1, 1), (2, 1), 3.0);
    apply(&*resolution, &[scores(1, 1, std::slice::from_ref(&scored)), scores(2, 1, &[])]).await;
    let no = ReasonedJudgement {
        judgement: judgement(1, 2, JudgementVerdict::Related, 1),
        codes: Vec::new(),
        relation: Some(Relation::Parent),
        teach: Teach::Yes,
    };
    resolution.judge_pair(&no).await.expect("judged");
    let standing = async || {
        let history = resolution.pair_history(&[pair_of(1, 2)]).await.expect("read");
        let rows = resolution.components(&[nth(1), nth(2)], 0.0).await.expect("read");
        (history.last().expect("judged").standing, rows.judgements.len())
    };
    assert_eq!(standing().await, (Standing::Holds, 1));
    // Scored again with the same levels and another weight: the same evidence.
    let mut rescored = pair((1, 2), (2, 1), 2.0);
    apply(&*resolution, &[scores(1, 2, std::slice::from_ref(&rescored))]).await;
    assert_eq!(standing().await, (Standing::Holds, 1));
    rescored.levels[1] = 7;
    rescored.left_version = Version(3);
    apply(&*resolution, &[scores(1, 3, std::slice::from_ref(&rescored))]).await;
    assert_eq!(standing().await, (Standing::Reopened, 0));
    assert_eq!(resolution.judgements(0, 1).await.expect("read"), [], "nor is anybody told that it holds");
    let history = resolution.pair_history(&[pair_of(1, 2)]).await.expect("read");
    assert_eq!(history[0].reasoned, no);
    assert_eq!(history[0].levels_now.as_deref(), Some(&[1, 7, 255][..]));
    let judged = history[0].evidence.as_ref().and_then(|evidence| evidence.pair.as_ref());
    assert_eq!(judged.map(|pair| pair.levels.clone()), Some(scored.levels.clone()));
    let back = pair((1, 4), (2, 1), 3.0);
    apply(&*resolution, &[scores(1, 4, std::slice::from_ref(&back))]).await;
    assert_eq!(standing().await, (Standing::Holds, 1), "the evidence is what it was");

    take_queue(&*resolution).await;
    assert!(resolution.lift_exclusion(pair_of(1, 2), at(9)).await.expect("lifted"));
    assert_eq!(standing().await, (Standing::Withdrawn, 0));
    assert_eq!(take_queue(&*resolution).await.len(), 2, "both are resolved again");
    assert!(!resolution.lift_exclusion(pair_of(1, 2), at(9)).await.expect("harmless"));
}

/// Models are not taught what is an exception, nor the older judgement that an exception took the place of.
pub async fn what_must_not_be_taught_is_not(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let reasoned = |(left, right), teach, micros| ReasonedJudgement {
        judgement: judgement(left, right, JudgementVerdict::NonMatch, micros),
        codes: Vec::new(),
        relation: None,
        teach,
    };
    for (pair, teach) in
        [((1, 2), Teach::Yes), ((1, 2), Teach::No), ((3, 4), Teach::No), ((5, 6), Teach::Yes)]
    {
        resolution.judge_pair(&reasoned(pair, teach, 1)).await.expect("judged");
    }
    let taught = resolution.taught_judgements(0, 9).await.expect("read");
    assert_eq!(taught.iter().map(|(_, judgement)| judgement.pair).collect::<Vec<_>>(), [pair_of(5, 6)]);
    let last = taught[0].0;
    assert!(resolution.taught_judgements(last, 9).await.expect("read").is_empty());
    assert_eq!(resolution.judgements(0, 9).await.expect("read").len(), 3, "all of them hold");
}

/// Remarks stay in their order; a person's tally counts what stands, and the newest that stands is found first.
pub async fn comments_and_tallies(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let on = cluster(1, &[1, 2, 3], 0.9);
    put(&*resolution, std::slice::from_ref(&on)).await;
    for n in [1, 2] {
        let comment = Comment {
            id: Uuid::from_u128(n),
            cluster_id: on.id,
            comment: format!("ü {n}"),
            written_by: "ann".to_owned(),
            written_at: at(i64::try_from(n).expect("a small number")),
        };
        resolution.add_comment(&comment).await.expect("written");
    }
    let said: Vec<String> =
        resolution.comments(on.id).await.expect("read").into_iter().map(|comment| comment.comment).collect();
    assert_eq!(said, ["ü 1", "ü 2"]);

    let yes = JudgementVerdict::Match;
    let mut merged = decision(5, &on, yes, "ann");
    merged.state = DecisionState::Applied;
    let mut undone = decision(6, &on, yes, "ann");
    undone.state = DecisionState::Undone;
    let no = decision(7, &on, JudgementVerdict::NonMatch, "ann");
    for decision in [&merged, &undone, &no, &decision(8, &on, yes, "bob")] {
        resolution.put_decision(decision).await.expect("written");
    }
    let tally = resolution.tally("ann", at(0)).await.expect("counted");
    assert_eq!(tally, ReviewerTally { decisions: 2, folded: 2 });
    assert_eq!(resolution.tally("ann", at(6)).await.expect("counted").folded, 0, "since then");
    let last = resolution.standing_decisions_of("ann", None, 1).await.expect("read");
    assert_eq!(last, std::slice::from_ref(&no));
    let before =
        resolution.standing_decisions_of("ann", Some((no.decided_at, no.id)), 9).await.expect("read");
    assert_eq!(before, [merged]);
}
