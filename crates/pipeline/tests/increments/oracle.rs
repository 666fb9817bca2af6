//! The other side: one batch over what stands, with what people decided as constraints.

use crate::running::Loop;
use entity::{CandidatePair, Family, Judgement, JudgementVerdict, RecordId};
use pipeline::batch::{Batch, Constraints, Evidence, Plan, Reducer, gather};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use store::resolution::{ClusterPage, OpenOnly};

/// Weights and probabilities as whole millionths.
type Micro = i64;

/// Pairs by their records; clusters by their ids, with members in order.
#[derive(Debug, Default, PartialEq)]
struct State {
    pairs: BTreeMap<CandidatePair, Micro>,
    clusters: BTreeMap<String, (Vec<RecordId>, Micro)>,
}

/// Compares the loop with the batch; how many clusters both have.
pub(crate) async fn check(running: &Loop, when: &str) -> usize {
    let (family, judgements) = (family(running).await, judgements(running).await);
    let wanted = batch(running, &family, &judgements);
    let found = stored(running, family.records.len() as u64).await;
    for (pair, weight) in &wanted.pairs {
        assert_eq!(found.pairs.get(pair), Some(weight), "{when}: pair {pair:?}");
    }
    for pair in found.pairs.keys() {
        assert!(wanted.pairs.contains_key(pair), "{when}: pair {pair:?} should not be there");
    }
    for (id, cluster) in &wanted.clusters {
        assert_eq!(found.clusters.get(id), Some(cluster), "{when}: cluster {id}");
    }
    for (id, cluster) in &found.clusters {
        assert!(wanted.clusters.contains_key(id), "{when}: cluster {id} {cluster:?} should not be there");
    }
    let corpus = running.resolution.corpus().await.unwrap().record_count;
    assert_eq!(corpus, family.records.len() as u64, "{when}: records are counted right");
    wanted.clusters.len()
}

async fn family(running: &Loop) -> Family {
    let (mut family, mut after) = (Family::default(), None);
    loop {
        let page = running.organizations.list(after, 500).await.unwrap();
        let Some(last) = page.last() else { return family };
        after = Some(*last);
        let ids: Vec<RecordId> = page.into_iter().map(Into::into).collect();
        let part = running.organizations.family(&ids).await.unwrap();
        family.records.extend(part.records);
        family.links.extend(part.links);
    }
}

async fn judgements(running: &Loop) -> Vec<Judgement> {
    let rows = running.resolution.judgements(0, 100_000).await.unwrap();
    rows.into_iter().map(|(_, judgement)| judgement).collect()
}

async fn stored(running: &Loop, records: u64) -> State {
    let mut state = State::default();
    let prior = running.model.prior(records);
    for scored in running.resolution.scan_pairs(None, 1_000_000).await.unwrap() {
        state.pairs.insert(scored.pair, micro(scored.match_weight + prior));
    }
    let page = ClusterPage { open_only: OpenOnly::All, after: None, limit: 1_000_000 };
    for cluster in running.resolution.clusters(&page).await.unwrap() {
        let members = cluster.members.iter().map(|member| member.record_id).collect();
        state.clusters.insert(cluster.id.to_string(), (members, micro(cluster.probability)));
    }
    state
}

fn batch(running: &Loop, family: &Family, judgements: &[Judgement]) -> State {
    let threads = NonZero::<usize>::MIN;
    let chunks = std::iter::once(family.records.as_slice());
    let reduced = gather(threads, chunks, |records, reducer: &mut Reducer| {
        records.iter().for_each(|record| reducer.push(record, 0));
    });
    let (batch, blocks) = Batch::new(reduced, &running.model, threads);
    let numbers: HashMap<RecordId, u32> = batch.numbers().map(|number| (batch.id(number), number)).collect();
    let constraints = constraints(family, judgements, &numbers);
    let plan = Plan { model: &running.model, threads, evidence: Evidence::Weights };
    let pairs = batch.pairs(&blocks, &plan, |_| ());
    let mut state = State::default();
    for at in 0..pairs.len() {
        let pair = batch.pair(&pairs, at);
        let key = CandidatePair::new(batch.id(pair.a), batch.id(pair.b)).unwrap();
        state.pairs.insert(key, micro(pair.weight));
    }
    for members in batch.clusters(&pairs, &constraints, &plan).iter().filter(|members| members.len() > 1) {
        let id = resolution::cluster_id(batch.id(members.anchor())).to_string();
        let records = members.iter().map(|(number, _)| batch.id(number)).collect();
        state.clusters.insert(id, (records, micro(members.probability())));
    }
    state
}

/// Merges and judgements among the records that are there.
fn constraints(family: &Family, judgements: &[Judgement], numbers: &HashMap<RecordId, u32>) -> Constraints {
    let mut constraints = Constraints::default();
    let mut by_root: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    for (record, root) in family.roots() {
        by_root.entry(root).or_default().extend(numbers.get(&record));
    }
    for members in by_root.values() {
        constraints.must.extend(members.windows(2).map(|two| (two[0], two[1])));
    }
    for judgement in judgements {
        let pair = (numbers.get(&judgement.pair.left()), numbers.get(&judgement.pair.right()));
        let (Some(left), Some(right)) = pair else { continue };
        match judgement.verdict {
            JudgementVerdict::Match => constraints.must.push((*left, *right)),
            JudgementVerdict::NonMatch | JudgementVerdict::Related => constraints.never.push((*left, *right)),
            JudgementVerdict::Unsure => {}
        }
    }
    constraints
}

#[expect(clippy::cast_possible_truncation, reason = "weights are some dozens")]
fn micro(weight: f64) -> Micro {
    (weight * 1e6).round() as Micro
}
