//! What holds of any input: order makes no difference, links hold, components are independent.

#![expect(clippy::unwrap_used, reason = "a test's own functions")]

use chrono::DateTime;
use entity::{CandidatePair, RecordId};
use proptest::prelude::*;
use resolution::{COMPONENT_RECORDS_MAX, Component, Group, Node, WeightedPair, cluster, cluster_id};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn id(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

fn node(number: u128, created: i64) -> Node {
    Node { id: id(number), created_at: DateTime::from_timestamp(created, 0).unwrap() }
}

fn pair(a: u128, b: u128) -> CandidatePair {
    CandidatePair::new(id(a), id(b)).unwrap()
}

fn weighted(a: u128, b: u128, weight: f64) -> WeightedPair {
    WeightedPair { pair: pair(a, b), weight }
}

prop_compose! {
    fn component()(size in 1u128..14)(
        created in prop::collection::vec(0i64..4, size as usize),
        pairs in prop::collection::vec((0..size, 0..size, -10.0f64..10.0), 0..40),
        must in prop::collection::vec((0..size, 0..size), 0..4),
        never in prop::collection::vec((0..size, 0..size), 0..6),
    ) -> Component {
        let linked = |links: Vec<(u128, u128)>| links.into_iter().filter_map(|(a, b)| CandidatePair::new(id(a), id(b))).collect();
        Component {
            records: (0u128..).zip(created).map(|(number, created)| node(number, created)).collect(),
            pairs: pairs.into_iter().filter(|(a, b, _)| a != b).map(|(a, b, weight)| weighted(a, b, weight)).collect(),
            must_links: linked(must),
            never_links: linked(never),
            threshold: 0.0,
        }
    }
}

/// Per record, the anchor of its group.
fn anchors(groups: &[Group]) -> BTreeMap<RecordId, RecordId> {
    let members =
        groups.iter().flat_map(|group| group.members.iter().map(|member| (member, group.members[0])));
    members.map(|(member, anchor)| (member.record_id, anchor.record_id)).collect()
}

/// Records that must-links join, by their first.
fn forced(input: &Component) -> BTreeMap<RecordId, RecordId> {
    let only_must = Component { pairs: Vec::new(), never_links: Vec::new(), ..input.clone() };
    anchors(&cluster(&only_must))
}

proptest! {
    #[test]
    fn the_order_of_the_input_makes_no_difference(input in component(), seed in any::<u64>()) {
        let mut shuffled = input.clone();
        let turn = usize::try_from(seed % 13).unwrap();
        shuffled.records.reverse();
        let turn = turn.min(shuffled.pairs.len());
        shuffled.pairs.rotate_left(turn);
        shuffled.pairs.reverse();
        shuffled.must_links.reverse();
        shuffled.never_links.reverse();
        prop_assert_eq!(cluster(&input), cluster(&shuffled));
    }

    #[test]
    fn every_record_is_in_one_group_and_the_anchor_leads(input in component()) {
        let groups = cluster(&input);
        let members: Vec<RecordId> = groups.iter().flat_map(|group| &group.members).map(|member| member.record_id).collect();
        prop_assert_eq!(members.len(), input.records.len());
        prop_assert_eq!(members.iter().collect::<BTreeSet<_>>().len(), input.records.len());
        let created: BTreeMap<_, _> = input.records.iter().map(|node| (node.id, (node.created_at, node.id))).collect();
        for group in &groups {
            prop_assert!(group.members.windows(2).all(|pair| created[&pair[0].record_id] < created[&pair[1].record_id]));
            prop_assert_eq!(group.id, cluster_id(group.members[0].record_id));
            prop_assert!(group.members.iter().all(|member| (0.0..=1.0).contains(&member.probability)));
        }
    }

    #[test]
    fn links_hold_and_conflicts_are_told(input in component()) {
        let groups = cluster(&input);
        let (anchors, forced) = (anchors(&groups), forced(&input));
        for link in &input.must_links {
            prop_assert_eq!(anchors[&link.left()], anchors[&link.right()]);
        }
        let told: BTreeSet<CandidatePair> = groups.iter().flat_map(|group| group.conflicts.clone()).collect();
        for link in &input.never_links {
            let together = anchors[&link.left()] == anchors[&link.right()];
            prop_assert_eq!(together, forced[&link.left()] == forced[&link.right()]);
            prop_assert_eq!(together, told.contains(link));
        }
    }

    #[test]
    fn what_no_link_joins_can_be_clustered_apart(a in component(), b in component()) {
        let shift = |link: &CandidatePair| CandidatePair::new(id(link.left().0.as_u128() + 100), id(link.right().0.as_u128() + 100)).unwrap();
        let b = Component {
            records: b.records.iter().map(|n| Node { id: id(n.id.0.as_u128() + 100), created_at: n.created_at }).collect(),
            pairs: b.pairs.iter().map(|p| WeightedPair { pair: shift(&p.pair), weight: p.weight }).collect(),
            must_links: b.must_links.iter().map(shift).collect(),
            never_links: b.never_links.iter().map(shift).collect(),
            threshold: 0.0,
        };
        let whole = Component {
            records: [a.records.clone(), b.records.clone()].concat(),
            // Evidence against, across the two, joins nothing.
            pairs: [a.pairs.clone(), b.pairs.clone(), vec![weighted(0, 100, -0.5)]].concat(),
            must_links: [a.must_links.clone(), b.must_links.clone()].concat(),
            never_links: [a.never_links.clone(), b.never_links.clone()].concat(),
            threshold: 0.0,
        };
        let apart: BTreeMap<_, _> = [anchors(&cluster(&a)), anchors(&cluster(&b))].into_iter().flatten().collect();
        prop_assert_eq!(anchors(&cluster(&whole)), apart);
    }
}

#[test]
fn a_single_strong_pair_does_not_bridge_two_groups() {
    let mut pairs = Vec::new();
    for group in [0u128, 10] {
        for a in 0..4 {
            pairs.extend((a + 1..4).map(|b| weighted(group + a, group + b, 6.0)));
        }
    }
    pairs.push(weighted(0, 10, 5.0));
    let records = (0..4).chain(10..14).map(|number| node(number, 0)).collect();
    let groups = cluster(&Component { records, pairs, ..Component::default() });
    assert_eq!(groups.iter().map(|group| group.members.len()).collect::<Vec<_>>(), [4, 4]);
}

#[test]
fn a_non_match_keeps_a_third_record_out() {
    let input = Component {
        records: vec![node(1, 3), node(2, 1), node(3, 2)],
        pairs: vec![weighted(1, 2, 8.0), weighted(2, 3, 7.0), weighted(1, 3, 7.5)],
        never_links: vec![pair(1, 3)],
        ..Component::default()
    };
    let groups = cluster(&input);
    let members: Vec<Vec<RecordId>> =
        groups.iter().map(|group| group.members.iter().map(|member| member.record_id).collect()).collect();
    assert_eq!(members, [vec![id(2), id(1)], vec![id(3)]]);
    assert!(groups[0].probability > 0.999 && groups[1].probability < 0.001, "{groups:?}");
}

#[test]
fn a_record_alone_is_as_sure_as_its_best_pair_is_not() {
    let input = Component {
        records: vec![node(1, 0), node(2, 0), node(3, 0)],
        pairs: vec![weighted(1, 2, -1.0)],
        ..Component::default()
    };
    let probabilities: Vec<f64> = cluster(&input).iter().map(|group| group.probability).collect();
    let expected = 1.0 - 1.0 / (1.0 + 1f64.exp());
    assert!((probabilities[0] - expected).abs() < 1e-12 && probabilities[2] >= 1.0, "{probabilities:?}");
}

#[test]
fn an_outsize_component_is_taken_apart_at_its_weakest() {
    // A chain of strong fives, joined by weak pairs, over the bound.
    let count = u128::try_from(COMPONENT_RECORDS_MAX).unwrap() * 2;
    let pairs = (1..count).map(|n| weighted(n - 1, n, if n % 5 == 0 { 0.5 } else { 6.0 })).collect();
    let groups = cluster(&Component {
        records: (0..count).map(|n| node(n, 0)).collect(),
        pairs,
        ..Component::default()
    });
    let largest = groups.iter().map(|group| group.members.len()).max().unwrap();
    assert!(largest <= 5, "{largest}");
}

/// Sizes of the groups, largest first.
fn sizes(groups: &[Group]) -> Vec<usize> {
    let mut sizes: Vec<usize> = groups.iter().map(|group| group.members.len()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

/// The same input with everything in another order.
fn turned(input: &Component) -> Component {
    let mut turned = input.clone();
    turned.records.reverse();
    turned.pairs.rotate_left(input.pairs.len() / 3);
    turned.pairs.reverse();
    turned.must_links.reverse();
    turned.never_links.reverse();
    turned
}

/// Dense groups of six, each joined to the next by so many pairs.
fn chained(groups: u128, bridges: u128) -> Component {
    let mut pairs = Vec::new();
    for group in 0..groups {
        let first = group * 10;
        pairs.extend(
            (0..6)
                .flat_map(|a| (a + 1..6).map(move |b| (a, b)))
                .map(|(a, b)| weighted(first + a, first + b, 5.0)),
        );
        if group + 1 < groups {
            pairs.extend((0..bridges).map(|n| weighted(first + n, first + 10 + n, 4.5)));
        }
    }
    let records = (0..groups).flat_map(|group| (0..6).map(move |n| node(group * 10 + n, 0))).collect();
    Component { records, pairs, ..Component::default() }
}

#[test]
fn a_giant_component_held_by_bridges_is_proposed_split() {
    // Over the bound, and every bridge nearly as strong as what holds the groups themselves together.
    let groups = u128::try_from(COMPONENT_RECORDS_MAX / 6 + 10).unwrap();
    for bridges in 1..=3 {
        let giant = chained(groups, bridges);
        assert!(giant.records.len() > COMPONENT_RECORDS_MAX);
        let found = cluster(&giant);
        let largest = sizes(&found)[0];
        assert!(largest <= 6, "{bridges} bridges: a cluster of {largest}");
        assert_eq!(found, cluster(&turned(&giant)), "{bridges} bridges: order makes no difference");
    }
}

#[test]
fn bridges_below_the_bound_join_no_groups_either() {
    let small = chained(12, 2);
    assert_eq!(sizes(&cluster(&small)), [6; 12]);
}

#[test]
fn one_pair_that_never_is_splits_a_chain_of_strong_ones() {
    // As a register does: two numbers at the ends, and all between like both.
    let mut input = chained(1, 0);
    input.never_links = vec![pair(0, 5)];
    let found = cluster(&input);
    let anchors = anchors(&found);
    assert_ne!(anchors[&id(0)], anchors[&id(5)]);
    assert_eq!(sizes(&found).iter().sum::<usize>(), 6);
    assert_eq!(found, cluster(&turned(&input)));
}

#[test]
fn what_people_verified_stays_whatever_the_evidence_and_takes_its_own_along() {
    let mut input = chained(3, 0);
    for (a, b) in [(0, 10), (0, 20), (10, 20)] {
        input.pairs.push(weighted(a, b, -8.0));
    }
    input.must_links = vec![pair(0, 10)];
    let anchors = anchors(&cluster(&input));
    assert_eq!(anchors[&id(0)], anchors[&id(10)]);
    assert_ne!(anchors[&id(0)], anchors[&id(20)]);
    // Verified against a judgement that says never: kept, and told.
    input.never_links = vec![pair(0, 10)];
    let found = cluster(&input);
    let told: Vec<CandidatePair> = found.iter().flat_map(|group| group.conflicts.clone()).collect();
    assert_eq!(told, [pair(0, 10)]);
    assert_eq!(found, cluster(&turned(&input)));
}

#[test]
fn what_people_verified_is_not_taken_apart_for_its_size() {
    let count = u128::try_from(COMPONENT_RECORDS_MAX).unwrap() + 50;
    let verified = Component {
        records: (0..count).map(|n| node(n, 0)).collect(),
        must_links: (1..count).map(|n| pair(n - 1, n)).collect(),
        pairs: (1..count).map(|n| weighted(0, n, -1.0)).collect(),
        ..Component::default()
    };
    let found = cluster(&verified);
    assert_eq!(found.len(), 1, "must-links hold always");
}
