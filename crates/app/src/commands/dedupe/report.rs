//! The report: one page without anything from elsewhere, to be looked at rather than read.

mod drawn;
mod told;

use super::Ran;
use super::input::Input;
use super::previous::Transition;
use super::summary::counts;
use crate::commands::memory;
use entity::{Record, RecordId};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use pipeline::batch::Histogram;
use std::collections::{HashMap, HashSet};

const STYLE: &str = include_str!("report/page.css");
const SCRIPT: &str = include_str!("report/page.js");

/// Thresholds beside the one in use, in log-odds from it.
const STEPS: [f64; 9] = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0];

/// What another threshold would have come to.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Choice {
    threshold: f64,
    /// Kept pairs at or over it.
    pairs: usize,
    clusters: usize,
    duplicates: usize,
    largest: usize,
}

/// The page.
pub(super) fn page(
    ran: &Ran<'_>,
    input: &Input<'_>,
    transitions: Option<&[Transition]>,
) -> anyhow::Result<String> {
    let choices = choices(ran);
    let clusters = told::largest(ran);
    let pairs = told::samples(ran);
    let members = clusters.iter().flat_map(|at| ran.clusters.members(*at).iter().map(|(number, _)| number));
    let paired = pairs.iter().flat_map(|at| {
        let pair = ran.batch.pair(&ran.pairs, *at);
        [pair.a, pair.b]
    });
    let wanted: HashSet<RecordId> = members.chain(paired).map(|number| ran.batch.id(number)).collect();
    let records = input.again(&wanted)?;
    let body = body(ran, &choices, transitions, &Shown { clusters, pairs, records })?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Duplicates in " (input.path.display()) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) script { (PreEscaped(SCRIPT)) } }
        }
    };
    Ok(page.into_string())
}

/// What the page shows one by one.
struct Shown {
    clusters: Vec<usize>,
    pairs: Vec<usize>,
    records: HashMap<RecordId, Record>,
}

fn body(
    ran: &Ran<'_>,
    choices: &[Choice],
    transitions: Option<&[Transition]>,
    shown: &Shown,
) -> anyhow::Result<Markup> {
    let chosen = choices.iter().position(|choice| choice.threshold >= ran.threshold).unwrap_or(0);
    let chosen_choice = &choices[chosen];
    Ok(html! {
        header {
            h1 { "Duplicates" }
            p {
                strong { (grouped(ran.batch.len() as u64)) } " organizations, "
                strong { (grouped(chosen_choice.clusters as u64)) } " clusters with "
                strong { (grouped(chosen_choice.duplicates as u64)) } " of them, "
                strong { (grouped(ran.pairs.compared)) } " pairs compared. Model " (ran.plan.model.version()) "."
                @if let Some(peak) = memory::peak() { " " (memory::shown(peak)) " of memory." }
            }
        }
        main {
            section {
                h2 { "Which threshold" }
                (drawn::histogram(&ran.pairs.histogram, ran.threshold))
                (drawn::slider(choices, chosen))
            }
            @if let Some(transitions) = transitions {
                section {
                    h2 { "Since the run before" }
                    ul.counts { @for (name, count) in counts(transitions) { li { strong { (grouped(count as u64)) } " " (name) } } }
                }
            }
            section {
                h2 { "Sizes" }
                (drawn::sizes(&ran.clusters))
            }
            section {
                h2 { "Largest clusters" }
                @for at in &shown.clusters { (told::cluster(ran, *at, &shown.records)) }
            }
            section {
                h2 { "Pairs, from the surest to the least sure" }
                p.legend { span.for { "speaks for" } " " span.against { "speaks against" } }
                @for (nth, at) in shown.pairs.iter().enumerate() {
                    // One of them open, so that the eye finds what the others hold.
                    @let fold = if nth == 0 { told::Fold::Open } else { told::Fold::Closed };
                    (told::pair(ran, (*at, fold), &shown.records)?)
                }
            }
        }
    })
}

fn choices(ran: &Ran<'_>) -> Vec<Choice> {
    let least = ran.plan.model.pair_weight_min() + ran.pairs.prior;
    let thresholds = STEPS.iter().map(|step| ran.threshold + step).filter(|threshold| *threshold >= least);
    let weights: Vec<f64> = (0..ran.pairs.len()).map(|at| ran.batch.pair(&ran.pairs, at).weight).collect();
    let choice = |threshold: f64| {
        let pairs = weights.iter().filter(|weight| **weight >= threshold).count();
        let constraints = &ran.judgements.constraints;
        let clusters = ran.batch.clusters_at(threshold, &ran.pairs, constraints, &ran.plan);
        let sizes = clusters.iter().map(|members| members.len()).filter(|size| *size > 1);
        let (count, sum, largest) = sizes
            .fold((0, 0, 1), |(count, sum, largest), size: usize| (count + 1, sum + size, largest.max(size)));
        Choice { threshold, pairs, clusters: count, duplicates: sum, largest }
    };
    thresholds.map(choice).collect()
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The log-odds where a step of the histogram begins.
#[expect(clippy::cast_precision_loss, reason = "a hundred steps")]
fn step_start(step: usize) -> f64 {
    Histogram::LEAST + Histogram::STEP * step as f64
}
