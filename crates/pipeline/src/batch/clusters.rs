//! Clusters: agglomeration inside each component, on all threads.

use super::components::{Components, Links};
use super::pairs::{Kept, Micro, Pairs};
use super::records::Batch;
use super::{Plan, workers};
use chrono::{DateTime, Utc};
use entity::{CandidatePair, RecordId};

/// Components that are clustered in one go.
const COMPONENTS_IN_ONE_GO: usize = 256;

/// What people decided. Records go by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Constraints {
    /// Together, whatever the evidence.
    pub must: Vec<(u32, u32)>,
    /// Never together, unless a must-link forces it.
    pub never: Vec<(u32, u32)>,
}

/// All records in clusters, those alone too, by their anchors' (created, id). Records go by their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    members: Vec<(u32, f64)>,
    ends: Vec<u32>,
    /// Never-links that must-links overruled.
    pub conflicts: Vec<CandidatePair>,
}

/// One cluster's members, the anchor first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Members<'a>(&'a [(u32, f64)]);

impl<'a> Members<'a> {
    /// The members: number, and the probability that it belongs with the rest.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f64)> + Clone + use<'a> {
        self.0.iter().copied()
    }

    /// The record that gives the cluster its id.
    #[must_use]
    pub fn anchor(&self) -> u32 {
        self.0[0].0
    }

    /// How many.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a cluster has a member")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// That all members are one: the least of their probabilities.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.0.iter().map(|(_, probability)| *probability).fold(1.0, f64::min)
    }
}

impl Clusters {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn members(&self, at: usize) -> Members<'_> {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Members(&self.members[start as usize..self.ends[at] as usize])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Members<'_>> + Clone {
        (0..self.len()).map(|at| self.members(at))
    }

    fn push(&mut self, members: impl IntoIterator<Item = (u32, f64)>) {
        self.members.extend(members);
        self.ends.push(u32::try_from(self.members.len()).expect("as many members as records"));
    }
}

impl Batch {
    /// Clusters the records at the model's threshold.
    #[must_use]
    pub fn clusters(&self, pairs: &Pairs, constraints: &Constraints, plan: &Plan<'_>) -> Clusters {
        self.clusters_at(plan.model.threshold(), pairs, constraints, plan)
    }

    /// Clusters the records at any threshold (log-odds, prior included), from the pairs that were kept.
    #[must_use]
    pub fn clusters_at(
        &self,
        threshold: f64,
        pairs: &Pairs,
        constraints: &Constraints,
        plan: &Plan<'_>,
    ) -> Clusters {
        let links = Links::new(self, constraints, &pairs.told_apart);
        let components = Components::new(self, &pairs.kept, &links, threshold);
        let best = best(self.len(), &pairs.kept, &links);
        let mut found = Clusters::default();
        for place in components.alone() {
            found.push([self.alone(place, &best)]);
        }
        let starts = (0..components.len()).step_by(COMPONENTS_IN_ONE_GO);
        let parts = workers::map(plan.threads, starts, |start| {
            let mut part = Clusters::default();
            for at in start..components.len().min(start + COMPONENTS_IN_ONE_GO) {
                self.cluster(&components, at, &best, &mut part);
            }
            part
        });
        for part in &parts {
            part.iter().for_each(|members| found.push(members.iter()));
            found.conflicts.extend_from_slice(&part.conflicts);
        }
        self.sorted(&found)
    }

    fn cluster(&self, components: &Components, at: usize, best: &[Micro], found: &mut Clusters) {
        let places = components.members(at);
        let mut ids: Vec<(RecordId, u32)> =
            places.iter().map(|place| (self.id(self.order[*place as usize]), *place)).collect();
        ids.sort_unstable();
        let place = |id: RecordId| {
            let at = ids.binary_search_by_key(&id, |(id, _)| *id).expect("groups hold what was given");
            ids[at].1
        };
        for group in resolution::cluster(&components.component(self, at)) {
            if let [alone] = group.members.as_slice() {
                // Its pairs with records of other components count too.
                found.push([self.alone(place(alone.record_id), best)]);
            } else {
                let members = group.members.iter();
                let number = |id| self.order[place(id) as usize];
                found.push(members.map(|member| (number(member.record_id), member.probability)));
                found.conflicts.extend(group.conflicts);
            }
        }
    }

    fn alone(&self, place: u32, best: &[Micro]) -> (u32, f64) {
        let best = Some(best[place as usize]).filter(|best| *best != Micro::MIN);
        let probability = resolution::probability_alone(best.map(|weight| f64::from(weight) / 1e6));
        (self.order[place as usize], probability)
    }

    fn sorted(&self, found: &Clusters) -> Clusters {
        let mut order: Vec<(DateTime<Utc>, RecordId, u32)> = (0..)
            .zip(found.iter().map(|members| members.anchor()))
            .map(|(at, anchor)| (self.created_at(anchor), self.id(anchor), at))
            .collect();
        order.sort_unstable();
        let mut sorted = Clusters {
            members: Vec::with_capacity(found.members.len()),
            ends: Vec::with_capacity(found.ends.len()),
            conflicts: found.conflicts.clone(),
        };
        for (_, _, at) in order {
            sorted.push(found.members(at as usize).iter());
        }
        sorted.conflicts.sort_unstable();
        sorted
    }
}

/// Per record, the weight of its best pair that is not ruled out; the least number where there is none.
fn best(records: usize, kept: &[Kept], links: &Links) -> Vec<Micro> {
    let mut best = vec![Micro::MIN; records];
    for pair in kept.iter().filter(|pair| !links.is_never(pair.a, pair.b)) {
        for place in [pair.a, pair.b] {
            let best = &mut best[place as usize];
            *best = pair.weight.max(*best);
        }
    }
    best
}
