//! The link log: what people joined and parted, in order, replayed into the links that hold.
//!
//! Pure. A step that was taken back is simply not among the steps, so whatever stands after an undo is what
//! would stand had the step never been: nothing is reversed, everything is read again.

use entity::{Link, MergeId, RecordId};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Namespace of the ids of merges that a split makes again.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f72_676c_6f6f_7000_8000_5350_4c49_0001);

/// Something that people did to links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The merge or the split.
    pub id: MergeId,
    /// What it does.
    pub act: Act,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A merge: these ids lead to that one from now on.
    Join(Join),
    /// A split: whoever is named in different groups is together no more. It joins nobody who was apart.
    Part(Vec<Vec<RecordId>>),
}

/// Ids that become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The id that stays.
    pub survivor: RecordId,
    /// The ids that go, sorted.
    pub absorbed: Vec<RecordId>,
}

impl Join {
    fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.absorbed.iter().copied().chain([self.survivor])
    }
}

/// What a split made again of a merge that it ended: the part that stays together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remade {
    /// A function of the split and of what is joined, so that the same part always goes by the same id.
    pub id: MergeId,
    /// The split.
    pub split: MergeId,
    /// What is joined.
    pub join: Join,
}

/// What the steps come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The links that hold, by absorbed id: a forest.
    pub links: Vec<Link>,
    /// Merges that a split ended, and which.
    pub ended: BTreeMap<MergeId, MergeId>,
    /// Merges that splits made again; some may be ended by a later split.
    pub remade: Vec<Remade>,
}

/// Replays steps in the order in which they were made. `withdrawn` are merges made again by a split that a person
/// took back by themselves.
#[must_use]
pub fn replay(steps: &[Step], withdrawn: &BTreeSet<MergeId>) -> Replayed {
    let mut standing: Vec<(MergeId, Join)> = Vec::new();
    let mut replayed = Replayed::default();
    for step in steps {
        match &step.act {
            Act::Join(join) => standing.push((step.id, join.clone())),
            Act::Part(groups) => {
                let remade = part(step.id, groups, &mut standing, &mut replayed.ended);
                let stay = remade.iter().filter(|remade| !withdrawn.contains(&remade.id));
                standing.extend(stay.map(|remade| (remade.id, remade.join.clone())));
                replayed.remade.extend(remade);
            }
        }
    }
    let links = Forest::of(&standing).parents.into_iter();
    replayed.links =
        links.map(|(absorbed, (survivor, merge_id))| Link { absorbed, survivor, merge_id }).collect();
    replayed
}

/// Ends the merges that hold ids of different groups together, and gives the joins that keep each group whole.
fn part(
    split: MergeId,
    groups: &[Vec<RecordId>],
    standing: &mut Vec<(MergeId, Join)>,
    ended: &mut BTreeMap<MergeId, MergeId>,
) -> Vec<Remade> {
    let before = Forest::of(standing);
    let places = before.places(groups);
    standing.retain(|(id, join)| {
        let across = join.ids().map(|id| places.get(&id)).collect::<BTreeSet<_>>().len() > 1;
        if across {
            ended.insert(*id, split);
        }
        !across
    });
    let after = Forest::of(standing);
    // Per tree of before and group: the pieces that are left of it.
    let mut pieces: BTreeMap<(RecordId, usize), BTreeSet<RecordId>> = BTreeMap::new();
    for (id, group) in &places {
        pieces.entry((before.root(*id), *group)).or_default().insert(after.root(*id));
    }
    let mut remade = Vec::new();
    for ((root, group), mut absorbed) in pieces {
        // The golden id goes on in the group that holds it; another group goes by the first that it names.
        let first = groups[group].iter().copied().find(|id| before.root(*id) == root);
        let survivor = if places.get(&root) == Some(&group) { root } else { first.unwrap_or(root) };
        let survivor = after.root(survivor);
        absorbed.remove(&survivor);
        if !absorbed.is_empty() {
            let join = Join { survivor, absorbed: absorbed.into_iter().collect() };
            remade.push(Remade { id: remade_id(split, &join), split, join });
        }
    }
    remade
}

fn remade_id(split: MergeId, join: &Join) -> MergeId {
    let ids = [split.0].into_iter().chain([join.survivor.0]).chain(join.absorbed.iter().map(|id| id.0));
    let name: Vec<u8> = ids.flat_map(Uuid::into_bytes).collect();
    MergeId(Uuid::new_v5(&NAMESPACE, &name))
}

/// Links from id to id, and which merge made each.
#[derive(Debug, Default)]
struct Forest {
    parents: BTreeMap<RecordId, (RecordId, MergeId)>,
}

impl Forest {
    /// Invariant: only roots are ever linked, and never to themselves, so there is no cycle.
    fn of(joins: &[(MergeId, Join)]) -> Self {
        let mut forest = Self::default();
        for (id, join) in joins {
            for absorbed in &join.absorbed {
                let (from, to) = (forest.root(*absorbed), forest.root(join.survivor));
                if from != to {
                    forest.parents.insert(from, (to, *id));
                }
            }
        }
        forest
    }

    fn root(&self, id: RecordId) -> RecordId {
        let mut at = id;
        while let Some((parent, _)) = self.parents.get(&at) {
            at = *parent;
        }
        at
    }

    /// The group of each id that shares a tree with a named one. An id that nobody named, such as one whose record is
    /// gone, goes with the first group that it leads to its tree's root, or else with what it leads to.
    fn places(&self, groups: &[Vec<RecordId>]) -> BTreeMap<RecordId, usize> {
        let named: BTreeMap<RecordId, usize> = groups
            .iter()
            .enumerate()
            .flat_map(|(group, ids)| ids.iter().map(move |id| (*id, group)))
            .collect();
        let mut places = named.clone();
        for (id, group) in &named {
            let mut at = *id;
            while let Some((parent, _)) = self.parents.get(&at)
                && !named.contains_key(parent)
            {
                places.entry(*parent).and_modify(|lowest| *lowest = (*lowest).min(*group)).or_insert(*group);
                at = *parent;
            }
        }
        for id in self.parents.keys() {
            let mut path =
                std::iter::successors(Some(*id), |at| self.parents.get(at).map(|(parent, _)| *parent));
            if let Some(group) = path.find_map(|at| places.get(&at).copied()) {
                places.entry(*id).or_insert(group);
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    fn join(step: u128, absorbed: &[u128], survivor: u128) -> Step {
        let join = Join { survivor: id(survivor), absorbed: absorbed.iter().copied().map(id).collect() };
        Step { id: MergeId(Uuid::from_u128(step)), act: Act::Join(join) }
    }

    fn split(step: u128, groups: &[&[u128]]) -> Step {
        let groups = groups.iter().map(|group| group.iter().copied().map(id).collect()).collect();
        Step { id: MergeId(Uuid::from_u128(step)), act: Act::Part(groups) }
    }

    /// The root of each id from 1 on.
    #[track_caller]
    fn check(steps: &[Step], roots: &[u128]) -> Replayed {
        let replayed = replay(steps, &BTreeSet::new());
        let parents =
            replayed.links.iter().map(|link| (link.absorbed, (link.survivor, link.merge_id))).collect();
        let forest = Forest { parents };
        let found: Vec<u128> = (1..=roots.len() as u128).map(|n| forest.root(id(n)).0.as_u128()).collect();
        assert_eq!(found, roots, "{steps:?}");
        replayed
    }

    #[test]
    fn merges_are_links_and_a_step_that_is_left_out_never_was() {
        let (first, second) = (join(100, &[1], 2), join(101, &[2], 3));
        check(&[first.clone(), second.clone()], &[3, 3, 3]);
        check(&[second], &[1, 3, 3]);
        check(&[first], &[2, 2, 3]);
    }

    #[test]
    fn a_split_ends_what_it_parts_and_makes_the_rest_again() {
        let merged = join(100, &[1, 2, 3, 4], 5);
        let steps = [merged, split(101, &[&[5], &[1, 2], &[4, 3]])];
        let replayed = check(&steps, &[1, 1, 4, 4, 5]);
        assert_eq!(replayed.ended.len(), 1);
        let joins: Vec<_> = replayed.remade.iter().map(|remade| remade.join.clone()).collect();
        let joined = |absorbed, survivor| Join { survivor: id(survivor), absorbed: vec![id(absorbed)] };
        assert_eq!(joins, [joined(2, 1), joined(3, 4)]);
        assert_eq!(replayed, replay(&steps, &BTreeSet::new()), "ids of what is made again stay");
    }

    #[test]
    fn a_split_through_merges_of_several_steps_leaves_alone_what_it_does_not_part() {
        let steps = [join(100, &[1], 2), join(101, &[2], 3), join(102, &[4], 5), join(103, &[5], 3)];
        let parted = [&steps[..], &[split(104, &[&[3, 1], &[2], &[4, 5]])]].concat();
        let replayed = check(&parted, &[3, 2, 3, 5, 5]);
        let ended: Vec<u128> = replayed.ended.keys().map(|merge| merge.0.as_u128()).collect();
        assert_eq!(ended, [100, 101, 103], "4 -> 5 stands");
        assert_eq!(replayed.remade.len(), 1);
    }

    #[test]
    fn a_merge_after_a_split_that_is_taken_back_hangs_on_the_whole() {
        let steps = [join(100, &[1], 2), join(101, &[2], 3), join(103, &[2], 4)];
        // 2 was free when it went into 4; without the split it was part of 3.
        check(
            &[steps[0].clone(), steps[1].clone(), split(102, &[&[3], &[2, 1]]), steps[2].clone()],
            &[4, 4, 3, 4],
        );
        check(&steps, &[4, 4, 4, 4]);
        // Undoing 2 -> 3 next leaves 2 where the other merge put it.
        check(&[steps[0].clone(), steps[2].clone()], &[4, 4, 3, 4]);
    }

    #[test]
    fn ids_that_nobody_named_go_with_what_leads_to_them() {
        // 9 and 8 are gone: 1 -> 9 -> 8 <- 2.
        let steps = [join(100, &[1], 9), join(101, &[9, 2], 8)];
        let parted = [&steps[..], &[split(102, &[&[2], &[1]])]].concat();
        let replayed = replay(&parted, &BTreeSet::new());
        let to = |from: u128| {
            replayed.links.iter().find(|link| link.absorbed == id(from)).map(|link| link.survivor)
        };
        assert_eq!((to(1), to(9)), (Some(id(9)), None), "1 goes by 9 again");
        assert_eq!((to(2), to(8)), (Some(id(8)), None), "the golden id stays with the first group");
    }

    #[test]
    fn of_two_splits_either_may_be_left_out() {
        let merged = join(100, &[1, 2, 3], 4);
        let (first, second) = (split(101, &[&[4, 2, 3], &[1]]), split(102, &[&[4, 3], &[2]]));
        check(&[merged.clone(), first.clone(), second.clone()], &[1, 2, 4, 4]);
        check(&[merged.clone(), first], &[1, 4, 4, 4]);
        // 1 was not named by the second: it stays with the golden id.
        check(&[merged, second], &[4, 2, 4, 4]);
    }

    #[test]
    fn what_a_split_made_again_may_be_taken_back_by_itself() {
        let steps = [join(100, &[1, 2], 3), split(101, &[&[3], &[1, 2]])];
        let remade = check(&steps, &[1, 1, 3]).remade[0].id;
        assert!(replay(&steps, &BTreeSet::from([remade])).links.is_empty());
    }
}
