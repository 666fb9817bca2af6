//! Why: one bar per comparison, for and against; together they are the score.

use super::look::Look;
use crate::page::percent;
use entity::PairEvidence;
use entity::cluster::ExplanationLine;
use maud::{Markup, html};
use std::collections::HashMap;
use uuid::Uuid;

/// Pairs shown at once; the others are a click away.
const OPEN: usize = 3;
/// Half the width of a bar's picture.
const HALF: f64 = 100.0;

pub(super) fn section(look: &Look) -> Markup {
    let pairs = &look.joins.shown;
    let letters = look.letters();
    let lines = pairs.iter().flat_map(|pair| &pair.explanation);
    let most = lines.map(|line| line.weight.abs()).fold(1.0, f64::max);
    let (shown, folded) = pairs.split_at(pairs.len().min(OPEN));
    html! {
        section aria-labelledby="evidence" {
            h2 #evidence { "The evidence" }
            p.hint { "Each bar is one comparison: to the right it speaks for one organization, to the left against. The "
                "bars of a pair sum to its score (log-odds), and the score is its probability." }
            div.pairs {
                @for pair in shown { (card(pair, &letters, most)) }
            }
            @if !folded.is_empty() { details #more-pairs {
                summary { (folded.len()) " more pairs" }
                div.pairs { @for pair in folded { (card(pair, &letters, most)) } }
            } }
        }
    }
}

/// The letters of a pair, in order.
pub(super) fn pair_letters<'a>(pair: &PairEvidence, letters: &HashMap<Uuid, &'a str>) -> (&'a str, &'a str) {
    let letter = |id: Uuid| letters.get(&id).copied().unwrap_or("?");
    let (left, right) = (letter(pair.left.0), letter(pair.right.0));
    if (right.len(), right) < (left.len(), left) { (right, left) } else { (left, right) }
}

fn card(pair: &PairEvidence, letters: &HashMap<Uuid, &str>, most: f64) -> Markup {
    let (left, right) = pair_letters(pair, letters);
    let shown = tenths(pair);
    html! {
        table.evidence id={ "pair-" (left) "-" (right) } tabindex="-1" {
            caption { span.letter { (left) } " and " span.letter { (right) } " " b { (percent(pair.probability)) } }
            thead.unseen { tr { th scope="col" { "Comparison" } th scope="col" { "For or against" } th scope="col" { "Weight" } } }
            tbody { @for (line, tenths) in pair.explanation.iter().zip(&shown.0) { (row(line, *tenths, most)) } }
            tfoot { tr { th scope="row" { "Score" } td { "sum of the bars" } td.n { (signed(shown.1)) } } }
        }
    }
}

/// Weights in tenths, rounded so that what is shown sums to the score that is shown: each down, and those up that lost
/// most, as many as it takes.
fn tenths(pair: &PairEvidence) -> (Vec<i64>, i64) {
    #[expect(clippy::cast_possible_truncation, reason = "log-odds are small numbers")]
    let whole = |weight: f64| weight.round() as i64;
    let exact: Vec<f64> = pair.explanation.iter().map(|line| line.weight * 10.0).collect();
    let mut shown: Vec<i64> = exact.iter().map(|weight| whole(weight.floor())).collect();
    let total = whole(exact.iter().sum());
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| (exact[*b] - exact[*b].floor()).total_cmp(&(exact[*a] - exact[*a].floor())));
    let missing = usize::try_from(total - shown.iter().sum::<i64>()).unwrap_or(0);
    for at in order.into_iter().take(missing) {
        shown[at] += 1;
    }
    (shown, total)
}

fn signed(tenths: i64) -> String {
    let sign = match tenths {
        0 => "",
        1.. => "+",
        _ => "\u{2212}",
    };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

fn row(line: &ExplanationLine, tenths: i64, most: f64) -> Markup {
    let width = line.weight.abs() / most * HALF;
    let start = if line.weight < 0.0 { HALF - width } else { HALF };
    let side = if line.weight < 0.0 { "against" } else { "for" };
    html! {
        tr {
            th scope="row" { (line.comparison) span.level { (line.level) } }
            td.bar {
                span.unseen { (side) }
                svg viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect.(side) x=(format!("{start:.2}")) y="0" width=(format!("{width:.2}")) height="10" {}
                }
            }
            td.n { (signed(tenths)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::RecordId;

    #[track_caller]
    fn check(weights: &[f64], shown: &[&str], total: &str) {
        let line = |weight: &f64| ExplanationLine {
            comparison: "c".to_owned(),
            level: "l".to_owned(),
            weight: *weight,
        };
        let id = |n| RecordId(Uuid::from_u128(n));
        let pair = PairEvidence {
            left: id(1),
            right: id(2),
            match_weight: weights.iter().sum(),
            probability: 0.5,
            explanation: weights.iter().map(line).collect(),
        };
        let (tenths, sum) = tenths(&pair);
        assert_eq!(tenths.iter().sum::<i64>(), sum);
        assert_eq!(tenths.into_iter().map(signed).collect::<Vec<_>>(), shown);
        assert_eq!(signed(sum), total);
    }

    #[test]
    fn what_is_shown_sums_to_the_score_that_is_shown() {
        check(&[8.0, -0.5, -4.0], &["+8.0", "\u{2212}0.5", "\u{2212}4.0"], "+3.5");
        // Each rounded by itself would be 0.3 + 0.3 + 0.3 = 0.9, and the score is 1.0.
        check(&[0.34, 0.34, 0.34], &["+0.4", "+0.3", "+0.3"], "+1.0");
        check(&[-0.04, -0.04, -0.04], &["0.0", "0.0", "\u{2212}0.1"], "\u{2212}0.1");
        check(&[], &[], "0.0");
    }
}
