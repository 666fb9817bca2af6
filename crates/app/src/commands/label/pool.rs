//! The pairs to ask of: those nearest to the decision, and as many drawn by chance, with the records to show.

use crate::commands::input::{Found, Input, Read};
use crate::commands::labels::Label;
use crate::output;
use anyhow::Context;
use entity::{Record, RecordId};
use pipeline::batch::{Batch, Evidence, Plan};
use scoring::{FeatureVector, Model};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

/// Pairs near the decision that are held; a model that has moved finds its next questions among them.
const NEAR_MAX: usize = 4000;
/// Pairs drawn by chance: at one question of ten, for twenty thousand answers.
const CHANCE_MAX: usize = 2000;

/// Pairs to ask of.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// How many records there are: the prior depends on it.
    pub(super) corpus: u64,
    pub(super) records: Vec<Record>,
    pub(super) pairs: Vec<PoolPair>,
    at: HashMap<(RecordId, RecordId), usize>,
}

/// Two records to compare, by their places in the pool.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PoolPair {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) vector: FeatureVector,
    /// The kinds of blocking keys that they share, such as `phone` and `words`.
    pub(super) blocks: String,
    /// Draws by chance go in the order of this.
    pub(super) lot: u64,
}

/// Where pairs come from, and how they are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) model: &'a Model,
    pub(super) seed: u64,
}

impl Pool {
    /// A pool of these pairs, as far as both records are there.
    pub(super) fn new(
        corpus: u64,
        seed: u64,
        records: Vec<Record>,
        pairs: impl IntoIterator<Item = (RecordId, RecordId)>,
    ) -> Self {
        let places: HashMap<RecordId, usize> =
            records.iter().enumerate().map(|(at, record)| (record.id, at)).collect();
        let features: Vec<_> = records.iter().map(scoring::features).collect();
        let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
        let mut pool = Self { corpus, records, ..Self::default() };
        for (a, b) in pairs {
            let key = (a.min(b), a.max(b));
            let (Some(&left), Some(&right)) = (places.get(&key.0), places.get(&key.1)) else { continue };
            if pool.at.contains_key(&key) {
                continue;
            }
            pool.at.insert(key, pool.pairs.len());
            let vector = scoring::compare(&features[left], &features[right]);
            let blocks = shared_kinds(&keys[left], &keys[right]);
            pool.pairs.push(PoolPair { left, right, vector, blocks, lot: lot(seed, key) });
        }
        pool
    }

    /// Where a pair stands.
    pub(super) fn find(&self, a: RecordId, b: RecordId) -> Option<usize> {
        self.at.get(&(a.min(b), a.max(b))).copied()
    }

    /// Both records of a pair.
    pub(super) fn both(&self, at: usize) -> (&Record, &Record) {
        let pair = &self.pairs[at];
        (&self.records[pair.left], &self.records[pair.right])
    }
}

/// The kinds of the keys that stand in both lists, which are sorted.
fn shared_kinds(left: &[String], right: &[String]) -> String {
    let shared = left.iter().filter(|key| right.binary_search(key).is_ok());
    let kinds: BTreeSet<&str> = shared.map(|key| key.split(':').next().unwrap_or(key)).collect();
    kinds.into_iter().collect::<Vec<_>>().join(", ")
}

/// A number for each pair that nobody can foresee and everybody can draw again.
pub(super) fn lot(seed: u64, (left, right): (RecordId, RecordId)) -> u64 {
    let halves = [left, right].map(|id| id.0.as_u64_pair());
    let parts = halves.iter().flat_map(|(high, low)| [*high, *low]);
    parts.fold(mixed(seed), |state, part| mixed(state ^ part))
}

/// A step of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Keeps the pairs that are asked of, of all that it is shown.
#[derive(Debug, Default)]
pub(super) struct Picked {
    near: Smallest,
    drawn: Smallest,
}

impl Picked {
    /// Shows it a pair and how far its weight is from the decision.
    pub(super) fn see(&mut self, seed: u64, (a, b): (RecordId, RecordId), distance: f64) {
        let pair = (a.min(b), a.max(b));
        // Numbers from zero up are ordered as their bits are.
        self.near.push(NEAR_MAX, (distance.abs().to_bits(), pair));
        self.drawn.push(CHANCE_MAX, (lot(seed, pair), pair));
    }

    /// Those that are asked of, the nearest and the drawn, some of them twice.
    pub(super) fn pairs(mut self) -> impl Iterator<Item = (RecordId, RecordId)> {
        self.near.cut(NEAR_MAX);
        self.drawn.cut(CHANCE_MAX);
        self.near.0.into_iter().chain(self.drawn.0).map(|(_, pair)| pair)
    }
}

/// The smallest of what is pushed, in bounded memory.
#[derive(Debug, Default)]
struct Smallest(Vec<(u64, (RecordId, RecordId))>);

impl Smallest {
    fn push(&mut self, limit: usize, item: (u64, (RecordId, RecordId))) {
        self.0.push(item);
        if self.0.len() >= 2 * limit {
            self.cut(limit);
        }
    }

    fn cut(&mut self, limit: usize) {
        if self.0.len() > limit {
            self.0.select_nth_unstable(limit);
            self.0.truncate(limit);
        }
    }
}

/// The pool of a file. What is labelled already is in it too.
pub(super) fn of_file(file: &Input<'_>, labels: &[Label], source: Source<'_>) -> anyhow::Result<Pool> {
    let Read { batch, blocks, .. } = file.read(source.model)?;
    let plan = Plan { model: source.model, threads: file.threads, evidence: Evidence::Weights };
    let bar = output::bar(batch.len() as u64, "comparing organizations");
    let pairs = batch.pairs(&blocks, &plan, |count| bar.inc(count));
    bar.finish_and_clear();
    let mut picked = Picked::default();
    for at in 0..pairs.len() {
        let pair = batch.pair(&pairs, at);
        let distance = pair.weight - source.model.threshold();
        picked.see(source.seed, (batch.id(pair.a), batch.id(pair.b)), distance);
    }
    let labelled = labelled(&batch, labels, file.path)?;
    let wanted: Vec<_> = labelled.into_iter().chain(picked.pairs()).collect();
    let ids: HashSet<RecordId> = wanted.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let records = file.again(&ids)?.into_values().collect();
    Ok(Pool::new(batch.len() as u64, source.seed, records, wanted))
}

/// The pairs of the labels.
fn labelled(batch: &Batch, labels: &[Label], input: &Path) -> anyhow::Result<Vec<(RecordId, RecordId)>> {
    let found =
        Found::new(batch, labels.iter().flat_map(|label| [label.left.as_str(), label.right.as_str()]));
    let one = |id: &str, line: u64, field: &str| {
        let place = || format!("the labels' line {line}, field {field}");
        let number = found.one(id).with_context(place)?;
        let missing = || format!("{}: {} has no record `{id}`", place(), input.display());
        anyhow::Ok(batch.id(number.with_context(missing)?))
    };
    let pair = |label: &Label| {
        Ok((one(&label.left, label.line, "left_id")?, one(&label.right, label.line, "right_id")?))
    };
    labels.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: usize) -> RecordId {
        RecordId(Uuid::from_u128(number as u128))
    }

    #[test]
    fn the_nearest_and_the_drawn_are_kept_in_bounded_memory() {
        let mut picked = Picked::default();
        let count = 5 * NEAR_MAX;
        for at in 1..count {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let distance = if at % 2 == 0 { at as f64 } else { -(at as f64) };
            picked.see(1, (id(0), id(at)), distance);
            assert!(picked.near.0.len() < 2 * NEAR_MAX && picked.drawn.0.len() < 2 * CHANCE_MAX);
        }
        let pairs: Vec<_> = picked.pairs().collect();
        let near: BTreeSet<_> = pairs[..NEAR_MAX].iter().map(|(_, b)| *b).collect();
        assert_eq!(near, (1..=NEAR_MAX).map(id).collect());
        // Drawn from all over: each fifth of the pairs holds about a fifth of the lots.
        let drawn = &pairs[NEAR_MAX..];
        assert_eq!(drawn.len(), CHANCE_MAX);
        let last_fifth = drawn.iter().filter(|(_, b)| *b >= id(4 * NEAR_MAX)).count();
        assert!((300..500).contains(&last_fifth), "{last_fifth}");
    }
}
