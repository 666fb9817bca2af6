//! What became of clusters: from one state to another, each cluster that differs stands in exactly one transition.

use crate::id::{self, ClusterId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What happened to a cluster, or to several that share members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransitionKind {
    /// There is one where its members stood alone.
    Born,
    /// It has members that it had not.
    Grew,
    /// It lost members to nobody.
    Shrank,
    /// One became several.
    Split,
    /// Several became one.
    Merged,
    /// Members were exchanged: with others, or with records that stood alone.
    Regrouped,
    /// Its members stand alone, or are gone.
    Retired,
}

impl TransitionKind {
    /// As written on topics and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Born => "born",
            Self::Grew => "grew",
            Self::Shrank => "shrank",
            Self::Split => "split",
            Self::Merged => "merged",
            Self::Regrouped => "regrouped",
            Self::Retired => "retired",
        }
    }
}

/// Why clusters changed; of several causes at once the last of these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransitionCause {
    /// Records came, changed or went, and were scored.
    Scores,
    /// Somebody judged a pair, or withdrew what was judged.
    Judgement,
    /// A merge, or its undo.
    Merge,
    /// Another model became the live one.
    Model,
}

impl TransitionCause {
    /// As written on topics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scores => "scores",
            Self::Judgement => "judgement",
            Self::Merge => "merge",
            Self::Model => "model",
        }
    }
}

/// A transition as it is kept and told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterTransition {
    /// A function of all the rest: told twice, it is the same.
    pub id: Uuid,
    /// What happened.
    pub kind: TransitionKind,
    /// Why.
    pub cause: TransitionCause,
    /// When.
    pub at: DateTime<Utc>,
    /// The clusters before.
    pub before: Vec<ClusterId>,
    /// The clusters after; one that lost or won members keeps its id, as long as it keeps its oldest member.
    pub after: Vec<ClusterId>,
    /// Records in the clusters before.
    pub members_before: u64,
    /// Records in the clusters after.
    pub members_after: u64,
}

impl ClusterTransition {
    /// A transition that was found, with what brought it about.
    #[must_use]
    pub fn new(found: Transition<ClusterId>, cause: TransitionCause, at: DateTime<Utc>) -> Self {
        let Transition { kind, before, after, members_before, members_after } = found;
        let ids = |ids: &[ClusterId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let said =
            format!("{} {} > {} at {}", kind.as_str(), ids(&before), ids(&after), at.timestamp_micros());
        let id = id::derive("resolution", "cluster_transition", &said);
        Self { id, kind, cause, at, before, after, members_before, members_after }
    }
}

/// A transition, with the clusters that it leads from and to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Transition<C> {
    /// What happened.
    pub kind: TransitionKind,
    /// The clusters before.
    pub before: Vec<C>,
    /// The clusters after.
    pub after: Vec<C>,
    /// Records in the clusters before.
    pub members_before: u64,
    /// Records in the clusters after.
    pub members_after: u64,
}

/// The transitions between two states, sorted. A state names each clustered record once, with its cluster; records
/// that stand alone are left out. Clusters with the same members are no transition, whatever they are called.
#[must_use]
pub fn transitions<R: Ord, C: Ord + Clone>(before: &[(R, C)], after: &[(R, C)]) -> Vec<Transition<C>> {
    let (old, new) = (by_cluster(before), by_cluster(after));
    let new_of: BTreeMap<&R, &C> = after.iter().map(|(record, cluster)| (record, cluster)).collect();
    let places: BTreeMap<&C, usize> = new.keys().enumerate().map(|(at, id)| (*id, old.len() + at)).collect();
    let mut sets = Sets::new(old.len() + new.len());
    for (at, members) in old.values().enumerate() {
        for cluster in members.iter().filter_map(|record| new_of.get(record)) {
            sets.join(at, places[cluster]);
        }
    }
    let mut parts: BTreeMap<usize, (Vec<&C>, Vec<&C>)> = BTreeMap::new();
    for (at, id) in old.keys().enumerate() {
        parts.entry(sets.root(at)).or_default().0.push(id);
    }
    for (id, at) in &places {
        parts.entry(sets.root(*at)).or_default().1.push(id);
    }
    let mut found: Vec<_> = parts
        .into_values()
        .filter_map(|(before, after)| {
            let kind = kind(&before, &after, |id| &old[id], |id| &new[id])?;
            let size =
                |ids: &[&C], of: &BTreeMap<&C, Vec<&R>>| ids.iter().map(|id| of[id].len() as u64).sum();
            let (members_before, members_after) = (size(&before, &old), size(&after, &new));
            let owned = |ids: Vec<&C>| ids.into_iter().cloned().collect();
            let (before, after) = (owned(before), owned(after));
            Some(Transition { kind, before, after, members_before, members_after })
        })
        .collect();
    found.sort();
    found
}

fn by_cluster<R: Ord, C: Ord>(state: &[(R, C)]) -> BTreeMap<&C, Vec<&R>> {
    let mut clusters: BTreeMap<&C, Vec<&R>> = BTreeMap::new();
    for (record, cluster) in state {
        clusters.entry(cluster).or_default().push(record);
    }
    clusters.values_mut().for_each(|members| members.sort());
    clusters
}

fn kind<'a, R: Ord + 'a, C>(
    before: &[&C],
    after: &[&C],
    old: impl Fn(&C) -> &'a Vec<&'a R>,
    new: impl Fn(&C) -> &'a Vec<&'a R>,
) -> Option<TransitionKind> {
    Some(match (before, after) {
        ([], _) => TransitionKind::Born,
        (_, []) => TransitionKind::Retired,
        ([one], [other]) => {
            let (was, is) = (old(one), new(other));
            let holds =
                |outer: &[&R], inner: &[&R]| inner.iter().all(|record| outer.binary_search(record).is_ok());
            match (holds(is, was), holds(was, is)) {
                (true, true) => return None,
                (true, false) => TransitionKind::Grew,
                (false, true) => TransitionKind::Shrank,
                (false, false) => TransitionKind::Regrouped,
            }
        }
        ([_], _) => TransitionKind::Split,
        (_, [_]) => TransitionKind::Merged,
        _ => TransitionKind::Regrouped,
    })
}

/// Sets that are joined.
struct Sets {
    parents: Vec<usize>,
}

impl Sets {
    fn new(len: usize) -> Self {
        Self { parents: (0..len).collect() }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &[(u8, &str)], after: &[(u8, &str)]) -> Vec<(TransitionKind, String)> {
        let found = transitions(before, after);
        let told = |t: Transition<&str>| (t.kind, format!("{}>{}", t.before.join("+"), t.after.join("+")));
        found.into_iter().map(told).collect()
    }

    #[test]
    fn each_kind_is_told() {
        use TransitionKind::{Born, Grew, Merged, Regrouped, Retired, Shrank, Split};
        let pair = |id| [(1, id), (2, id)];
        assert_eq!(between(&pair("a"), &pair("b")), [], "a name is no transition");
        assert_eq!(between(&[], &pair("a")), [(Born, ">a".into())]);
        assert_eq!(between(&pair("a"), &[]), [(Retired, "a>".into())]);
        let three = [(1, "a"), (2, "a"), (3, "a")];
        assert_eq!(between(&pair("a"), &three), [(Grew, "a>a".into())]);
        assert_eq!(between(&three, &pair("a")), [(Shrank, "a>a".into())]);
        assert_eq!(between(&pair("a"), &[(2, "a"), (3, "a")]), [(Regrouped, "a>a".into())]);
        let (four, two_pairs) =
            ([(1, "a"), (2, "a"), (3, "a"), (4, "a")], [(1, "a"), (2, "a"), (3, "b"), (4, "b")]);
        assert_eq!(between(&four, &two_pairs), [(Split, "a>a+b".into())]);
        assert_eq!(between(&two_pairs, &four), [(Merged, "a+b>a".into())]);
        let crossed = [(1, "a"), (3, "a"), (2, "b"), (4, "b")];
        assert_eq!(between(&two_pairs, &crossed), [(Regrouped, "a+b>a+b".into())]);
    }

    #[test]
    fn what_stayed_is_left_out() {
        let before = [(1, "a"), (2, "a"), (3, "b"), (4, "b")];
        let after = [(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "b")];
        assert_eq!(between(&before, &after), [(TransitionKind::Grew, "b>b".into())]);
    }
}
