//! The members as dots and what joins them as lines: the thicker, the more speaks for it; the bridge marked.

use super::evidence::pair_letters;
use super::look::Look;
use crate::page::percent;
use entity::{PairEvidence, RecordId};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::f64::consts::TAU;

/// Members drawn; a larger cluster is told in words only.
const DRAWN_MAX: usize = 24;
const RADIUS: f64 = 70.0;
const CENTRE: f64 = 95.0;

/// Where a cluster hangs together least.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bridge {
    pub(super) left: RecordId,
    pub(super) right: RecordId,
    /// The members on the side of the first member.
    pub(super) near: BTreeSet<RecordId>,
}

/// Members that a set of pairs holds together with this one.
fn reached<'a>(
    from: RecordId,
    pairs: &(impl Iterator<Item = &'a PairEvidence> + Clone),
) -> BTreeSet<RecordId> {
    let mut seen = BTreeSet::from([from]);
    loop {
        let next: Vec<RecordId> = pairs
            .clone()
            .flat_map(|pair| [(pair.left, pair.right), (pair.right, pair.left)])
            .filter(|(near, far)| seen.contains(near) && !seen.contains(far))
            .map(|(_, far)| far)
            .collect();
        if next.is_empty() {
            return seen;
        }
        seen.extend(next);
    }
}

/// The weakest pair whose loss parts the cluster; without one, the weakest of the strongest tree: what is left when
/// pairs are taken away from the weakest on until the cluster falls apart.
pub(super) fn weakest_bridge(members: &[RecordId], pairs: &[PairEvidence]) -> Option<Bridge> {
    let [first, _, ..] = members else { return None };
    let mut joining: Vec<&PairEvidence> = pairs.iter().filter(|pair| pair.match_weight > 0.0).collect();
    joining.sort_by(|a, b| a.match_weight.total_cmp(&b.match_weight));
    let whole = reached(*first, &joining.iter().copied());
    for at in 0..joining.len() {
        let pair = joining[at];
        let others = joining.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, pair)| *pair);
        let near = reached(*first, &others);
        if near.len() < whole.len() && whole.contains(&pair.left) {
            return Some(Bridge { left: pair.left, right: pair.right, near });
        }
    }
    for at in 0..joining.len() {
        let near = reached(*first, &joining[at + 1..].iter().copied());
        if near.len() < whole.len() {
            return Some(Bridge { left: joining[at].left, right: joining[at].right, near });
        }
    }
    None
}

/// Where members are drawn: on a circle, the first at the top.
fn places(members: &[RecordId]) -> BTreeMap<RecordId, (f64, f64)> {
    let count = f64::from(u32::try_from(members.len()).unwrap_or(1));
    let place = |(number, id): (usize, &RecordId)| {
        let angle = TAU * (f64::from(u32::try_from(number).unwrap_or(0)) / count - 0.25);
        (*id, (CENTRE + RADIUS * angle.cos(), CENTRE + RADIUS * angle.sin()))
    };
    members.iter().enumerate().map(place).collect()
}

pub(super) fn section(look: &Look) -> Markup {
    let cluster = look.cluster();
    let members: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
    let bridge = weakest_bridge(&members, &cluster.pairs);
    let letters = look.letters();
    let name = |id: RecordId| letters.get(&id.0).copied().unwrap_or("?");
    html! {
        section aria-labelledby="graph" {
            h2 #graph { "What holds it together" }
            @if members.len() > 2 && members.len() <= DRAWN_MAX { (picture(look, &members, bridge.as_ref())) }
            ul.plain {
                @if let Some(bridge) = bridge.as_ref().filter(|_| members.len() > 2) { li {
                    b { "The bridge: " } (name(bridge.left)) " and " (name(bridge.right)) ". Without this pair, the cluster falls into "
                    (bridge.near.len()) " and " (members.len() - bridge.near.len()) "."
                } }
                @for said in look.said.iter().filter(|said| keeps_apart(&said.standing, said.verdict)) { li {
                    b { "Never together: " } (letters.get(&said.left).copied().unwrap_or("?")) " and " (letters.get(&said.right).copied().unwrap_or("?"))
                    ", says " (said.judged_by) "."
                } }
                @if let Some(pair) = cluster.pairs.last() {
                    @let (left, right) = pair_letters(pair, &letters);
                    li { "Weakest pair: " a href={ "#pair-" (left) "-" (right) } { (left) " and " (right) } ", " (percent(pair.probability)) "." }
                }
            }
        }
    }
}

fn keeps_apart(standing: &str, verdict: entity::JudgementVerdict) -> bool {
    use entity::JudgementVerdict::{NonMatch, Related};
    standing == "holds" && matches!(verdict, NonMatch | Related)
}

fn picture(look: &Look, members: &[RecordId], bridge: Option<&Bridge>) -> Markup {
    let at = places(members);
    let letters = look.letters();
    let never = look.said.iter().filter(|said| keeps_apart(&said.standing, said.verdict));
    html! {
        svg.graph viewBox="0 0 190 190" role="group" aria-label="Members as dots, pairs as lines; a line leads to its evidence" {
            @for pair in &look.cluster().pairs {
                @let is_bridge = bridge.is_some_and(|bridge| (bridge.left, bridge.right) == (pair.left, pair.right));
                @if let (Some(from), Some(to)) = (at.get(&pair.left), at.get(&pair.right)) {
                    @let (left, right) = pair_letters(pair, &letters);
                    a href={ "#pair-" (left) "-" (right) } aria-label={ (left) " and " (right) ", " (percent(pair.probability)) @if is_bridge { ", the bridge" } } {
                        (line(*from, *to, kind(pair, is_bridge), width(pair.match_weight)))
                    }
                }
            }
            @for said in never {
                @if let (Some(from), Some(to)) = (at.get(&RecordId(said.left)), at.get(&RecordId(said.right))) {
                    (line(*from, *to, "edge never", 1.6))
                }
            }
            @for (id, (x, y)) in &at { g aria-hidden="true" {
                circle.node cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="11" {}
                text.node x=(format!("{x:.1}")) y=(format!("{:.1}", y + 4.0)) text-anchor="middle" { (letter(&letters, *id)) }
            } }
        }
    }
}

fn letter<'a>(letters: &HashMap<uuid::Uuid, &'a str>, id: RecordId) -> &'a str {
    letters.get(&id.0).copied().unwrap_or("?")
}

fn kind(pair: &PairEvidence, is_bridge: bool) -> &'static str {
    match (is_bridge, pair.match_weight < 0.0) {
        (true, _) => "edge bridge",
        (false, true) => "edge weak",
        (false, false) => "edge",
    }
}

/// How thick a line is: with its log-odds.
fn width(weight: f64) -> f64 {
    (0.8 + weight.abs() * 0.35).min(5.0)
}

fn line((x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str, width: f64) -> Markup {
    html! {
        line class=(class) x1=(format!("{x1:.1}")) y1=(format!("{y1:.1}")) x2=(format!("{x2:.1}")) y2=(format!("{y2:.1}"))
            stroke-width=(format!("{width:.1}")) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    fn pair(left: u128, right: u128, match_weight: f64) -> PairEvidence {
        PairEvidence {
            left: id(left),
            right: id(right),
            match_weight,
            probability: 0.5,
            explanation: Vec::new(),
        }
    }

    #[track_caller]
    fn check(members: u128, pairs: &[(u128, u128, f64)], expected: Option<(u128, u128, &[u128])>) {
        let members: Vec<_> = (1..=members).map(id).collect();
        let pairs: Vec<_> = pairs.iter().map(|(left, right, weight)| pair(*left, *right, *weight)).collect();
        let expected = expected.map(|(left, right, near)| Bridge {
            left: id(left),
            right: id(right),
            near: near.iter().copied().map(id).collect(),
        });
        assert_eq!(weakest_bridge(&members, &pairs), expected);
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
