//! What joins the members of a cluster, pair by pair, and where it hangs together least.

use crate::live::unusable;
use crate::problem::Result;
use crate::review::Room;
use entity::cluster::PAIRS_MAX;
use entity::{Cluster, PairEvidence, RecordId};
use std::collections::{BTreeSet, HashMap};

/// All pairs of a cluster's members.
#[derive(Debug)]
pub(super) struct Joins {
    /// What joins two members, for or against.
    pub(super) all: Vec<Join>,
    /// The evidence that is shown, strongest first, the weakest of all last.
    pub(super) shown: Vec<PairEvidence>,
}

/// A pair of members with its log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Join {
    pub(super) left: RecordId,
    pub(super) right: RecordId,
    pub(super) match_weight: f64,
}

/// Where a cluster hangs together least.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bridge {
    pub(super) left: RecordId,
    pub(super) right: RecordId,
    /// The members on the side of the first member.
    pub(super) near: BTreeSet<RecordId>,
}

impl Joins {
    /// As the cluster tells; of one that tells of its strongest pairs only, the others from the store.
    pub(super) async fn of(room: &Room, cluster: &Cluster) -> Result<Self> {
        let told = |pair: &PairEvidence| Join {
            left: pair.left,
            right: pair.right,
            match_weight: pair.match_weight,
        };
        let mut joins = Self { all: cluster.pairs.iter().map(told).collect(), shown: cluster.pairs.clone() };
        if cluster.pairs.len() < PAIRS_MAX {
            return Ok(joins);
        }
        let members: BTreeSet<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
        let ids: Vec<RecordId> = members.iter().copied().collect();
        let mut pairs = room.store.components(&ids, f64::INFINITY).await?.pairs;
        pairs
            .retain(|scored| members.contains(&scored.pair.left()) && members.contains(&scored.pair.right()));
        let live = room.live.look().await?;
        let prior = live.model.prior(live.records);
        let join = |scored: &entity::ScoredPair| {
            let (left, right) = (scored.pair.left(), scored.pair.right());
            Join { left, right, match_weight: scored.match_weight + prior }
        };
        joins.all = pairs.iter().map(join).collect();
        let Some(weakest) = pairs.iter().min_by(|a, b| a.match_weight.total_cmp(&b.match_weight)) else {
            return Ok(joins);
        };
        let Join { left, right, match_weight } = join(weakest);
        if joins.shown.iter().all(|pair| (pair.left, pair.right) != (left, right)) {
            let explanation = live.model.explain(&weakest.levels, live.records);
            let explanation = explanation.map_err(|error| unusable(&error))?;
            let probability = live.model.probability(match_weight);
            joins.shown.push(PairEvidence { left, right, match_weight, probability, explanation });
        }
        Ok(joins)
    }

    /// The weakest pair whose loss parts the cluster; without one, the weakest of the strongest tree: what is left when
    /// pairs are taken away from the weakest on until the cluster falls apart.
    pub(super) fn weakest_bridge(&self, members: &[RecordId]) -> Option<Bridge> {
        let places: HashMap<RecordId, usize> = members.iter().copied().zip(0..).collect();
        let mut joining: Vec<(usize, usize, &Join)> = self
            .all
            .iter()
            .filter(|join| join.match_weight > 0.0)
            .filter_map(|join| Some((*places.get(&join.left)?, *places.get(&join.right)?, join)))
            .collect();
        joining.sort_by(|(.., a), (.., b)| a.match_weight.total_cmp(&b.match_weight));
        let ends = || joining.iter().map(|(left, right, _)| (*left, *right));
        let whole = Sides::new(members.len(), ends());
        let within = |at: &usize| whole.is_first(joining[*at].0);
        // Only a pair of the strongest tree can be a bridge.
        let tree: Vec<usize> = strongest_tree(members.len(), &joining).into_iter().filter(within).collect();
        let without = |at: usize| {
            Sides::new(members.len(), ends().enumerate().filter(|(n, _)| *n != at).map(|(_, two)| two))
        };
        let bridge = tree
            .iter()
            .find_map(|at| Some((*at, without(*at))).filter(|(_, sides)| sides.first < whole.first));
        let (at, sides) = bridge.or_else(|| {
            let weakest = *tree.first()?;
            Some((weakest, Sides::new(members.len(), ends().skip(weakest + 1))))
        })?;
        let near =
            members.iter().zip(0..).filter(|(_, place)| sides.is_first(*place)).map(|(id, _)| *id).collect();
        Some(Bridge { left: joining[at].2.left, right: joining[at].2.right, near })
    }
}

/// The pairs that hold all together, each as strong as can be, the weakest first; by their places in the list, which is
/// sorted.
fn strongest_tree(members: usize, joining: &[(usize, usize, &Join)]) -> Vec<usize> {
    let mut roots: Vec<usize> = (0..members).collect();
    let joins = |at: &usize| join(&mut roots, joining[*at].0, joining[*at].1);
    let mut tree: Vec<usize> = (0..joining.len()).rev().filter(joins).collect();
    tree.reverse();
    tree
}

/// What pairs hold together with the first member, and what not.
struct Sides {
    roots: Vec<usize>,
    /// Members on the side of the first.
    first: usize,
}

impl Sides {
    fn new(members: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut roots: Vec<usize> = (0..members).collect();
        for (left, right) in pairs {
            join(&mut roots, left, right);
        }
        let roots: Vec<usize> = (0..members).map(|at| root(&mut roots, at)).collect();
        Self { first: roots.iter().filter(|root| **root == 0).count(), roots }
    }

    /// The first of a set is its root.
    fn is_first(&self, member: usize) -> bool {
        self.roots[member] == 0
    }
}

/// Joins the sets of two members; whether they were two.
fn join(roots: &mut [usize], left: usize, right: usize) -> bool {
    let (left, right) = (root(roots, left), root(roots, right));
    roots[left.max(right)] = left.min(right);
    left != right
}

fn root(roots: &mut [usize], mut at: usize) -> usize {
    while roots[at] != at {
        roots[at] = roots[roots[at]];
        at = roots[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    #[track_caller]
    fn check(members: u128, pairs: &[(u128, u128, f64)], expected: Option<(u128, u128, &[u128])>) {
        let members: Vec<_> = (1..=members).map(id).collect();
        let join = |(left, right, match_weight): &(u128, u128, f64)| Join {
            left: id(*left),
            right: id(*right),
            match_weight: *match_weight,
        };
        let joins = Joins { all: pairs.iter().map(join).collect(), shown: Vec::new() };
        let expected = expected.map(|(left, right, near)| Bridge {
            left: id(left),
            right: id(right),
            near: near.iter().copied().map(id).collect(),
        });
        assert_eq!(joins.weakest_bridge(&members), expected);
    }

    #[test]
    fn a_cluster_parts_at_its_weakest_bridge() {
        // Two triangles and a bridge that is not the weakest pair of all.
        let triangles =
            [(1, 2, 5.0), (2, 3, 1.0), (1, 3, 5.0), (3, 4, 2.0), (4, 5, 5.0), (5, 6, 5.0), (4, 6, 5.0)];
        check(6, &triangles, Some((3, 4, &[1, 2, 3])));
        // A chain: each pair is a bridge.
        check(3, &[(1, 2, 4.0), (2, 3, 1.0)], Some((2, 3, &[1, 2])));
        // A ring has no bridge: it falls apart once its two weakest are gone.
        check(3, &[(1, 2, 5.0), (2, 3, 1.0), (1, 3, 2.0)], Some((1, 3, &[1, 2])));
        check(2, &[(1, 2, 1.0)], Some((1, 2, &[1])));
        check(1, &[], None);
        check(2, &[(1, 2, -1.0)], None);
    }
}
