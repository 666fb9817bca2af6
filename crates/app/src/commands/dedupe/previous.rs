//! The clusters of the run before: their ids stay, and what changed is listed.

use super::Named;
use anyhow::Context;
use chrono::{DateTime, Utc};
use entity::RecordId;
use pipeline::batch::{Batch, Clusters};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

/// What the run before said of the records that are there again.
#[derive(Debug, Default)]
pub(super) struct Previous {
    ids: Vec<String>,
    /// How many members each had, those that are gone too.
    sizes: Vec<usize>,
    /// Of records that are there again.
    of: HashMap<u32, usize>,
    /// The record that carries the id on.
    anchors: HashMap<u32, usize>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    cluster_id: String,
}

/// What became of a cluster of two or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    Born,
    Grew,
    Shrank,
    Split,
    Merged,
    Retired,
}

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Transition {
    pub(super) change: Change,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
    pub(super) members_before: usize,
    pub(super) members_after: usize,
}

impl Previous {
    pub(super) fn read(file: &Path, batch: &Batch) -> anyhow::Result<Self> {
        let context = || format!("reading the previous clusters in {}", file.display());
        let mut reader = csv::Reader::from_path(file).with_context(context)?;
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut rows: HashMap<String, usize> = HashMap::new();
        let mut previous = Self::default();
        for row in reader.deserialize() {
            let Row { id, cluster_id } = row.with_context(context)?;
            let at = *known.entry(cluster_id).or_insert_with_key(|cluster_id| {
                previous.ids.push(cluster_id.clone());
                previous.sizes.push(0);
                previous.ids.len() - 1
            });
            previous.sizes[at] += 1;
            rows.insert(id, at);
        }
        let numbers = batch.numbers();
        previous.of =
            numbers.filter_map(|number| Some((number, *rows.get(batch.source_id(number))?))).collect();
        previous.find_anchors(batch);
        Ok(previous)
    }

    /// The member that gave the id if it is there again, else the one with the smallest id.
    fn find_anchors(&mut self, batch: &Batch) {
        let mut best: Vec<Option<(bool, RecordId, u32)>> = vec![None; self.ids.len()];
        for (number, at) in &self.of {
            let id = batch.id(*number);
            let gave = resolution::cluster_id(id).to_string() == self.ids[*at];
            let candidate = (!gave, id, *number);
            if best[*at].is_none_or(|best| candidate < best) {
                best[*at] = Some(candidate);
            }
        }
        let anchors = best.iter().enumerate().filter_map(|(at, best)| Some(((*best)?.2, at)));
        self.anchors = anchors.collect();
    }

    /// Records of the run before count as older, those that carry an id on as the oldest: whatever joins them later
    /// does not rename their cluster.
    pub(super) fn set_ages(&self, batch: &mut Batch) {
        let oldest = DateTime::<Utc>::UNIX_EPOCH;
        let later = oldest + chrono::Duration::seconds(1);
        for number in self.of.keys() {
            let age = if self.anchors.contains_key(number) { oldest } else { later };
            batch.set_created_at(*number, age);
        }
    }

    /// The clusters' names: the ids of the run before where their anchors carry them on, else new ones.
    pub(super) fn names(&self, batch: &Batch, clusters: &Clusters) -> Vec<String> {
        let taken: HashSet<&str> = self.ids.iter().map(String::as_str).collect();
        let named = clusters.iter().map(|members| {
            if let Some(at) = self.anchors.get(&members.anchor()) {
                return self.ids[*at].clone();
            }
            let mut id = resolution::cluster_id(batch.id(members.anchor()));
            while taken.contains(id.to_string().as_str()) {
                id = resolution::cluster_id(RecordId(id.0));
            }
            id.to_string()
        });
        named.collect()
    }

    /// What became of the clusters, sorted.
    pub(super) fn transitions(&self, named: &Named<'_>) -> Vec<Transition> {
        let mut after_of: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.ids.len()];
        let mut before_of: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (at, members) in named.clusters.iter().enumerate() {
            for before in members.iter().filter_map(|(number, _)| self.of.get(&number)) {
                after_of[*before].insert(at);
                before_of.entry(at).or_default().insert(*before);
            }
        }
        let mut transitions = Vec::new();
        let mut add = |change, before: &[usize], after: &[usize]| {
            let members_before = before.iter().map(|at| self.sizes[*at]).sum();
            let members_after = after.iter().map(|at| named.clusters.members(*at).len()).sum();
            let mut names = [
                before.iter().map(|at| self.ids[*at].clone()).collect::<Vec<_>>(),
                after.iter().map(|at| named.name(*at)).collect(),
            ];
            names.iter_mut().for_each(|names| names.sort_unstable());
            let [before, after] = names;
            transitions.push(Transition { change, before, after, members_before, members_after });
        };
        for (before, after) in after_of.iter().enumerate() {
            match after.len() {
                0 if self.sizes[before] > 1 => add(Change::Retired, &[before], &[]),
                2.. => add(Change::Split, &[before], &after.iter().copied().collect::<Vec<_>>()),
                _ => {}
            }
        }
        for (at, members) in named.clusters.iter().enumerate() {
            let before: Vec<usize> = before_of.get(&at).into_iter().flatten().copied().collect();
            match before.as_slice() {
                [] if members.len() > 1 => add(Change::Born, &[], &[at]),
                [one] if after_of[*one].len() == 1 => match members.len().cmp(&self.sizes[*one]) {
                    std::cmp::Ordering::Greater => add(Change::Grew, &[*one], &[at]),
                    std::cmp::Ordering::Less => add(Change::Shrank, &[*one], &[at]),
                    std::cmp::Ordering::Equal => {}
                },
                [_, _, ..] => add(Change::Merged, &before, &[at]),
                _ => {}
            }
        }
        transitions.sort_unstable();
        transitions
    }
}
