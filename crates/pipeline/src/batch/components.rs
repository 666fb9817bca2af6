//! What could come together at all: records joined by must-links and by pairs at or over the threshold.

use super::clusters::Constraints;
use super::pairs::{Kept, Micro};
use super::records::{Batch, OUT};
use entity::CandidatePair;
use resolution::{Component, Node, WeightedPair};
use std::collections::HashSet;

/// Constraints by places, without those of records that are left out.
#[derive(Debug)]
pub(super) struct Links {
    must: Vec<(u32, u32)>,
    never: HashSet<(u32, u32)>,
}

impl Links {
    /// `told_apart` are pairs that a register or an agency tells apart, by their places.
    pub(super) fn new(batch: &Batch, constraints: &Constraints, told_apart: &[(u32, u32)]) -> Self {
        let placed = |pairs: &[(u32, u32)]| -> Vec<(u32, u32)> {
            let placed = pairs.iter().map(|(a, b)| (batch.places[*a as usize], batch.places[*b as usize]));
            let ordered = placed.map(|(a, b)| (a.min(b), a.max(b)));
            ordered.filter(|(a, b)| a != b && *b != OUT).collect()
        };
        let told_apart = told_apart.iter().map(|(a, b)| (*a.min(b), *a.max(b)));
        let never = placed(&constraints.never).into_iter().chain(told_apart).collect();
        Self { must: placed(&constraints.must), never }
    }

    pub(super) fn is_never(&self, a: u32, b: u32) -> bool {
        !self.never.is_empty() && self.never.contains(&(a.min(b), a.max(b)))
    }
}

/// Components of two records or more, with the pairs and links inside each. Records go by their places.
#[derive(Debug)]
pub(super) struct Components {
    members: Grouped<u32>,
    pairs: Grouped<Kept>,
    must: Grouped<(u32, u32)>,
    never: Grouped<(u32, u32)>,
    /// Per place, its component; [`ALONE`] for those in none.
    of: Vec<u32>,
    threshold: f64,
}

const ALONE: u32 = u32::MAX;

impl Components {
    pub(super) fn new(batch: &Batch, kept: &[Kept], links: &Links, threshold: f64) -> Self {
        let records = u32::try_from(batch.len()).expect("places are numbers of 32 bits");
        let (of, count) = joined(records, kept, links, threshold);
        let inside = |a: u32, b: u32| Some(of[a as usize]).filter(|at| *at != ALONE && *at == of[b as usize]);
        let mut never: Vec<(u32, u32)> = links.never.iter().copied().collect();
        never.sort_unstable();
        Self {
            members: Grouped::new(count, 0..records, |place| inside(*place, *place)),
            pairs: Grouped::new(count, kept.iter().copied(), |pair| inside(pair.a, pair.b)),
            must: Grouped::new(count, links.must.iter().copied(), |(a, b)| inside(*a, *b)),
            never: Grouped::new(count, never.into_iter(), |(a, b)| inside(*a, *b)),
            of,
            threshold,
        }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.members.ends.len()
    }

    pub(super) fn members(&self, at: usize) -> &[u32] {
        self.members.get(at)
    }

    /// The records that are in none.
    pub(super) fn alone(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.of).filter(|(_, component)| **component == ALONE).map(|(place, _)| place)
    }

    /// One of them as it is clustered.
    pub(super) fn component(&self, batch: &Batch, at: usize) -> Component {
        let number = |place: u32| batch.order[place as usize];
        let node = |place: &u32| {
            let number = number(*place);
            Node { id: batch.id(number), created_at: batch.created_at(number) }
        };
        let pair = |a: u32, b: u32| CandidatePair::new(batch.id(number(a)), batch.id(number(b)));
        let weighted = |kept: &Kept| {
            Some(WeightedPair { pair: pair(kept.a, kept.b)?, weight: f64::from(kept.weight) / 1e6 })
        };
        let links = |links: &[(u32, u32)]| links.iter().filter_map(|(a, b)| pair(*a, *b)).collect();
        Component {
            records: self.members(at).iter().map(node).collect(),
            pairs: self.pairs.get(at).iter().filter_map(weighted).collect(),
            must_links: links(self.must.get(at)),
            never_links: links(self.never.get(at)),
            threshold: self.threshold,
        }
    }
}

/// Per place, the component, counted from 0 in the order of their first records; and how many there are.
fn joined(records: u32, kept: &[Kept], links: &Links, threshold: f64) -> (Vec<u32>, usize) {
    let mut sets = DisjointSets { parents: (0..records).collect() };
    #[expect(clippy::cast_possible_truncation, reason = "a threshold is some dozens")]
    let threshold = (threshold * 1e6).round() as Micro;
    for pair in kept.iter().filter(|pair| pair.weight >= threshold) {
        sets.join(pair.a, pair.b);
    }
    links.must.iter().for_each(|(a, b)| sets.join(*a, *b));
    let roots: Vec<u32> = (0..records).map(|place| sets.root(place)).collect();
    let mut of = vec![ALONE; roots.len()];
    let mut count = 0;
    // A root is the first of its set: it is numbered when the second is met.
    for (place, root) in (0..).zip(&roots).filter(|(place, root)| place != *root) {
        if of[*root as usize] == ALONE {
            of[*root as usize] = count;
            count += 1;
        }
        of[place as usize] = of[*root as usize];
    }
    (of, count as usize)
}

/// Values by component, in their order within each.
#[derive(Debug)]
struct Grouped<T> {
    values: Vec<T>,
    ends: Vec<u32>,
}

impl<T: Copy> Grouped<T> {
    fn new(groups: usize, values: impl Iterator<Item = T> + Clone, of: impl Fn(&T) -> Option<u32>) -> Self {
        let grouped = values.filter_map(|value| Some((of(&value)? as usize, value)));
        let mut ends = vec![0u32; groups];
        grouped.clone().for_each(|(group, _)| ends[group] += 1);
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut placed: Vec<T> = Vec::with_capacity(start as usize);
        if let Some((_, any)) = grouped.clone().next() {
            placed.resize(start as usize, any);
        }
        for (group, value) in grouped {
            placed[ends[group] as usize] = value;
            ends[group] += 1;
        }
        Self { values: placed, ends }
    }

    fn get(&self, group: usize) -> &[T] {
        let start = group.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[start as usize..self.ends[group] as usize]
    }
}

/// Sets that are joined; the root of a set is its first record.
struct DisjointSets {
    parents: Vec<u32>,
}

impl DisjointSets {
    fn root(&mut self, mut at: u32) -> u32 {
        while self.parents[at as usize] != at {
            self.parents[at as usize] = self.parents[self.parents[at as usize] as usize];
            at = self.parents[at as usize];
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }
}
