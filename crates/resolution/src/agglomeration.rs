//! Average linkage inside one component: the best two groups join while the mean between them is enough.

use crate::MISSING_WEIGHT;
use crate::graph::{Graph, Micro, mean, micro};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// The groups of a component, each sorted. The work is of the order of the joins times the neighbours of what
/// is joined; with every record a neighbour of every other, n² log n.
pub(crate) fn agglomerate(graph: &Graph, component: &[usize]) -> Vec<Vec<usize>> {
    if let [alone] = component {
        return vec![vec![*alone]];
    }
    let mut linkage = Linkage::new(graph, component);
    let mut best: BinaryHeap<Join> = BinaryHeap::new();
    for group in linkage.groups.keys() {
        best.extend(linkage.joins(*group, graph.threshold).filter(|join| join.first == *group));
    }
    while let Some(join) = best.pop() {
        if linkage.is_current(&join) {
            linkage.join(join.first, join.second);
            best.extend(linkage.joins(join.first, graph.threshold));
        }
    }
    linkage.groups.into_values().map(|group| group.members).collect()
}

/// Groups by their first member.
#[derive(Debug)]
struct Linkage {
    groups: BTreeMap<usize, Group>,
}

#[derive(Debug, Default)]
struct Group {
    members: Vec<usize>,
    /// Sum and number of the pairs given between it and its neighbours.
    links: BTreeMap<usize, (Micro, usize)>,
    /// Groups that it may not join.
    never: BTreeSet<usize>,
}

/// Two groups that may join; the first has the earlier anchor.
#[derive(Debug)]
struct Join {
    mean: f64,
    first: usize,
    second: usize,
    /// Sizes when the mean was taken: groups only grow, so equal sizes mean the same groups.
    sizes: (usize, usize),
}

impl Linkage {
    fn new(graph: &Graph, component: &[usize]) -> Self {
        let inside = |record: usize| component.binary_search(&record).is_ok();
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        for &record in component {
            let own = graph.must_group[record];
            let group = groups.entry(own).or_default();
            group.members.push(record);
            for (&other, weight) in graph.pairs[record].iter().filter(|(other, _)| inside(**other)) {
                let theirs = graph.must_group[other];
                if theirs != own {
                    let link = group.links.entry(theirs).or_default();
                    *link = (link.0 + weight, link.1 + 1);
                }
            }
            let never = graph.never[record]
                .iter()
                .filter(|other| inside(**other))
                .map(|other| graph.must_group[*other]);
            group.never.extend(never.filter(|theirs| *theirs != own));
        }
        Self { groups }
    }

    /// What the group may join at or over the threshold.
    fn joins(&self, at: usize, threshold: Micro) -> impl Iterator<Item = Join> {
        let group = &self.groups[&at];
        group.links.iter().filter(|(other, _)| !group.never.contains(other)).filter_map(
            move |(&other, &(sum, count))| {
                let sizes = (group.members.len(), self.groups[&other].members.len());
                let pairs = sizes.0 * sizes.1;
                #[expect(clippy::cast_possible_wrap, reason = "pairs of a component of some thousands")]
                let missing = micro(MISSING_WEIGHT) * (pairs - count) as Micro;
                let mean = mean(sum + missing, pairs);
                let (first, second) = (at.min(other), at.max(other));
                let sizes = if first == at { sizes } else { (sizes.1, sizes.0) };
                #[expect(clippy::cast_precision_loss, reason = "a threshold has few digits")]
                let enough = mean >= threshold as f64;
                enough.then_some(Join { mean, first, second, sizes })
            },
        )
    }

    fn is_current(&self, join: &Join) -> bool {
        let size = |at| self.groups.get(at).map_or(0, |group| group.members.len());
        (size(&join.first), size(&join.second)) == join.sizes
    }

    fn join(&mut self, first: usize, second: usize) {
        let Some(absorbed) = self.groups.remove(&second) else { return };
        for (other, (sum, count)) in absorbed.links {
            if let Some(theirs) = self.groups.get_mut(&other) {
                let moved = theirs.links.remove(&second);
                if let (Some((sum, count)), true) = (moved, other != first) {
                    let link = theirs.links.entry(first).or_default();
                    *link = (link.0 + sum, link.1 + count);
                }
            }
            if let (Some(group), true) = (self.groups.get_mut(&first), other != first) {
                let link = group.links.entry(other).or_default();
                *link = (link.0 + sum, link.1 + count);
            }
        }
        for &other in &absorbed.never {
            if let Some(theirs) = self.groups.get_mut(&other) {
                theirs.never.remove(&second);
                theirs.never.insert(first);
            }
        }
        if let Some(group) = self.groups.get_mut(&first) {
            group.never.extend(absorbed.never);
            group.members.extend(absorbed.members);
            group.members.sort_unstable();
        }
    }
}

impl Ord for Join {
    /// The higher mean is greater; of equal ones, the earlier anchors.
    fn cmp(&self, other: &Self) -> Ordering {
        let anchors = (other.first, other.second).cmp(&(self.first, self.second));
        self.mean.total_cmp(&other.mean).then(anchors)
    }
}

impl PartialOrd for Join {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Join {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Join {}
