//! The input in order: records by (created, id), links by their numbers, weights in whole millionths.

use crate::{Component, Group, GroupMember, MISSING_WEIGHT, Node, WEIGHT_LIMIT, cluster_id};
use entity::{CandidatePair, RecordId};
use std::collections::{BTreeMap, HashMap};

/// Millionths of a log-odd: whole numbers add up to the same in any order.
pub(crate) type Micro = i64;

/// What is clustered; records go by their place in the order.
#[derive(Debug)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    /// Per record, its pairs: the other record and the weight.
    pub(crate) pairs: Vec<BTreeMap<usize, Micro>>,
    /// Per record, the first record that must-links join it to (itself, when none before it).
    pub(crate) must_group: Vec<usize>,
    /// Per record, those that it is never together with.
    pub(crate) never: Vec<Vec<usize>>,
    /// Least mean that joins.
    pub(crate) threshold: Micro,
}

impl Graph {
    pub(crate) fn new(input: &Component) -> Self {
        let mut nodes = input.records.clone();
        nodes.sort_unstable_by_key(|node| (node.created_at, node.id));
        nodes.dedup_by_key(|node| node.id);
        let places: HashMap<RecordId, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
        let place = |pair: &CandidatePair| Some((*places.get(&pair.left())?, *places.get(&pair.right())?));

        let mut pairs = vec![BTreeMap::new(); nodes.len()];
        for given in input.pairs.iter().filter(|given| !given.weight.is_nan()) {
            let Some((a, b)) = place(&given.pair) else { continue };
            // Given twice, the stronger counts, in whichever order they came.
            let weight = micro(given.weight);
            for (from, to) in [(a, b), (b, a)] {
                let entry = pairs[from].entry(to).or_insert(weight);
                *entry = weight.max(*entry);
            }
        }
        let mut must = DisjointSets::new(nodes.len());
        for (a, b) in input.must_links.iter().filter_map(place) {
            must.join(a, b);
        }
        let mut never = vec![Vec::new(); nodes.len()];
        for (a, b) in input.never_links.iter().filter_map(place) {
            never[a].push(b);
            never[b].push(a);
        }
        let must_group = (0..nodes.len()).map(|at| must.root(at)).collect();
        Self { nodes, pairs, must_group, never, threshold: micro(input.threshold) }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The group of these members, which are in order.
    pub(crate) fn group(&self, members: &[usize]) -> Group {
        let mut conflicts = Vec::new();
        for &member in members {
            let inside = self.never[member].iter().filter(|other| members.binary_search(other).is_ok());
            conflicts.extend(
                inside.filter_map(|&other| CandidatePair::new(self.nodes[member].id, self.nodes[other].id)),
            );
        }
        conflicts.sort_unstable();
        conflicts.dedup();
        let members: Vec<GroupMember> = members
            .iter()
            .map(|&member| GroupMember {
                record_id: self.nodes[member].id,
                probability: self.probability(member, members),
            })
            .collect();
        let probability = members.iter().map(|member| member.probability).fold(1.0, f64::min);
        Group { id: cluster_id(members[0].record_id), members, probability, conflicts }
    }

    fn probability(&self, member: usize, members: &[usize]) -> f64 {
        let [_, _, ..] = members else {
            let open = self.pairs[member].iter().filter(|(other, _)| !self.never[member].contains(other));
            return alone(open.map(|(_, weight)| *weight).max());
        };
        let others = members.iter().filter(|&&other| other != member);
        let weight = |&other: &usize| {
            if self.must_group[member] == self.must_group[other] {
                return micro(WEIGHT_LIMIT);
            }
            self.pairs[member].get(&other).copied().unwrap_or(micro(MISSING_WEIGHT))
        };
        logistic(others.map(weight).sum(), members.len() - 1)
    }
}

/// Log-odds as whole millionths, within the limit.
pub(crate) fn micro(weight: f64) -> Micro {
    #[expect(clippy::cast_possible_truncation, reason = "the limit is far below what an i64 holds")]
    let micro = (weight.clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT) * 1e6).round() as Micro;
    micro
}

/// The probability of a record that is alone: one minus its best pair's.
pub(crate) fn alone(best: Option<Micro>) -> f64 {
    best.map_or(1.0, |best| 1.0 - logistic(best, 1))
}

/// The probability of the mean of so many weights.
fn logistic(sum: Micro, count: usize) -> f64 {
    1.0 / (1.0 + (-mean(sum, count) / 1e6).exp())
}

/// The mean of so many weights. Sums stay below 2^53, where whole numbers are exact.
#[expect(clippy::cast_precision_loss, reason = "8 million millionths for each of 10^9 pairs fit in 53 bits")]
pub(crate) fn mean(sum: Micro, count: usize) -> f64 {
    sum as f64 / count as f64
}

/// Sets that are joined; the root of a set is its first record.
#[derive(Debug)]
pub(crate) struct DisjointSets {
    parents: Vec<usize>,
}

impl DisjointSets {
    pub(crate) fn new(len: usize) -> Self {
        Self { parents: (0..len).collect() }
    }

    pub(crate) fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }
}
