//! The batch without services: the same pure code over one file's records, all in memory.

use entity::{CandidatePair, Record, RecordId};
use resolution::{Component, Group, Node, WeightedPair};
use scoring::{Model, RecordFeatures};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Finds the clusters of these records; singletons included.
///
/// The same records, told to the loop one by one in any order, end in the same clusters.
#[must_use]
pub fn dedupe(records: &[Record], model: &Model, mut progress: impl FnMut(u64)) -> Vec<Group> {
    let features: Vec<_> = records.iter().map(scoring::features).collect();
    let prior = model.prior(records.len() as u64);
    let mut pairs = Vec::new();
    let blocks = blocks(&features, model);
    let mut seen = HashSet::new();
    for (at, own) in features.iter().enumerate() {
        seen.clear();
        for key in scoring::blocking_keys(own) {
            // Each pair once: the later record looks back.
            seen.extend(blocks.get(&key).into_iter().flatten().copied().filter(|other| *other < at));
        }
        pairs.extend(seen.iter().filter_map(|other| {
            let pair = CandidatePair::new(records[at].id, records[*other].id)?;
            let match_weight = model.weigh(&scoring::compare(own, &features[*other]));
            let weight = match_weight + prior;
            (match_weight >= model.pair_weight_min()).then_some(WeightedPair { pair, weight })
        }));
        progress(1);
    }
    resolution::cluster(&component(records, pairs, model))
}

fn component(records: &[Record], mut pairs: Vec<WeightedPair>, model: &Model) -> Component {
    pairs.sort_by_key(|scored| scored.pair);
    // Of a record told twice the last telling counts.
    let nodes: BTreeMap<RecordId, _> = records.iter().map(|record| (record.id, record.created_at)).collect();
    Component {
        records: nodes.into_iter().map(|(id, created_at)| Node { id, created_at }).collect(),
        pairs,
        must_links: Vec::new(),
        never_links: Vec::new(),
        threshold: model.threshold(),
    }
}

/// Open blocks, by key.
fn blocks(features: &[RecordFeatures], model: &Model) -> HashMap<String, Vec<usize>> {
    let mut blocks: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, features) in features.iter().enumerate() {
        for key in scoring::blocking_keys(features) {
            blocks.entry(key).or_default().push(at);
        }
    }
    blocks.retain(|_, members| members.len() > 1 && members.len() <= model.block_size_max());
    blocks
}
