//! A labelled set through blocking, comparing, weighing and clustering, and what comes of it.

use crate::sets::{Set, candidates, true_pairs};
use entity::CandidatePair;
use resolution::{Component, Node, WeightedPair, cluster};
use scoring::training::Reliability;
use scoring::{FeatureVector, Model};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::Instant;

/// What a model reaches on a set.
pub struct Measures {
    pub name: String,
    pub records: usize,
    pub completeness: f64,
    pub candidates_per_record: f64,
    pub precision: f64,
    pub recall: f64,
    pub b3: f64,
    pub largest: usize,
    /// Best F1 over thresholds in steps of a half, and the log-odds where it is reached.
    pub best: (f64, f64),
    /// Over all labelled candidates.
    pub reliability: Reliability,
    pub compare_us: f64,
    pub cluster_seconds: f64,
}

impl Measures {
    pub fn f1(&self) -> f64 {
        f1(self.precision, self.recall)
    }
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:20} {:6} records: F1 {:.4} (P {:.4} R {:.4}, best {:.4} at {:+.1}), B3 {:.4}, largest {}, completeness {:.4}, {:.1} candidates, \
             ECE {:.3} / {:.3}, compare {:.2} µs, cluster {:.2} s",
            self.name,
            self.records,
            self.f1(),
            self.precision,
            self.recall,
            self.best.0,
            self.best.1,
            self.b3,
            self.largest,
            self.completeness,
            self.candidates_per_record,
            self.reliability.error,
            self.reliability.open_error,
            self.compare_us,
            self.cluster_seconds
        )
    }
}

pub fn measure(set: &Set, model: &Model) -> Measures {
    let candidates = Candidates::of(set, model.block_size_max());
    let start = Instant::now();
    let prior = model.prior(set.records.len() as u64);
    let weights: Vec<f64> = candidates.vectors.iter().map(|vector| model.weigh(vector) + prior).collect();
    let weigh_us = start.elapsed().as_secs_f64() * 1e6 / weights.len() as f64;
    let mut measures = candidates.measure(set, &weights, model);
    measures.compare_us += weigh_us;
    measures
}

/// The candidate pairs of a set, compared.
pub struct Candidates {
    pub pairs: Vec<(usize, usize)>,
    pub vectors: Vec<FeatureVector>,
    compare_us: f64,
}

impl Candidates {
    pub fn of(set: &Set, block_size_max: usize) -> Self {
        let features: Vec<_> = set.records.iter().map(scoring::features).collect();
        let pairs = candidates(&features, block_size_max);
        let start = Instant::now();
        let vectors: Vec<_> =
            pairs.iter().map(|&(a, b)| scoring::compare(&features[a], &features[b])).collect();
        let compare_us = start.elapsed().as_secs_f64() * 1e6 / pairs.len() as f64;
        Self { pairs, vectors, compare_us }
    }

    /// What weights, the prior included, come to under a model's policy.
    pub fn measure(&self, set: &Set, weights: &[f64], model: &Model) -> Measures {
        let dropped = model.pair_weight_min() + model.prior(set.records.len() as u64);
        let kept = self.pairs.iter().zip(weights).filter(|(_, weight)| **weight >= dropped);
        let mut component = Component {
            records: (set.records.iter())
                .map(|record| Node { id: record.id, created_at: record.created_at })
                .collect(),
            pairs: kept
                .map(|(&(a, b), &weight)| WeightedPair {
                    pair: CandidatePair::new(set.records[a].id, set.records[b].id).unwrap(),
                    weight,
                })
                .collect(),
            threshold: model.threshold(),
            ..Component::default()
        };
        let start = Instant::now();
        let clusters = clusters(set, &component);
        let cluster_seconds = start.elapsed().as_secs_f64();
        let (precision, recall) = pairwise(set, &clusters);
        let mut best = (0.0, 0.0);
        for step in -4..=4 {
            component.threshold = f64::from(step) * 0.5;
            let (precision, recall) = pairwise(set, &self::clusters(set, &component));
            best = if f1(precision, recall) > best.0 {
                (f1(precision, recall), component.threshold)
            } else {
                best
            };
        }
        let found: HashSet<_> = self.pairs.iter().copied().collect();
        let truth = true_pairs(set);
        let probabilities: Vec<f64> = weights.iter().map(|weight| model.probability(*weight)).collect();
        Measures {
            name: set.name.clone(),
            records: set.records.len(),
            completeness: truth.iter().filter(|pair| found.contains(pair)).count() as f64
                / truth.len() as f64,
            candidates_per_record: 2.0 * self.pairs.len() as f64 / set.records.len() as f64,
            precision,
            recall,
            b3: b3(set, &clusters),
            largest: sizes(&clusters).into_values().max().unwrap_or(0),
            best,
            reliability: reliability(set, &self.pairs, &probabilities),
            compare_us: self.compare_us,
            cluster_seconds,
        }
    }
}

/// Per record, the number of its cluster.
fn clusters(set: &Set, component: &Component) -> Vec<usize> {
    let places: HashMap<_, _> = set.records.iter().enumerate().map(|(at, record)| (record.id, at)).collect();
    let mut clusters = vec![0; set.records.len()];
    for (number, group) in cluster(component).iter().enumerate() {
        for member in &group.members {
            clusters[places[&member.record_id]] = number;
        }
    }
    clusters
}

fn sizes<T: Ord + Copy>(labels: &[T]) -> BTreeMap<T, usize> {
    let mut sizes = BTreeMap::new();
    for label in labels {
        *sizes.entry(*label).or_default() += 1;
    }
    sizes
}

fn pairwise(set: &Set, clusters: &[usize]) -> (f64, f64) {
    let (mut both, mut predicted, mut truth) = (0, 0, 0);
    if let Some(judged) = &set.judged {
        for &(a, b, same) in judged {
            let together = clusters[a] == clusters[b];
            both += usize::from(together && same);
            predicted += usize::from(together);
            truth += usize::from(same);
        }
    } else {
        let pairs = |sizes: Vec<usize>| sizes.iter().map(|n| n * (n - 1) / 2).sum::<usize>();
        let cells: Vec<(usize, &str)> =
            clusters.iter().zip(&set.entities).map(|(c, e)| (*c, e.as_str())).collect();
        let entities: Vec<&str> = set.entities.iter().map(String::as_str).collect();
        both = pairs(sizes(&cells).into_values().collect());
        predicted = pairs(sizes(clusters).into_values().collect());
        truth = pairs(sizes(&entities).into_values().collect());
    }
    let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    (share(both, predicted), share(both, truth))
}

fn b3(set: &Set, clusters: &[usize]) -> f64 {
    let entities: Vec<&str> = set.entities.iter().map(String::as_str).collect();
    let cells: Vec<(usize, &str)> = clusters.iter().copied().zip(entities.iter().copied()).collect();
    let (by_cluster, by_entity) = (sizes(clusters), sizes(&entities));
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((cluster, entity), n) in sizes(&cells) {
        precision += (n * n) as f64 / by_cluster[&cluster] as f64;
        recall += (n * n) as f64 / by_entity[&entity] as f64;
    }
    f1(precision / clusters.len() as f64, recall / clusters.len() as f64)
}

fn reliability(set: &Set, pairs: &[(usize, usize)], probabilities: &[f64]) -> Reliability {
    let judged: Option<BTreeMap<(usize, usize), bool>> = set
        .judged
        .as_ref()
        .map(|judged| judged.iter().map(|&(a, b, same)| ((a.min(b), a.max(b)), same)).collect());
    let label = |pair: &(usize, usize)| match &judged {
        Some(judged) => judged.get(pair).copied(),
        None => Some(set.entities[pair.0] == set.entities[pair.1]),
    };
    let known: Vec<(f64, bool)> =
        pairs.iter().zip(probabilities).filter_map(|(pair, p)| Some((*p, label(pair)?))).collect();
    scoring::training::reliability(&known)
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}
