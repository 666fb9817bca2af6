//! Why: one bar per comparison, for and against; together they are the score.

use super::cluster::Member;
use crate::page::{percent, signed};
use entity::cluster::ExplanationLine;
use entity::{Cluster, PairEvidence, RecordId};
use maud::{Markup, html};
use std::collections::HashMap;

/// Pairs shown at once; the others are a click away.
const OPEN: usize = 3;
/// Half the width of a bar's picture.
const HALF: f64 = 100.0;

pub(super) fn section(cluster: &Cluster, members: &[Member]) -> Markup {
    let letters: HashMap<RecordId, &str> =
        members.iter().map(|member| (member.record_id, member.letter.as_str())).collect();
    let lines = cluster.pairs.iter().flat_map(|pair| &pair.explanation);
    let most = lines.map(|line| line.weight.abs()).fold(1.0, f64::max);
    let (shown, folded) = cluster.pairs.split_at(cluster.pairs.len().min(OPEN));
    html! {
        section aria-labelledby="evidence" {
            h2 #evidence { "The evidence" }
            p.hint { "Each bar is one comparison: to the right it speaks for one organization, to the left against. The "
                "bars of a pair sum to its score (log-odds), and the score is its probability." }
            div.pairs {
                @for pair in shown { (card(pair, &letters, most)) }
            }
            @if !folded.is_empty() { details {
                summary { (folded.len()) " more pairs" }
                div.pairs { @for pair in folded { (card(pair, &letters, most)) } }
            } }
        }
    }
}

fn card(pair: &PairEvidence, letters: &HashMap<RecordId, &str>, most: f64) -> Markup {
    let letter = |id: &RecordId| letters.get(id).copied().unwrap_or("?");
    let (mut left, mut right) = (letter(&pair.left), letter(&pair.right));
    if (right.len(), right) < (left.len(), left) {
        std::mem::swap(&mut left, &mut right);
    }
    html! {
        table.evidence {
            caption { span.letter { (left) } " and " span.letter { (right) } " " b { (percent(pair.probability)) } }
            tbody { @for line in &pair.explanation { (row(line, most)) } }
            tfoot { tr { th scope="row" { "Score" } td { "sum of the bars" } td.n { (signed(pair.match_weight)) } } }
        }
    }
}

fn row(line: &ExplanationLine, most: f64) -> Markup {
    let width = line.weight.abs() / most * HALF;
    let start = if line.weight < 0.0 { HALF - width } else { HALF };
    let side = if line.weight < 0.0 { "against" } else { "for" };
    html! {
        tr {
            th scope="row" { (line.comparison) span.level { (line.level) } }
            td.bar {
                svg viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect.(side) x=(format!("{start:.2}")) y="0" width=(format!("{width:.2}")) height="10" {}
                }
            }
            td.n { (signed(line.weight)) }
        }
    }
}
