//! Fits a model: expectation-maximisation without labels, then penalised logistic regression from there.
//!
//! `cargo run --release -p orgloop-scoring --example fit -- OUT.json [--em-only] SET_FOLDER...`
//!
//! A set's weight in the regression does not grow with its size. Runs twice give the same bytes.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool for those who tune"
)]

#[path = "fit/em.rs"]
mod em;
#[path = "fit/regression.rs"]
mod regression;
#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/quality/sets.rs"]
mod sets;

use regression::Example;
use scoring::Model;
use scoring::comparison::COMPARISONS;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Evidence of one set's candidates.
pub(crate) struct Evidence {
    pub(crate) records: usize,
    pub(crate) levels: Vec<Vec<u8>>,
    /// Per pair: whether it is a match, where that is known.
    pub(crate) labels: Vec<Option<bool>>,
}

const VERSION: &str = "2026-11-1";
/// Eighteen candidates a record at 100,000 generated records; 100 gave 21.5 and 0.01 % more of the true pairs.
const BLOCK_SIZE_MAX: usize = 50;
/// A probability of 7 in 100 at the smallest corpus. What is dropped counts as missing; keeping
/// down to -6 moved no F1 by more than 0.0002.
const PAIR_WEIGHT_MIN: f64 = -3.0;
/// Sum of the weights of one set's pairs in the regression.
const SET_WEIGHT: f64 = 3_000.0;
/// Up to this power of two of records the prior is one; the smaller sets are of about this size.
const FROM_POWER: u32 = 10;
/// No one field decides alone, however the sets at hand look.
const LEVEL_MAX: f64 = 5.0;
/// What the sets do not show, by judgement: they have no registry identifiers, and one location per record.
const BY_HAND: [(&str, &str, f64); 6] = [
    ("identifier", "same", 5.0),
    ("identifier", "different in one register", -5.0),
    ("grain", "similar", 0.0),
    ("grain", "both have many, some shared", 0.0),
    ("grain", "both have many, none shared", -2.0),
    ("grain", "one a single site, the other has several", -10.0),
];

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let em_only = arguments
        .iter()
        .position(|argument| argument == "--em-only")
        .map(|at| arguments.remove(at))
        .is_some();
    let out = arguments.remove(0);
    let sets: Vec<Evidence> = arguments.iter().map(|folder| evidence(folder, BLOCK_SIZE_MAX)).collect();
    let shape = Shape::new();

    let (mut weights, mut prior) = em::fit(&shape, &sets);
    let mut per_doubling = 0.0;
    if !em_only {
        let examples = examples(&shape, &sets);
        let mut centre = weights.clone();
        centre.extend([prior, per_doubling]);
        let fitted = regression::fit(&examples, &centre, &shape.penalties());
        per_doubling = fitted[shape.len + 1].min(0.0);
        prior = fitted[shape.len];
        weights.copy_from_slice(&fitted[..shape.len]);
    }
    let model = shape.model(&weights, prior, per_doubling);
    let text = serde_json::to_string_pretty(&model).unwrap() + "\n";
    Model::from_json(&text).unwrap();
    std::fs::write(&out, text).unwrap();
}

fn evidence(folder: &str, cap: usize) -> Evidence {
    let set = sets::read(folder.as_ref());
    let features: Vec<_> = set.records.iter().map(scoring::features).collect();
    let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
    let mut pairs = sets::candidates(&keys, cap);
    let judged: BTreeMap<(usize, usize), bool> =
        set.judged.iter().flatten().map(|&(a, b, same)| ((a.min(b), a.max(b)), same)).collect();
    pairs.extend(judged.keys());
    pairs.sort_unstable();
    pairs.dedup();
    let label = |pair: &(usize, usize)| match set.judged {
        Some(_) => judged.get(pair).copied(),
        None => Some(set.entities[pair.0] == set.entities[pair.1]),
    };
    let labels: Vec<_> = pairs.iter().map(label).collect();
    let matches = labels.iter().filter(|label| **label == Some(true)).count();
    println!("{}: {} records, {} pairs, {matches} known matches", set.name, set.records.len(), pairs.len());
    let levels =
        pairs.iter().map(|&(a, b)| scoring::compare(&features[a], &features[b]).levels().to_vec()).collect();
    Evidence { records: set.records.len(), levels, labels }
}

fn examples(shape: &Shape, sets: &[Evidence]) -> Vec<Example> {
    let mut examples = Vec::new();
    for set in sets {
        let labelled = set.labels.iter().flatten().count();
        let doublings = f64::from((set.records as u64).ilog2().saturating_sub(FROM_POWER));
        for (levels, label) in set.levels.iter().zip(&set.labels) {
            let Some(label) = label else { continue };
            let mut terms: Vec<(usize, f64)> = shape.terms(levels).map(|term| (term, 1.0)).collect();
            terms.extend([(shape.len, 1.0), (shape.len + 1, doublings)]);
            examples.push(Example { terms, is_match: *label, weight: SET_WEIGHT / labelled as f64 });
        }
    }
    examples
}

/// Levels laid out in one row; missing levels have no place in it.
pub(crate) struct Shape {
    offsets: Vec<usize>,
    pub(crate) len: usize,
}

impl Shape {
    fn new() -> Self {
        let mut len = 0;
        let mut offsets = Vec::new();
        for (_, levels) in COMPARISONS {
            offsets.push(len);
            len += levels.len() - 1;
        }
        Self { offsets, len }
    }

    /// The places of a pair's levels.
    pub(crate) fn terms(&self, levels: &[u8]) -> impl Iterator<Item = usize> {
        let said = levels.iter().zip(&self.offsets).filter(|(level, _)| **level > 0);
        said.map(|(level, offset)| offset + usize::from(*level) - 1)
    }

    pub(crate) fn place(&self, comparison: usize, level: usize) -> usize {
        self.offsets[comparison] + level - 1
    }

    /// How dearly each weight may leave its start: interactions dearest, the prior freely.
    fn penalties(&self) -> Vec<f64> {
        let mut penalties = Vec::new();
        for (name, levels) in COMPARISONS {
            penalties.extend(levels[1..].iter().map(|_| if name == "pattern" { 4.0 } else { 2.0 }));
        }
        penalties.extend([0.1, 20.0]);
        penalties
    }

    fn model(&self, weights: &[f64], prior: f64, per_doubling: f64) -> Value {
        let round = |weight: f64| (weight * 1e3).round() / 1e3;
        let comparisons = COMPARISONS.iter().enumerate().map(|(comparison, (of_name, levels))| {
            let levels = levels.iter().enumerate().map(|(level, name)| {
                let learned = if level == 0 { 0.0 } else { weights[self.place(comparison, level)] };
                let by_hand = BY_HAND.iter().find(|(of, at, _)| of == of_name && at == name);
                let weight = by_hand.map_or(learned.clamp(-LEVEL_MAX, LEVEL_MAX), |(_, _, weight)| *weight);
                json!({"name": name, "weight": round(weight)})
            });
            json!({"name": of_name, "levels": levels.collect::<Vec<_>>()})
        });
        json!({
            "version": VERSION,
            "prior": {"from_power": FROM_POWER, "log_odds": round(prior), "per_doubling": round(per_doubling)},
            "threshold": 0.0,
            "block_size_max": BLOCK_SIZE_MAX,
            "pair_weight_min": PAIR_WEIGHT_MIN,
            "comparisons": comparisons.collect::<Vec<_>>(),
        })
    }
}
