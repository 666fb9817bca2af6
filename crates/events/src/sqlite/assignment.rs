//! Who of a group gets which partition: even, and with as few moves as evenness allows.

use std::collections::BTreeMap;

/// A partition to be shared out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) partition_id: i64,
    pub(super) topic: String,
    /// The member that has it now.
    pub(super) owner: Option<String>,
}

/// A member and the topics that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscriber {
    pub(super) member: String,
    pub(super) topics: Vec<String>,
}

/// The member that each partition should have; partitions that nobody follows are left out.
///
/// Every member computes this for itself from the same rows, so it depends on nothing else.
pub(super) fn assign(shares: &[Share], members: &[Subscriber]) -> BTreeMap<i64, String> {
    let mut loads: BTreeMap<&str, usize> = members.iter().map(|one| (one.member.as_str(), 0)).collect();
    let mut chosen: BTreeMap<i64, &str> = BTreeMap::new();
    for share in shares {
        let follows = |one: &&Subscriber| one.topics.contains(&share.topic);
        let owner = share.owner.as_deref();
        if let Some(owner) = members.iter().filter(follows).find(|one| Some(one.member.as_str()) == owner) {
            place(&mut chosen, &mut loads, share, &owner.member);
        }
    }
    for share in shares {
        if let Some(least) = least_loaded(share, members, &loads)
            && !chosen.contains_key(&share.partition_id)
        {
            place(&mut chosen, &mut loads, share, least);
        }
    }
    even_out(shares, members, &mut loads, &mut chosen);
    chosen.into_iter().map(|(partition_id, member)| (partition_id, member.to_owned())).collect()
}

/// Moves partitions, the last ones first, until no move would make two members more alike.
fn even_out<'a>(
    shares: &[Share],
    members: &'a [Subscriber],
    loads: &mut BTreeMap<&'a str, usize>,
    chosen: &mut BTreeMap<i64, &'a str>,
) {
    let mut moved = true;
    while moved {
        moved = false;
        for share in shares.iter().rev() {
            let Some(from) = chosen.get(&share.partition_id).copied() else { continue };
            let Some(to) = least_loaded(share, members, loads) else { continue };
            if loads[from] > loads[to] + 1 {
                *loads.entry(from).or_default() -= 1;
                place(chosen, loads, share, to);
                moved = true;
            }
        }
    }
}

fn place<'a>(
    chosen: &mut BTreeMap<i64, &'a str>,
    loads: &mut BTreeMap<&'a str, usize>,
    share: &Share,
    member: &'a str,
) {
    chosen.insert(share.partition_id, member);
    *loads.entry(member).or_default() += 1;
}

fn least_loaded<'a>(
    share: &Share,
    members: &'a [Subscriber],
    loads: &BTreeMap<&str, usize>,
) -> Option<&'a str> {
    let followers = members.iter().filter(|one| one.topics.contains(&share.topic));
    followers.map(|one| one.member.as_str()).min_by_key(|member| (loads[member], *member))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(owners: &[Option<&str>]) -> Vec<Share> {
        let share = |(partition_id, owner): (i64, &Option<&str>)| Share {
            partition_id,
            topic: "t".to_owned(),
            owner: owner.map(str::to_owned),
        };
        (0..).zip(owners).map(share).collect()
    }

    fn members(names: &[&str]) -> Vec<Subscriber> {
        let subscriber =
            |name: &&str| Subscriber { member: (*name).to_owned(), topics: vec!["t".to_owned()] };
        names.iter().map(subscriber).collect()
    }

    fn check(owners: &[Option<&str>], names: &[&str], expected: &[&str]) {
        let assigned = assign(&shares(owners), &members(names));
        assert_eq!(assigned.into_values().collect::<Vec<_>>(), expected, "{owners:?} among {names:?}");
    }

    #[test]
    fn shares_evenly_and_moves_little() {
        check(&[None, None, None, None], &["a", "b"], &["a", "b", "a", "b"]);
        check(&[Some("a"), Some("a"), Some("a"), Some("a")], &["a", "b"], &["a", "a", "b", "b"]);
        check(&[Some("a"), Some("a"), Some("b"), Some("b")], &["a", "b"], &["a", "a", "b", "b"]);
        check(&[Some("gone"), Some("a"), Some("gone"), Some("a")], &["a", "b"], &["b", "a", "b", "a"]);
        check(&[Some("a"), Some("b"), Some("a")], &["b"], &["b", "b", "b"]);
        check(&[None], &["a", "b", "c"], &["a"]);
        check(&[None, None], &[], &[]);
    }

    #[test]
    fn gives_a_topic_only_to_those_who_follow_it() {
        let mut all = shares(&[None, None, None]);
        all[2].topic = "u".to_owned();
        let mut members = members(&["a", "b"]);
        members[1].topics = vec!["u".to_owned()];
        let assigned = assign(&all, &members);
        assert_eq!(assigned.into_values().collect::<Vec<_>>(), ["a", "a", "b"]);
    }

    #[test]
    fn is_where_it_stays() {
        let first = assign(&shares(&[None; 7]), &members(&["a", "b", "c"]));
        let owners: Vec<Option<&str>> = first.values().map(|owner| Some(owner.as_str())).collect();
        assert_eq!(assign(&shares(&owners), &members(&["a", "b", "c"])), first);
    }
}
