//! Candidates: records that share a blocking key with the query or are found by its words, weighed by the live model.
//!
//! A batch asks the index and the store once for all its queries; each query is judged by itself.

use super::probe::Probe;
use super::properties::{Cell, Property};
use super::query::{Condition, Quantifier, Query};
use super::{Goldens, Room, TYPE_ID, TYPE_NAME, line_of, name_of};
use crate::live::{Live, unusable};
use crate::problem::Result;
use entity::{GoldenRecord, OrganizationId, RecordId};
use futures::{StreamExt, TryStreamExt, stream};
use scoring::{FeatureVector, RecordFeatures};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;

/// Records that a search adds to those of the blocks.
const FOUND_MAX: usize = 20;
/// Searches of one batch at a time.
const SEARCHES: usize = 4;
/// Records of one query whose golden records are read: several may be of one.
const READ_MIN: usize = 20;
/// The same where conditions must hold, which only the golden record can tell.
const READ_FILTERED: usize = 200;
/// How far ahead of the second the first must be to be taken for certain: ten times its odds.
const AHEAD: f64 = std::f64::consts::LN_10;

/// An organization that may be the one that is sought.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationCandidate)]
pub(super) struct Candidate {
    /// Its golden id.
    id: String,
    /// Its name.
    name: String,
    /// Where it is and how it is reached.
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: [Type; 1],
    /// The calibrated probability that it is the one, in percent.
    score: f64,
    /// What the score is made of.
    features: Vec<Feature>,
    /// Whether it is above the live threshold and far ahead of the next.
    #[serde(rename = "match")]
    certain: bool,
}

/// A type.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationType)]
pub(super) struct Type {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
}

pub(super) const ORGANIZATION: Type = Type { id: TYPE_ID, name: TYPE_NAME };

/// One part of the weight.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationFeature)]
struct Feature {
    /// The comparison, such as `name` or `phone`; `prior` for the prior.
    id: String,
    /// The comparison with how it came out.
    name: String,
    /// Natural log-odds, for (positive) or against.
    value: FeatureValue,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ReconciliationFeatureValue)]
enum FeatureValue {
    Weight(f64),
    Holds(bool),
}

/// A record beside the query.
#[derive(Debug)]
struct Weighed {
    id: RecordId,
    /// With the prior.
    weight: f64,
    vector: FeatureVector,
}

impl Room {
    /// The candidates of each query, best first.
    pub(super) async fn candidates(&self, queries: &[Query]) -> Result<Vec<Vec<Candidate>>> {
        let live = self.live.look().await?;
        let probes: Vec<Probe> = queries.iter().map(Probe::of).collect();
        let met = self.met(queries, &probes, &live).await?;
        let mut weighed = Vec::with_capacity(queries.len());
        for ((query, probe), met) in queries.iter().zip(&probes).zip(&met) {
            weighed.push(weigh(query, probe, met, &live));
        }
        let ids: BTreeSet<RecordId> = weighed.iter().flatten().map(|weighed| weighed.id).collect();
        let ids: Vec<RecordId> = ids.into_iter().chain(probes.iter().filter_map(|probe| probe.id)).collect();
        let goldens = self.goldens(&ids).await?;
        let each = queries.iter().zip(&probes).zip(weighed);
        each.map(|((query, probe), weighed)| answer(query, probe, weighed, (&goldens, &live))).collect()
    }

    /// For each query, the features of the records that it is compared with.
    async fn met(
        &self,
        queries: &[Query],
        probes: &[Probe],
        live: &Live,
    ) -> Result<Vec<BTreeMap<RecordId, RecordFeatures<'static>>>> {
        let index = &self.ports.index;
        let asked = queries.iter().zip(probes).filter(|(query, _)| !query.foreign);
        let keys: BTreeSet<&String> = asked.flat_map(|(_, probe)| &probe.keys).collect();
        let keys: Vec<String> = keys.into_iter().cloned().collect();
        let near = index.candidates(&keys, live.model.block_size_max()).await?;
        let blocks: HashMap<&str, &[RecordId]> = keys
            .iter()
            .zip(&near.blocks)
            .map(|(key, block)| (key.as_str(), block.as_deref().unwrap_or_default()))
            .collect();
        let searches = probes.iter().map(|probe| async move {
            if probe.words.is_empty() { Ok(Vec::new()) } else { index.search(&probe.words, FOUND_MAX).await }
        });
        let found: Vec<_> =
            stream::iter(searches.collect::<Vec<_>>()).buffered(SEARCHES).try_collect().await?;
        let mut wanted: Vec<BTreeSet<RecordId>> = Vec::with_capacity(probes.len());
        for ((query, probe), found) in queries.iter().zip(probes).zip(found) {
            let shared =
                probe.keys.iter().filter_map(|key| blocks.get(key.as_str())).copied().flatten().copied();
            let all = shared.chain(found.into_iter().map(|hit| hit.id));
            wanted.push(if query.foreign { BTreeSet::new() } else { all.collect() });
        }
        let mut missing: BTreeSet<RecordId> = wanted.iter().flatten().copied().collect();
        let mut documents = near.documents;
        documents.retain(|document| missing.remove(&document.id));
        let only_found = index.documents(&missing.into_iter().collect::<Vec<_>>()).await?;
        documents.extend(only_found.into_iter().map(index::Candidate::from));
        let mut features = HashMap::with_capacity(documents.len());
        for document in documents {
            let read = RecordFeatures::from_bytes(&document.features).map_err(|error| unusable(&error))?;
            features.insert(document.id, read);
        }
        let of = |id: &RecordId| Some((*id, features.get(id)?.clone()));
        Ok(wanted.iter().map(|ids| ids.iter().filter_map(of).collect()).collect())
    }
}

/// The records most like the query, best first.
fn weigh(
    query: &Query,
    probe: &Probe,
    met: &BTreeMap<RecordId, RecordFeatures<'static>>,
    live: &Live,
) -> Vec<Weighed> {
    let prior = live.model.prior(live.records);
    let mut weighed: Vec<Weighed> = met
        .iter()
        .map(|(id, features)| {
            let vector = scoring::compare(&probe.features, features);
            Weighed { id: *id, weight: live.model.weigh(&vector) + prior, vector }
        })
        .collect();
    weighed.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(one.id.cmp(&other.id)));
    weighed.truncate(if query.required.is_empty() { READ_MIN.max(2 * query.limit) } else { READ_FILTERED });
    weighed
}

/// The golden records of what was weighed, each by its best member.
fn answer(
    query: &Query,
    probe: &Probe,
    weighed: Vec<Weighed>,
    (goldens, live): (&Goldens, &Live),
) -> Result<Vec<Candidate>> {
    if query.foreign {
        return Ok(Vec::new());
    }
    let asked = probe.id.and_then(|id| goldens.of(id)).filter(|golden| fulfils(golden, &query.required));
    let mut seen: BTreeSet<OrganizationId> = asked.iter().map(|golden| golden.id).collect();
    let mut best: Vec<(&GoldenRecord, Weighed)> = Vec::new();
    for weighed in weighed {
        let Some(golden) = goldens.of(weighed.id) else { continue };
        if fulfils(golden, &query.required) && seen.insert(golden.id) {
            best.push((golden, weighed));
        }
    }
    let certain = asked.is_none() && is_certain(&best, live);
    let mut candidates: Vec<Candidate> = asked.into_iter().map(by_id).collect();
    for (number, (golden, weighed)) in best.into_iter().take(query.limit - candidates.len()).enumerate() {
        candidates.push(candidate(golden, &weighed, certain && number == 0, live)?);
    }
    Ok(candidates)
}

/// Whether the first is held to be the one: the live threshold is reached, more speaks for than against, it is no mere
/// branch, and the second is far behind.
fn is_certain(best: &[(&GoldenRecord, Weighed)], live: &Live) -> bool {
    let Some((_, first)) = best.first() else { return false };
    let behind = best.get(1).is_none_or(|(_, second)| first.weight - second.weight >= AHEAD);
    first.weight >= live.model.threshold().max(0.0) && behind && !first.vector.is_branch()
}

/// Whoever asks by an id knows what they ask for.
fn by_id(golden: &GoldenRecord) -> Candidate {
    let feature = Feature { id: "id".into(), name: "id: same".into(), value: FeatureValue::Holds(true) };
    of(golden, 100.0, vec![feature], true)
}

fn candidate(golden: &GoldenRecord, weighed: &Weighed, certain: bool, live: &Live) -> Result<Candidate> {
    let lines =
        live.model.explain(weighed.vector.levels(), live.records).map_err(|error| unusable(&error))?;
    let feature = |line: entity::cluster::ExplanationLine| Feature {
        name: format!("{}: {}", line.comparison, line.level),
        id: line.comparison,
        value: FeatureValue::Weight(line.weight),
    };
    let features = lines.into_iter().map(feature).collect();
    Ok(of(golden, percent(live.model.probability(weighed.weight)), features, certain))
}

fn of(golden: &GoldenRecord, score: f64, features: Vec<Feature>, certain: bool) -> Candidate {
    Candidate {
        id: golden.id.to_string(),
        name: name_of(golden),
        description: line_of(golden),
        kind: [ORGANIZATION],
        score,
        features,
        certain,
    }
}

/// In percent, rounded down, so that what is not certain never reads 100.
fn percent(probability: f64) -> f64 {
    (probability * 100_000.0).floor() / 1000.0
}

fn fulfils(golden: &GoldenRecord, required: &[Condition]) -> bool {
    required.iter().all(|condition| {
        let mut has = condition.property.values(golden);
        if condition.property == Property::Name {
            has.extend(Property::AlternateName.values(golden));
        }
        let plain = |text: &str| condition.property.plain(text);
        let has: BTreeSet<String> = has.into_iter().map(Cell::into_text).map(|text| plain(&text)).collect();
        let mut asked = condition.values.iter().map(|text| has.contains(&plain(text)));
        match condition.quantifier {
            Quantifier::Any => asked.any(|has| has),
            Quantifier::All => asked.all(|has| has),
            Quantifier::None => !asked.any(|has| has),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn what_is_not_certain_never_reads_a_hundred() {
        assert!(percent(0.999_999_9) < 100.0);
        assert!((percent(0.5) - 50.0).abs() < f64::EPSILON);
    }
}
