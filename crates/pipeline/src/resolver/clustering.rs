//! From stored rows to clusters with their evidence.

use crate::error::{Error, Result};
use entity::{
    CandidatePair, Cluster, ClusterMember, JudgementVerdict, OrganizationId, PairEvidence, RecordId,
    ScoredPair,
};
use resolution::{Component, Group, Node, WeightedPair};
use scoring::{FeatureVector, Model};
use std::collections::{BTreeMap, HashMap};
use store::resolution::ComponentRows;

/// The clusters of two or more that these rows make.
pub(super) fn clusters(rows: &ComponentRows, model: &Model, record_count: u64) -> Result<Vec<Cluster>> {
    let prior = model.prior(record_count);
    let component = Component {
        records: rows
            .records
            .iter()
            .map(|(id, created_at)| Node { id: *id, created_at: *created_at })
            .collect(),
        pairs: rows
            .pairs
            .iter()
            .map(|scored| WeightedPair { pair: scored.pair, weight: scored.match_weight + prior })
            .collect(),
        must_links: must_links(rows),
        never_links: never_links(rows)?,
        threshold: model.threshold(),
    };
    let pairs: HashMap<_, _> = rows.pairs.iter().map(|scored| (scored.pair, scored)).collect();
    resolution::cluster(&component)
        .into_iter()
        .filter(|group| group.members.len() > 1)
        .map(|group| cluster_of(&group, rows, &pairs, (model, record_count)))
        .collect()
}

/// Records of one golden record, and pairs that people called a match.
fn must_links(rows: &ComponentRows) -> Vec<CandidatePair> {
    let mut by_organization: BTreeMap<OrganizationId, Vec<RecordId>> = BTreeMap::new();
    for (record, organization) in &rows.organizations {
        by_organization.entry(*organization).or_default().push(*record);
    }
    let merged = by_organization
        .values()
        .flat_map(|members| members.windows(2).filter_map(|pair| CandidatePair::new(pair[0], pair[1])));
    merged.chain(judged(rows, &[JudgementVerdict::Match])).collect()
}

/// Pairs that people told apart, and those that a register or an agency does.
fn never_links(rows: &ComponentRows) -> Result<Vec<CandidatePair>> {
    let mut never = judged(rows, &[JudgementVerdict::NonMatch, JudgementVerdict::Related]);
    let (mut listed, mut elsewhere) = (Vec::new(), Vec::new());
    for scored in &rows.pairs {
        let levels = levels(scored)?;
        let two = (scored.pair.left(), scored.pair.right());
        never.extend(levels.tells_apart().then_some(scored.pair));
        listed.extend(levels.is_listed_site().then_some(two));
        elsewhere.extend(levels.is_elsewhere().then_some(two));
    }
    let apart = resolution::sites_apart(&listed, &elsewhere);
    never.extend(apart.into_iter().filter_map(|(a, b)| CandidatePair::new(a, b)));
    Ok(never)
}

fn levels(scored: &ScoredPair) -> Result<FeatureVector> {
    FeatureVector::from_levels(&scored.levels).map_err(|error| unfit(scored, &error))
}

fn unfit(scored: &ScoredPair, error: &scoring::Error) -> Error {
    Error::Misconfigured(format!("the stored pair {:?} does not fit the model: {error}", scored.pair))
}

fn judged(rows: &ComponentRows, verdicts: &[JudgementVerdict]) -> Vec<CandidatePair> {
    rows.judgements
        .iter()
        .filter(|judgement| verdicts.contains(&judgement.verdict))
        .map(|judgement| judgement.pair)
        .collect()
}

fn cluster_of(
    group: &Group,
    rows: &ComponentRows,
    pairs: &HashMap<CandidatePair, &ScoredPair>,
    (model, record_count): (&Model, u64),
) -> Result<Cluster> {
    let member = |member: &resolution::GroupMember| ClusterMember {
        record_id: member.record_id,
        organization_id: rows
            .organizations
            .get(&member.record_id)
            .copied()
            .unwrap_or(member.record_id.into()),
        probability: member.probability,
    };
    let ids: Vec<_> = group.members.iter().map(|member| member.record_id).collect();
    let among = ids.iter().enumerate().flat_map(|(at, a)| ids[at + 1..].iter().map(move |b| (*a, *b)));
    let mut scored: Vec<_> = among
        .filter_map(|(a, b)| CandidatePair::new(a, b))
        .filter_map(|pair| pairs.get(&pair).copied())
        .collect();
    scored.sort_by(|a, b| b.match_weight.total_cmp(&a.match_weight).then(a.pair.cmp(&b.pair)));
    scored.truncate(entity::cluster::PAIRS_MAX);
    Ok(Cluster {
        id: group.id,
        members: group.members.iter().map(member).collect(),
        probability: group.probability,
        pairs: scored
            .into_iter()
            .map(|scored| evidence(scored, model, record_count))
            .collect::<Result<_>>()?,
        model_version: model.version().to_owned(),
    })
}

fn evidence(scored: &ScoredPair, model: &Model, record_count: u64) -> Result<PairEvidence> {
    let explanation = model.explain(&scored.levels, record_count).map_err(|error| unfit(scored, &error))?;
    let match_weight = scored.match_weight + model.prior(record_count);
    Ok(PairEvidence {
        left: scored.pair.left(),
        right: scored.pair.right(),
        match_weight,
        probability: model.probability(match_weight),
        explanation,
    })
}
