//! Expectation-maximisation of a Fellegi–Sunter mixture over the candidates of some corpora: no labels are seen.

use super::layout::{Layout, Weights};
use crate::comparison::{COMPARISONS, FeatureVector};

const ROUNDS: usize = 60;
/// Pairs added to every level of both sides, so that no level is impossible.
const SMOOTHING: f64 = 2.0;
/// Every corpus counts as many pairs, however large it is.
const PAIRS: f64 = 10_000.0;
/// Comparisons that the mixture takes for independent; the others say much the same again.
const INDEPENDENT: [&str; 10] = [
    "name",
    "name numbers",
    "name initials",
    "phone",
    "domain",
    "mailbox",
    "identifier",
    "street address",
    "unit",
    "distance",
];
/// How much of the start is left in each round: free of it, the search ends at whatever splits the pairs best, such
/// as the town.
const ANCHOR: f64 = 0.35;

/// Log-odds of the levels of independent comparisons and of a match among candidates; 0 for all others.
#[must_use]
pub fn fit_without_labels(layout: &Layout, corpora: &[&[FeatureVector]]) -> Weights {
    let start = start(layout);
    let mut weights = start.clone();
    let mut priors = vec![-1.5; corpora.len()];
    for _ in 0..ROUNDS {
        let mut counts = [vec![SMOOTHING; layout.len()], vec![SMOOTHING; layout.len()]];
        for (corpus, prior) in corpora.iter().zip(&mut priors) {
            *prior = add(layout, &weights, corpus, *prior, &mut counts);
        }
        weights = ratios(layout, &counts, &start);
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of corpora")]
    let prior = priors.iter().sum::<f64>() / priors.len().max(1) as f64;
    weights[layout.prior()] = prior;
    weights
}

fn is_independent(comparison: usize) -> bool {
    INDEPENDENT.contains(&COMPARISONS[comparison].name)
}

/// Adds what a corpus shows of matches and others; its prior, as it then looks.
fn add(
    layout: &Layout,
    weights: &Weights,
    corpus: &[FeatureVector],
    prior: f64,
    counts: &mut [Vec<f64>; 2],
) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "fewer pairs than 2^52")]
    let pairs = corpus.len().max(1) as f64;
    let share = PAIRS / pairs;
    let mut matches = 0.0;
    for vector in corpus {
        let said =
            vector.levels().iter().enumerate().filter(|(at, level)| **level > 0 && is_independent(*at));
        let places: Vec<usize> = said.map(|(at, level)| layout.level(at, usize::from(*level))).collect();
        let weight: f64 = places.iter().map(|at| weights[*at]).sum();
        let probability = 1.0 / (1.0 + (-weight - prior).exp());
        matches += probability;
        for at in places {
            counts[0][at] += share * probability;
            counts[1][at] += share * (1.0 - probability);
        }
    }
    let rate = (matches / pairs).clamp(0.005, 0.6);
    (rate / (1.0 - rate)).ln()
}

/// Where the search begins decides which of its optima it finds: the best levels speak for a match.
fn start(layout: &Layout) -> Weights {
    let mut weights = vec![0.0; layout.len()];
    for (at, comparison) in COMPARISONS.iter().enumerate().filter(|(at, _)| is_independent(*at)) {
        let groups = comparison.group_count() - 1;
        for level in 1..comparison.levels.len() {
            weights[layout.level(at, level)] =
                agreement(comparison.levels[level], comparison.groups[level], groups);
        }
    }
    weights
}

/// From −3 to 3: by its name where that says it, else by its group among those of the comparison, worst first.
fn agreement(level: &str, group: u8, groups: usize) -> f64 {
    const MOST: f64 = 3.0;
    if level == "same" || level.starts_with("same but") || level.starts_with("same, ") {
        return MOST;
    }
    if level.starts_with("different") || level.starts_with("only one") || level.starts_with("nothing") {
        return -MOST;
    }
    let steps = u32::try_from(groups).unwrap_or(u32::MAX).saturating_sub(1).max(1);
    MOST * (2.0 * f64::from(group.saturating_sub(1)) / f64::from(steps) - 1.0)
}

fn ratios(layout: &Layout, counts: &[Vec<f64>; 2], start: &Weights) -> Weights {
    let mut weights = vec![0.0; layout.len()];
    for (at, comparison) in COMPARISONS.iter().enumerate().filter(|(at, _)| is_independent(*at)) {
        let places = || (1..comparison.levels.len()).map(|level| layout.level(at, level));
        let total = |side: usize| places().map(|place| counts[side][place]).sum::<f64>();
        let totals = [total(0), total(1)];
        for place in places() {
            let ratio = (counts[0][place] / totals[0]).ln() - (counts[1][place] / totals[1]).ln();
            weights[place] = (1.0 - ANCHOR) * ratio + ANCHOR * start[place];
        }
    }
    weights
}
