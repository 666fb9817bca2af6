//! Why: one bar per thing compared, for and against, its terms a click away; together they are the score.

use super::look::Look;
use crate::page::percent;
use entity::PairEvidence;
use entity::cluster::ExplanationLine;
use maud::{Markup, html};
use scoring::comparison::{Topic, topics};
use std::collections::HashMap;
use uuid::Uuid;

/// Pairs shown at once; the others are a click away.
const OPEN: usize = 3;
/// Half the width of a bar's picture.
const HALF: f64 = 100.0;

pub(super) fn section(look: &Look) -> Markup {
    let pairs = &look.joins.shown;
    let letters = look.letters();
    let parts = pairs.iter().flat_map(|pair| parts(&pair.explanation));
    let most = parts.map(|part| part.weight().abs()).fold(1.0, f64::max);
    let (shown, folded) = pairs.split_at(pairs.len().min(OPEN));
    html! {
        section aria-labelledby="evidence" {
            h2 #evidence { "The evidence" }
            p.hint { "Each bar is about one thing: to the right it speaks for one organization, to the left against. Open one "
                "to see its terms. The bars of a pair sum to its score (log-odds), and the score is its probability." }
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
    let parts = parts(&pair.explanation);
    let weights: Vec<f64> = parts.iter().map(Part::weight).collect();
    let total = whole(weights.iter().sum::<f64>() * 10.0);
    let shown = tenths(&weights, total);
    html! {
        table.evidence id={ "pair-" (left) "-" (right) } tabindex="-1" {
            caption { span.letter { (left) } " and " span.letter { (right) } " " b { (percent(pair.probability)) } }
            thead.unseen { tr { th scope="col" { "What is compared" } th scope="col" { "For or against" } th scope="col" { "Weight" } } }
            tbody { @for (part, tenths) in parts.iter().zip(shown) { (row(part, tenths, most)) } }
            tfoot { tr { th scope="row" { "Score" } td { "sum of the bars" } td.n { (signed(total)) } } }
        }
    }
}

/// All lines about one thing.
pub(super) struct Part<'a> {
    pub(super) about: String,
    /// The strongest first.
    lines: Vec<&'a ExplanationLine>,
}

impl Part<'_> {
    pub(super) fn weight(&self) -> f64 {
        self.lines.iter().map(|line| line.weight).sum()
    }
}

/// The lines by what they are about; what says most comes first, the prior last.
pub(super) fn parts(lines: &[ExplanationLine]) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for line in lines {
        let about = about(&line.comparison);
        match parts.iter_mut().find(|part| part.about == about) {
            Some(part) => part.lines.push(line),
            None => parts.push(Part { about, lines: vec![line] }),
        }
    }
    for part in &mut parts {
        part.lines.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    }
    parts.sort_by(|a, b| {
        let last = |part: &Part<'_>| part.about == PRIOR;
        last(a).cmp(&last(b)).then_with(|| b.weight().abs().total_cmp(&a.weight().abs()))
    });
    parts
}

/// Before anything is compared.
pub(super) const PRIOR: &str = "How rare duplicates are";

fn about(comparison: &str) -> String {
    let word = |topic: &Topic| match topic {
        Topic::Name => "Name",
        Topic::Place => "Place",
        Topic::Contact => "Contacts",
        Topic::Register => "Register",
        Topic::Services => "Services",
        Topic::Chain => "Chain",
    };
    match topics(comparison).as_slice() {
        [] if comparison == "prior" => PRIOR.to_owned(),
        [] => "All together".to_owned(),
        [one] => word(one).to_owned(),
        [one, other, ..] => format!("{} with {}", word(one), word(other).to_lowercase()),
    }
}

fn whole(weight: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "log-odds are small numbers")]
    let whole = weight.round() as i64;
    whole
}

/// Weights in tenths, rounded so that what is shown sums to the total that is shown: each down, and those up that lost
/// most, as many as it takes.
fn tenths(weights: &[f64], total: i64) -> Vec<i64> {
    let exact: Vec<f64> = weights.iter().map(|weight| weight * 10.0).collect();
    let mut shown: Vec<i64> = exact.iter().map(|weight| whole(weight.floor())).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| (exact[*b] - exact[*b].floor()).total_cmp(&(exact[*a] - exact[*a].floor())));
    let missing = usize::try_from(total - shown.iter().sum::<i64>()).unwrap_or(0);
    for at in order.into_iter().take(missing) {
        shown[at] += 1;
    }
    shown
}

fn signed(tenths: i64) -> String {
    let sign = match tenths {
        0 => "",
        1.. => "+",
        _ => "\u{2212}",
    };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

fn row(part: &Part<'_>, sum: i64, most: f64) -> Markup {
    let weight = part.weight();
    let width = (weight.abs() / most).min(1.0) * HALF;
    let start = if weight < 0.0 { HALF - width } else { HALF };
    let side = if weight < 0.0 { "against" } else { "for" };
    html! {
        tr {
            th scope="row" { (terms(part, sum)) }
            td.bar {
                span.unseen { (side) }
                svg viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect.(side) x=(format!("{start:.2}")) y="0" width=(format!("{width:.2}")) height="10" {}
                }
            }
            td.n { (signed(sum)) }
        }
    }
}

/// What it is about and the strongest of its terms; all of them a click away.
fn terms(part: &Part<'_>, sum: i64) -> Markup {
    let said = |line: &ExplanationLine| html! { (line.comparison) ": " (line.level) };
    let weights: Vec<f64> = part.lines.iter().map(|line| line.weight).collect();
    html! {
        @match part.lines.as_slice() {
            [one] => { (part.about) span.level { (said(one)) } },
            lines => details {
                summary { (part.about) @if let Some(first) = lines.first() { span.level { (said(first)) } } }
                ul.terms { @for (line, tenths) in lines.iter().zip(tenths(&weights, sum)) {
                    li { span { (said(line)) } " " span.n { (signed(tenths)) } }
                } }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(weights: &[f64], shown: &[&str], total: &str) {
        let sum = whole(weights.iter().sum::<f64>() * 10.0);
        let tenths = tenths(weights, sum);
        assert_eq!(tenths.iter().sum::<i64>(), sum);
        assert_eq!(tenths.into_iter().map(signed).collect::<Vec<_>>(), shown);
        assert_eq!(signed(sum), total);
    }

    #[test]
    fn lines_are_put_together_by_what_they_are_about() {
        let line = |comparison: &str, weight: f64| ExplanationLine {
            comparison: comparison.to_owned(),
            level: "l".to_owned(),
            weight,
        };
        let lines = [
            line("prior", -9.0),
            line("phone", 2.0),
            line("name", 1.0),
            line("name kind", 1.5),
            line("name and phone", -0.5),
            line("the rest", 0.1),
        ];
        let found: Vec<(String, f64)> =
            parts(&lines).iter().map(|part| (part.about.clone(), part.weight())).collect();
        let expected = [
            ("Name", 2.5),
            ("Contacts", 2.0),
            ("Name with contacts", -0.5),
            ("All together", 0.1),
            (PRIOR, -9.0),
        ];
        assert_eq!(found, expected.map(|(about, weight)| (about.to_owned(), weight)));
        assert_eq!(parts(&lines)[0].lines[0].comparison, "name kind", "the strongest first");
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
