//! The members as dots and what joins them as lines: the thicker, the more speaks for it; the bridge marked.

use super::evidence::pair_letters;
use super::joins::Bridge;
use super::look::Look;
use crate::page::percent;
use entity::{PairEvidence, RecordId};
use maud::{Markup, html};
use std::collections::{BTreeMap, HashMap};
use std::f64::consts::TAU;

/// Members drawn; a larger cluster is told in words only.
const DRAWN_MAX: usize = 24;
const RADIUS: f64 = 70.0;
const CENTRE: f64 = 95.0;

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
    let bridge = look.joins.weakest_bridge(&members);
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
                @if let Some(pair) = look.joins.shown.last() {
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
            @for pair in &look.joins.shown {
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
