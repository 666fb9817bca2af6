//! The clusters of the run before: their ids stay, and what changed is listed.

use super::Named;
use anyhow::Context;
use chrono::{DateTime, Utc};
use entity::RecordId;
use entity::transition::transitions;
use pipeline::batch::{Batch, Clusters};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
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

/// What became of clusters of two or more, by their names.
pub(super) type Transition = entity::transition::Transition<String>;

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

    /// What became of the clusters, sorted: told by the same rule as in the live loop.
    pub(super) fn transitions(&self, named: &Named<'_>) -> Vec<Transition> {
        let mut gone = self.sizes.clone();
        let mut before: Vec<(u64, usize)> = Vec::with_capacity(self.of.len());
        for (number, at) in &self.of {
            gone[*at] -= 1;
            before.push((u64::from(*number), *at));
        }
        // Records that are gone have no number; each still makes its cluster one larger.
        let numbers = u64::from(u32::MAX) + 1..;
        let gone = gone.into_iter().enumerate().flat_map(|(at, count)| std::iter::repeat_n(at, count));
        before.extend(numbers.zip(gone));
        before.retain(|(_, at)| self.sizes[*at] > 1);
        let several = named.clusters.iter().enumerate().filter(|(_, members)| members.len() > 1);
        let after: Vec<(u64, usize)> = several
            .flat_map(|(at, members)| members.iter().map(move |(number, _)| (u64::from(number), at)))
            .collect();
        let mut transitions: Vec<Transition> = transitions(&before, &after)
            .into_iter()
            .map(|found| {
                let mut names = [
                    found.before.iter().map(|at| self.ids[*at].clone()).collect::<Vec<_>>(),
                    found.after.iter().map(|at| named.name(*at)).collect(),
                ];
                names.iter_mut().for_each(|names| names.sort_unstable());
                let [before, after] = names;
                let (members_before, members_after) = (found.members_before, found.members_after);
                Transition { kind: found.kind, before, after, members_before, members_after }
            })
            .collect();
        transitions.sort_unstable();
        transitions
    }
}
