//! Every pair that shares an open block and is not ruled out, compared once.

use super::blocks::{BlockCounts, Blocks};
use super::fetch::fetch;
use super::records::Batch;
use super::reduced::place;
use super::{Evidence, Plan, workers};
use scoring::{FeatureVector, RecordFeatures};
use std::ops::Range;

/// Records whose pairs are compared in one go.
const RECORDS_IN_ONE_GO: usize = 2048;
/// Records whose candidates are found together: memory then brings what they need all at once, not one after the other.
const RECORDS_FOUND_TOGETHER: usize = 32;
/// Decoded features that a thread keeps: a power of two, about what the processor's last cache holds.
const DECODED_MAX: usize = 4096;

/// Millionths of a log-odd.
pub(super) type Micro = i32;

/// A pair that is kept. Records go by their numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredPair {
    /// One record.
    pub a: u32,
    /// The other one.
    pub b: u32,
    /// Log-odds, prior included, to the millionth.
    pub weight: f64,
}

/// How many of the compared pairs have which weight.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Histogram {
    /// Pairs by weight, from [`Self::LEAST`] in steps of [`Self::STEP`]; what lies beyond is in the outer ones.
    pub counts: Vec<u64>,
}

/// The pairs that were compared, and of those the ones that are kept.
#[derive(Debug)]
pub struct Pairs {
    pub(super) kept: Vec<Kept>,
    /// Of the kept ones, those that a register or an agency tells apart.
    pub(super) told_apart: Vec<(u32, u32)>,
    /// Beside the kept ones, when they were asked for.
    levels: Vec<FeatureVector>,
    /// How many were compared.
    pub compared: u64,
    /// Their weights.
    pub histogram: Histogram,
    /// The blocks they came from.
    pub blocks: BlockCounts,
    /// Log-odds before anything is compared, which is in every weight.
    pub prior: f64,
}

/// A kept pair; records go by their places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) weight: Micro,
}

impl Histogram {
    /// Log-odds where the first step begins.
    pub const LEAST: f64 = -30.0;
    /// Log-odds of a step.
    pub const STEP: f64 = 0.5;
    const STEPS: usize = 120;

    fn new() -> Self {
        Self { counts: vec![0; Self::STEPS] }
    }

    fn add(&mut self, weight: f64) {
        let step = ((weight - Self::LEAST) / Self::STEP).clamp(0.0, 119.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 119")]
        let step = step as usize;
        self.counts[step] += 1;
    }
}

impl Batch {
    /// Compares all pairs that share an open block and are not ruled out, each once.
    #[must_use]
    pub fn pairs(&self, blocks: &Blocks, plan: &Plan<'_>, progress: impl Fn(u64) + Sync) -> Pairs {
        let prior = plan.model.prior(self.len() as u64);
        let starts = (0..self.len()).step_by(RECORDS_IN_ONE_GO);
        let new = || Comparer::new(self, blocks, plan, prior);
        let parts = workers::map_with(plan.threads, starts, new, |comparer, start| {
            let end = self.len().min(start + RECORDS_IN_ONE_GO);
            let part = comparer.compare(start..end);
            progress((end - start) as u64);
            part
        });
        let mut pairs = Pairs {
            told_apart: Vec::new(),
            kept: Vec::with_capacity(parts.iter().map(|part| part.kept.len()).sum()),
            levels: Vec::with_capacity(parts.iter().map(|part| part.levels.len()).sum()),
            compared: 0,
            histogram: Histogram::new(),
            blocks: blocks.counts,
            prior,
        };
        let (mut listed, mut elsewhere) = (Vec::new(), Vec::new());
        for part in parts {
            listed.extend(part.listed);
            elsewhere.extend(part.elsewhere);
            pairs.kept.extend_from_slice(&part.kept);
            pairs.told_apart.extend_from_slice(&part.told_apart);
            pairs.levels.extend_from_slice(&part.levels);
            pairs.compared += part.compared;
            for (sum, count) in pairs.histogram.counts.iter_mut().zip(&part.histogram.counts) {
                *sum += count;
            }
        }
        pairs.told_apart.extend(resolution::sites_apart(&listed, &elsewhere));
        pairs
    }

    /// A kept pair by its place among them.
    #[must_use]
    pub fn pair(&self, pairs: &Pairs, at: usize) -> ScoredPair {
        let Kept { a, b, weight } = pairs.kept[at];
        let (a, b) = (self.order[a as usize], self.order[b as usize]);
        ScoredPair { a: a.min(b), b: a.max(b), weight: f64::from(weight) / 1e6 }
    }
}

impl Pairs {
    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The levels of a kept pair, where the plan asked for them.
    #[must_use]
    pub fn levels(&self, at: usize) -> Option<&FeatureVector> {
        self.levels.get(at)
    }

    /// The bytes that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.kept.as_slice()) + size_of_val(self.levels.as_slice())
    }
}

/// Compares records with those before them.
struct Comparer<'a> {
    batch: &'a Batch,
    blocks: &'a Blocks,
    plan: &'a Plan<'a>,
    prior: f64,
    /// By the place's last bits.
    decoded: Vec<(u32, RecordFeatures<'a>)>,
    /// Records and what each is compared with, of those that were found together.
    found: Vec<(u32, u32)>,
}

/// What one go brought.
struct Part {
    kept: Vec<Kept>,
    told_apart: Vec<(u32, u32)>,
    /// Of the kept ones, those of an agency and a site of its list.
    listed: Vec<(u32, u32)>,
    /// Of the kept ones, those at two addresses.
    elsewhere: Vec<(u32, u32)>,
    levels: Vec<FeatureVector>,
    compared: u64,
    histogram: Histogram,
}

impl<'a> Comparer<'a> {
    fn new(batch: &'a Batch, blocks: &'a Blocks, plan: &'a Plan<'a>, prior: f64) -> Self {
        let decoded = vec![(u32::MAX, RecordFeatures::default()); DECODED_MAX];
        Self { batch, blocks, plan, prior, decoded, found: Vec::new() }
    }

    fn compare(&mut self, records: Range<usize>) -> Part {
        let mut part = Part {
            kept: Vec::new(),
            told_apart: Vec::new(),
            listed: Vec::new(),
            elsewhere: Vec::new(),
            levels: Vec::new(),
            compared: 0,
            histogram: Histogram::new(),
        };
        for start in records.clone().step_by(RECORDS_FOUND_TOGETHER) {
            let together = place(start)..place(records.end.min(start + RECORDS_FOUND_TOGETHER));
            self.find(together);
            self.fetch_features();
            let found = std::mem::take(&mut self.found);
            part.compared += found.len() as u64;
            for of_one in found.chunk_by(|(a, _), (b, _)| a == b) {
                self.compare_one(of_one, &mut part);
            }
            self.found = found;
        }
        part
    }

    /// Compares one record with what was found for it.
    fn compare_one(&mut self, found: &[(u32, u32)], part: &mut Part) {
        let record = found[0].0;
        let own = std::mem::take(self.decode(record));
        for (_, other) in found {
            self.compare_two((record, &own), *other, part);
        }
        *self.decode_slot(record) = (record, own);
    }

    fn compare_two(&mut self, (record, own): (u32, &RecordFeatures<'a>), other: u32, part: &mut Part) {
        let levels = scoring::compare(own, self.decode(other));
        let match_weight = match self.plan.model.weigh_if_kept(&levels) {
            Ok(match_weight) => match_weight,
            Err(match_weight) => return part.histogram.add(match_weight + self.prior),
        };
        let weight = match_weight + self.prior;
        part.histogram.add(weight);
        #[expect(clippy::cast_possible_truncation, reason = "weights are some dozens")]
        let micro = (weight * 1e6).round() as Micro;
        part.kept.push(Kept { a: other, b: record, weight: micro });
        part.told_apart.extend(levels.tells_apart().then_some((other, record)));
        part.listed.extend(levels.is_listed_site().then_some((other, record)));
        part.elsewhere.extend(levels.is_elsewhere().then_some((other, record)));
        if self.plan.evidence == Evidence::Levels {
            part.levels.push(levels);
        }
    }

    /// For each of these records those before it that share an open block with it and are not ruled out, each once.
    fn find(&mut self, records: Range<u32>) {
        let (blocks, sketches) = (self.blocks, self.batch.sketches.as_slice());
        self.found.clear();
        let own_blocks = records.clone().flat_map(|record| blocks.of(record));
        fetch(own_blocks.map(|block| blocks.members(*block)[0].to_le_bytes()[0]));
        for record in records {
            let start = self.found.len();
            for block in blocks.of(record) {
                let earlier = blocks.members(*block).iter().take_while(|other| **other < record);
                self.found.extend(earlier.map(|other| (record, *other)));
            }
            self.found[start..].sort_unstable_by_key(|(_, other)| *other);
        }
        self.found.dedup();
        fetch(self.found.iter().map(|(_, other)| sketches[*other as usize].touch()));
        self.found
            .retain(|(record, other)| !sketches[*record as usize].rules_out(&sketches[*other as usize]));
    }

    fn fetch_features(&self) {
        let both = self.found.iter().flat_map(|(record, other)| [*record, *other]);
        let absent = both.filter(|record| self.decoded[slot_of(*record)].0 != *record);
        fetch(absent.map(|record| self.batch.touch_features(record)));
    }

    fn decode_slot(&mut self, record: u32) -> &mut (u32, RecordFeatures<'a>) {
        &mut self.decoded[slot_of(record)]
    }

    fn decode(&mut self, record: u32) -> &mut RecordFeatures<'a> {
        let batch = self.batch;
        let slot = self.decode_slot(record);
        if slot.0 != record {
            slot.0 = record;
            batch.read_features(record, &mut slot.1);
        }
        &mut slot.1
    }
}

fn slot_of(record: u32) -> usize {
    record as usize % DECODED_MAX
}
