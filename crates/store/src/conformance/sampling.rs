//! Cases about samples, certificates and batches.

use super::Backend;
use super::clusters::cluster;
use super::fixture::at;
use crate::resolution::{Decision, DecisionNotes, DecisionState};
use crate::review::sampling::{
    Band, BatchItem, BatchState, BlindOutcome, BlindSample, Certificate, ReviewBatch,
};
use crate::review::{Decided, DecisionWrite};
use entity::{Cluster, JudgementVerdict};
use uuid::Uuid;

const BAND: Band = Band { from: 0.8, below: 1.1 };

fn sample(n: u128) -> BlindSample {
    BlindSample {
        id: Uuid::from_u128(n),
        band: BAND,
        model_version: "one".to_owned(),
        seed: 7,
        population: 2,
        drawn_by: "ann".to_owned(),
        drawn_at: at(i64::try_from(n).expect("a small number")),
    }
}

fn item(cluster: &Cluster) -> BatchItem {
    BatchItem { cluster_id: cluster.id, revision: cluster.revision() }
}

fn answer(n: u128, on: &Cluster, sample: &BlindSample, outcome: BlindOutcome) -> DecisionWrite {
    let decision = Decision {
        id: Uuid::from_u128(n),
        cluster_id: on.id,
        verdict: JudgementVerdict::NonMatch,
        survivor: None,
        organizations: on.organizations().into_iter().collect(),
        state: DecisionState::Applied,
        decided_by: "bob".to_owned(),
        decided_at: at(50),
        reason: None,
        merge_id: None,
        refusal: None,
        parts: Vec::new(),
        notes: DecisionNotes {
            judged: true,
            blind_sample: Some(sample.id),
            blind_outcome: Some(outcome),
            ..DecisionNotes::default()
        },
    };
    DecisionWrite { decision, judgements: Vec::new(), expected: Vec::new() }
}

/// The population of a band is what waits in it; an answer counts once, with the decision that gave it, and is
/// forgotten with it.
pub async fn samples_are_answered_once(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let (first, second, below) =
        (cluster(1, &[1, 2], 0.9), cluster(2, &[3, 4], 0.8), cluster(3, &[5, 6], 0.79));
    resolution.apply_clusters(&[second.clone(), first.clone(), below], &[], &[]).await.expect("written");
    assert_eq!(resolution.population(BAND).await.expect("read"), [item(&first), item(&second)]);
    assert_eq!(resolution.live_model().await.expect("read"), "one");
    let (old, new) = (sample(1), sample(2));
    resolution.add_sample(&old, &[item(&second), item(&first)]).await.expect("written");
    resolution.add_sample(&new, &[item(&first)]).await.expect("written");
    assert_eq!(resolution.samples(9).await.expect("read"), [new.clone(), old.clone()]);
    assert_eq!(resolution.sample(old.id).await.expect("read"), Some(old.clone()));
    let outcomes = async |sample: &BlindSample| {
        let items = resolution.blind_items(sample.id).await.expect("read");
        items.iter().map(|item| (item.cluster_id, item.outcome)).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&old).await, [(second.id, None), (first.id, None)], "in the order of the draw");

    let wrong = answer(11, &first, &old, BlindOutcome::Wrong);
    assert_eq!(resolution.decide(&wrong).await.expect("decided"), Decided::Written);
    let late = answer(12, &first, &old, BlindOutcome::Right);
    assert_eq!(resolution.decide(&late).await.expect("decided"), Decided::Written);
    assert_eq!(outcomes(&old).await[1], (first.id, Some(BlindOutcome::Wrong)), "the first answer counts");
    assert_eq!(outcomes(&new).await, [(first.id, None)], "another sample is another question");
    let answered = &resolution.blind_items(old.id).await.expect("read")[1];
    assert_eq!(
        (answered.answered_by.as_deref(), answered.decision_id),
        (Some("bob"), Some(wrong.decision.id))
    );
    resolution.forget_answer(late.decision.id).await.expect("harmless");
    resolution.forget_answer(wrong.decision.id).await.expect("forgotten");
    assert_eq!(outcomes(&old).await[1], (first.id, None));
    resolution.void_item(old.id, second.id, at(60)).await.expect("voided");
    assert_eq!(outcomes(&old).await[0], (second.id, Some(BlindOutcome::Void)));
}

/// A certificate is withdrawn once, for its first reason; a batch moves on only from where it stands.
pub async fn certificates_and_batches_move_on(backend: &dyn Backend) {
    let resolution = backend.resolution("one").await;
    let certificate = Certificate {
        id: Uuid::from_u128(1),
        band: BAND,
        model_version: "one".to_owned(),
        precision: 0.99,
        bound: 0.990_03,
        answered: 299,
        right: 299,
        sample_id: Uuid::from_u128(9),
        issued_by: "ann".to_owned(),
        issued_at: at(1),
        expires_at: at(1_000_000),
        withdrawn: None,
    };
    resolution.add_certificate(&certificate).await.expect("written");
    assert_eq!(resolution.certificates().await.expect("read"), std::slice::from_ref(&certificate));
    resolution.withdraw_certificate(certificate.id, at(5), "broken").await.expect("withdrawn");
    resolution.withdraw_certificate(certificate.id, at(6), "again").await.expect("harmless");
    let withdrawn = resolution.certificates().await.expect("read").remove(0).withdrawn;
    assert_eq!(withdrawn, Some((at(5), "broken".to_owned())));

    let mut batch = ReviewBatch {
        id: Uuid::from_u128(2),
        certificate_id: certificate.id,
        clusters: vec![item(&cluster(1, &[1, 2], 0.9))],
        state: BatchState::Proposed,
        started_by: "ann".to_owned(),
        started_at: at(7),
        answered_by: None,
        answered_at: None,
    };
    resolution.add_batch(&batch).await.expect("written");
    batch.state = BatchState::Approved;
    batch.answered_by = Some("bob".to_owned());
    assert!(!resolution.move_batch(&batch, BatchState::Rejected).await.expect("asked"));
    assert!(resolution.move_batch(&batch, BatchState::Proposed).await.expect("moved"));
    assert!(!resolution.move_batch(&batch, BatchState::Proposed).await.expect("asked"), "once");
    assert_eq!(resolution.batch(batch.id).await.expect("read"), Some(batch.clone()));
    assert_eq!(resolution.batches(9).await.expect("read"), [batch]);
    assert_eq!(resolution.batch(Uuid::from_u128(3)).await.expect("read"), None);
}
